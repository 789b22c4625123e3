"""How long the kernel takes to be there, and a prompt that comes at once to be answered."""

from __future__ import annotations

import time

from benchmarks.bare import BareReader
from benchmarks.kernel import start_kernel
from benchmarks.place import new_place
from benchmarks.table import Row

ROUNDS = 9
START_TARGET = 1.2
PROMPT = 'Say @@ [[["words", 10], ["pause", 0.3], ["words", 10]]]'


def start_rows(*, quick: bool) -> list[Row]:
    """Against ipykernel's own kernel, and against the bare reader from its birth."""
    rounds = 2 if quick else ROUNDS
    ours, plain, cold, warm, bare = [], [], [], [], []
    our_cpu, plain_cpu = [], []
    with new_place() as place:
        for _ in range(rounds + 1):
            with start_kernel(place, spec="python3") as kernel:
                plain.append(kernel.start_seconds * 1e3)
                plain_cpu.append(kernel.start_cpu_seconds * 1e3)
            with start_kernel(place) as kernel:
                ours.append(kernel.start_seconds * 1e3)
                our_cpu.append(kernel.start_cpu_seconds * 1e3)
                for samples in (cold, warm):
                    cell = kernel.run(PROMPT)
                    samples.append((cell.first_text() - cell.sent) * 1e3)
            began = time.perf_counter()
            with BareReader(place) as reader:
                thread = reader.new_thread()
                before = time.perf_counter() - began
                bare.append((before + reader.turn(thread, PROMPT)["first"]) * 1e3)
    # The first round fills the caches of the disk.
    return [
        Row("kernel start, against ipykernel", "ms", ours[1:], plain[1:], START_TARGET),
        Row("CPU of the kernel's start, against ipykernel", "ms", our_cpu[1:], plain_cpu[1:]),
        Row("cold prompt to first text, against bare from spawn", "ms", cold[1:], bare[1:]),
        Row("second prompt to first text", "ms", warm[1:]),
    ]
