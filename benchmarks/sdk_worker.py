"""The official Python SDK as a worker (see `worker`); runs in an environment of its own.

Imports nothing of this project. Its arguments: the binary, the working folder.
"""

from __future__ import annotations

import json
import sys
import time

from openai_codex import Codex, CodexConfig  # pyright: ignore[reportMissingImports]


def main(codex_bin: str, cwd: str) -> None:
    """Answer every prompt on stdin with the figures of its turn, on a fresh but warm thread."""
    with Codex(CodexConfig(codex_bin=codex_bin, cwd=cwd)) as codex:
        print("ready", flush=True)
        for line in sys.stdin:
            order = json.loads(line)
            thread = codex.thread_start(cwd=cwd)
            thread.run(order["warm"])
            time.sleep(order["settle"])
            cpu, began, deltas = time.process_time(), time.perf_counter(), 0
            for event in thread.turn(order["prompt"]).stream():
                deltas += event.method == "item/agentMessage/delta"
            wall, cpu = time.perf_counter() - began, time.process_time() - cpu
            print(json.dumps({"wall": wall, "cpu": cpu, "deltas": deltas}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
