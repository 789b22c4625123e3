"""A `codex` that writes down what the real one says; it runs as a program of its own.

Arguments: the real binary, the file, then Codex's own. Only stdout passes through here, in the
pieces in which it comes; stdin and stderr are the real binary's own. So a message comes at most
a copy later than without, and what is measured through it is never too small.
"""

from __future__ import annotations

import os
import subprocess
import sys


def main(codex: str, file: str, *arguments: str) -> int:
    """Run Codex to its end; returns its exit status."""
    process = subprocess.Popen([codex, *arguments], stdout=subprocess.PIPE)
    assert process.stdout is not None
    source = process.stdout.fileno()
    with open(file, "ab", buffering=0) as record:
        while piece := os.read(source, 1 << 16):
            left = memoryview(piece)
            while left:
                left = left[os.write(1, left) :]
            record.write(piece)
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
