"""Start the kernel: `python -m codex_kernel.kernel -f CONNECTION_FILE`."""

from codex_kernel.kernel.app import main

if __name__ == "__main__":
    main()
