"""What a turn costs the page that shows it, beside the same text by JupyterLab's own outputs.

The real chain: scripted model, Codex, kernel, turn log, Jupyter server, JupyterLab, Chromium.

The main thread's time is that of a processor, from the run of a cell to its end: what JupyterLab
does for every cell is in all of it, and the beginning and the end of a turn are in ours. Opening
a notebook is timed by the clock. Most of what finished turns add to it is the Jupyter server's,
which takes every output apart to check its signature: it grows with their items. There are turns
as an agent's mostly are, and turns that have every kind of item there is.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from benchmarks.latency import emitted, tee
from benchmarks.page import KERNEL, STREAM, LabPage, Used, lab_page
from benchmarks.place import new_place
from benchmarks.table import Row
from codex_kernel.render.bundle import mime_bundle
from codex_kernel.settings import ViewSettings

DELTA = 5
"""Characters."""
SIZES = ((2_000, 1_000.0), (20_000, 5_000.0))
"""Deltas, and characters per second."""
ROUNDS = 3
LATENCY_TURNS, WARM_TURNS = 20, 2
FINISHED = 300
OPENINGS = 5
MOSTLY = {"reasoning": 1, "command": 4, "file_change": 1, "message": 2}
"""What an agent's turn mostly has: it thinks, looks around, changes a file, tests it, says so."""
SENTENCE = "The quick brown fox jumps over the lazy dog and looks back once more. "
STREAMED = """
import time
text = open('{file}').read()
for at in range(0, len(text), {step}):
    print(text[at:at + {step}], end='', flush=True)
    time.sleep(0.05)
"""
AS_HTML = """
import html, time
from IPython.display import HTML, display
text = open('{file}').read()
shown = display(HTML(''), display_id=True)
for at in range({step}, len(text) + {step}, {step}):
    shown.update(HTML('<p>' + html.escape(text[:at]).replace('\\n\\n', '</p><p>') + '</p>'))
    time.sleep(0.05)
"""
EXTENSION_NAME = "codex-kernel-labextension"
EXTENSION = Path(__file__).parent.parent / "codex_kernel" / "labextension" / "static"


def browser_rows(*, quick: bool) -> list[Row]:
    """Streaming, the first delta, opening a long notebook, the size of the code."""
    rows: list[Row] = []
    for deltas, pace in SIZES[:1] if quick else SIZES:
        rows += _streaming(deltas, pace, rounds=1 if quick else ROUNDS)
    rows.append(_first_delta(5 if quick else LATENCY_TURNS))
    rows += _opening(1 if quick else OPENINGS)
    return rows


def prose(characters: int) -> str:
    """Paragraphs of this many characters together."""
    paragraph = SENTENCE * 6 + "\n\n"
    return (paragraph * (characters // len(paragraph) + 1))[:characters]


def _streaming(deltas: int, pace: float, rounds: int) -> list[Row]:
    """One text in three ways."""
    text = prose(deltas * DELTA)
    script = {"long turn": [[["say", text, {"chunk": DELTA}]]]}
    codex: list[Used] = []
    others: dict[str, list[Used]] = {"stream": [], "html": []}
    with new_place(scripts=script, pace=pace) as place, lab_page(place) as page:
        (place.workspace / "text.txt").write_text(text, encoding="utf-8")
        words = {"file": "text.txt", "step": int(pace / 20)}
        for _ in range(rounds):
            codex.append(_run(page, "codex", "long turn"))
            others["stream"].append(_run(page, "python3", STREAMED.format(**words)))
            others["html"].append(_run(page, "python3", AS_HTML.format(**words)))
    seconds = [each.main_seconds for each in codex]
    longest = [max(each.long_tasks, default=0) for each in codex]
    name = f"page, {deltas:,} deltas"
    size = len(text.encode())
    return [
        Row(
            f"{name}: bytes of the turn's socket / text",
            "",
            [each.sent[STREAM] / size for each in codex],
            target=2.0,
            target_of="value",
            details={
                "inflated": [each.received[STREAM] / size for each in codex],
                "kernel's socket": [each.sent[KERNEL] / size for each in codex],
            },
        ),
        *(
            Row(
                f"{name}: main thread, beside {way}",
                "s",
                seconds,
                [each.main_seconds for each in used],
                target=0.5,
            )
            for way, used in others.items()
        ),
        Row(f"{name}: longest task", "ms", longest, target=100.0, target_of="value"),
    ]


def _run(page: LabPage, kernel: str, source: str) -> Used:
    """What running one cell used."""
    page.write("run.ipynb", _document(kernel, nbformat.v4.new_code_cell(source)))
    page.open_notebook("run.ipynb")
    page.page.wait_for_timeout(2_000)
    before = page.used()
    page.run_cell()
    after = page.used()
    page.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    return Used(
        after.main_seconds - before.main_seconds,
        after.long_tasks[len(before.long_tasks) :],
        {kind: after.received[kind] - before.received[kind] for kind in after.received},
        {kind: after.sent[kind] - before.sent[kind] for kind in after.sent},
    )


def _first_delta(turns: int) -> Row:
    """From Codex's own stamp of the first delta until the page has painted it."""
    steps = [["pause", 0.4], ["say", "Painted"], ["pause", 0.4], ["say", "."]]
    source = f"Say @@ {json.dumps([steps])}"
    document = _document("codex", nbformat.v4.new_code_cell(source))
    painted: list[float] = []
    with new_place() as place, lab_page(place, CODEX_BIN=str(tee(place))) as page:
        page.write("first.ipynb", document)
        page.open_notebook("first.ipynb")
        for _ in range(turns + WARM_TURNS):
            page.page.evaluate(_WATCH)
            page.run_cell()
            painted.append(page.page.evaluate("() => window.painted"))
        came = emitted(place)
    delays = [(at - then) * 1e3 for at, then in zip(painted, came, strict=True)][WARM_TURNS:]
    return Row(
        f"page, first delta until painted (p50 of {turns})",
        "ms",
        delays,
        target=120.0,
        target_of="value",
        details={"slowest": max(delays)},
    )


# A frame that is asked for in a frame begins when the one before was painted.
_WATCH = """() => {
    const cell = window.jupyterapp.shell.currentWidget.content.widgets[0];
    cell.model.clearExecution();
    window.painted = undefined;
    const look = () => {
        if (cell.node.querySelector('.jp-OutputArea')?.textContent.includes('Painted')) {
            requestAnimationFrame(() => {
                window.painted = (performance.timeOrigin + performance.now()) / 1e3;
            });
        } else {
            requestAnimationFrame(look);
        }
    };
    requestAnimationFrame(look);
}"""


def _opening(rounds: int) -> list[Row]:
    """Notebooks of finished turns beside one whose outputs are plain text."""
    outputs = {
        "of 8 items": _finished(MOSTLY),
        "of every kind of item": _finished(),
        "plain": {"text/plain": _finished()["text/plain"]},
    }
    milliseconds: dict[str, list[float]] = {name: [] for name in outputs}
    with new_place() as place, lab_page(place) as page:
        for name, output in outputs.items():
            page.write(f"{name}.ipynb", _notebook(output))
        for name in (*outputs, *list(outputs) * rounds):
            page.open_lab()
            page.page.wait_for_timeout(1_000)
            milliseconds[name].append(page.page.evaluate(_OPEN, f"{name}.ipynb"))
        page.open_notebook("of 8 items.ipynb")
        loaded: list[str] = page.page.evaluate(
            "() => performance.getEntriesByType('resource').map(each => each.name)"
        )
    plain = milliseconds.pop("plain")[1:]
    return [
        *(
            Row(
                f"page, opening {FINISHED} finished turns {name}: more than plain outputs",
                "ms",
                [one - other for one, other in zip(turns[1:], plain, strict=True)],
                target=500.0,
                target_of="value",
                details={"turns": turns[1:], "plain": plain},
            )
            for name, turns in milliseconds.items()
        ),
        Row(
            "page, code at the first turn", "KB gz", [_size(loaded)], target=150, target_of="value"
        ),
    ]


_OPEN = """async name => {
    const { commands } = window.jupyterapp;
    const began = performance.now();
    const panel = await commands.execute('docmanager:open', {path: name});
    await panel.context.ready;
    await panel.revealed;
    const isThere = () => panel.node.querySelector('.jp-OutputArea-output *');
    while (!isThere()) {
        await new Promise(requestAnimationFrame);
    }
    await new Promise(requestAnimationFrame);
    await new Promise(resolve => setTimeout(resolve, 0));
    return performance.now() - began;
}"""


def _finished(kinds: Mapping[str, int] | None = None) -> dict[str, Any]:
    """The output of a turn with a bit of everything, or with so many items of these kinds."""
    file = (
        Path(__file__).parent.parent / "tests" / "render" / "golden" / "everything.transcript.json"
    )
    data = json.loads(file.read_text(encoding="utf-8"))
    items = [item for item in data["items"] if item["type"] != "image"]
    if kinds is not None:
        of_kind = {
            kind: [it for it in items if it["type"] == kind][:n] for kind, n in kinds.items()
        }
        items = [item for some in of_kind.values() for item in some]
        data |= {"approvals": [], "inputs": [], "steers": [], "warnings": [], "again": False}
    data["items"] = items
    return mime_bundle(data, ViewSettings(), final=True)


def _notebook(output: dict[str, Any]) -> Any:
    cells = [
        nbformat.v4.new_code_cell(
            "Fix it", outputs=[nbformat.v4.new_output("display_data", output)], execution_count=at
        )
        for at in range(1, FINISHED + 1)
    ]
    return _document("codex", *cells)


def _document(kernel: str, *cells: Any) -> Any:
    spec = {"name": kernel, "display_name": kernel, "language": kernel}
    return nbformat.v4.new_notebook(metadata={"kernelspec": spec}, cells=list(cells))


def _size(loaded: list[str]) -> float:
    """What the page loaded of the labextension, as a server that compresses would send it."""
    names = {Path(name.partition("?")[0]).name for name in loaded if EXTENSION_NAME in name}
    names |= {file.name for file in EXTENSION.glob("remoteEntry.*.js")}
    files = [EXTENSION / name for name in names if (EXTENSION / name).is_file()]
    return sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000
