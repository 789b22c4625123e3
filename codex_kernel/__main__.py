"""`python -m codex_kernel` is `jupyter codex`."""

from codex_kernel.cli.app import main

if __name__ == "__main__":
    main()
