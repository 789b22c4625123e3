"""The kernel's application: ipykernel's, with our kernel class and our configuration."""

from __future__ import annotations

from ipykernel.kernelapp import IPKernelApp

from codex_kernel.config import load_config
from codex_kernel.kernel.kernel import CodexKernel


class CodexKernelApp(IPKernelApp):
    """Reads `jupyter_codex_config` besides what the command line says."""

    name = "codex-kernel"
    outstream_class = None
    """What libraries print goes where the kernel was started: cells show turns. With ipykernel's
    streams every cell would wait 2 ms at its end for the thread that sends what was printed."""

    def load_config_file(self, *args: object, **kwargs: object) -> None:
        """Our configuration files; the command line, read before, stays stronger."""
        config = load_config()
        config.merge(self.cli_config)
        self.update_config(config)

    def start(self) -> None:
        """Serve until the kernel is shut down, and until the control thread has said the last word.

        ipykernel leaves that thread alone: what it sends with may be closed under it at the exit,
        and then libzmq aborts the process.
        """
        super().start()
        thread = self.control_thread
        if thread is not None:
            thread.stop()
            thread.join()


def main() -> None:
    """Run the kernel until it is shut down."""
    CodexKernelApp.launch_instance(kernel_class=CodexKernel)
