"""The widget that shows a turn live in frontends without our extension.

The one place that knows anywidget, which is imported with the first widget. Its state has the
whole transcript, read when a frontend asks for it; what happens after that is sent as events. The
script that draws it is sent to a frontend that does draw it, once (`loader.js`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from codex_kernel.turn.events import Event

VIEW_MIME = "application/vnd.jupyter.widget-view+json"
_STATIC = Path(__file__).parent / "static"
_SCRIPT, _STYLE = _STATIC / "widget.js", _STATIC / "widget.css"
_LOADER = Path(__file__).parent / "loader.js"


def is_built() -> bool:
    """Whether the widget's script is there; a checkout has it after a build."""
    return _SCRIPT.is_file()


def load() -> None:
    """Import what the first widget needs, which takes a while; on any thread."""
    _model()


class TurnWidget:
    """One widget, which shows and acts."""

    def __init__(
        self,
        read: Callable[[], dict[str, Any]],
        take: Callable[[dict[str, Any]], None],
        *,
        is_heard_aside: bool,
    ) -> None:
        """`read`: the transcript as it is; `take`: hears what the frontend sends.

        The kernel's main thread calls `take`; with `is_heard_aside` the thread that reads the
        messages does, because the main one runs a cell and would hear them only after it.
        """
        self._model = _model()(read, is_acting=True)
        if is_heard_aside:
            _hear_aside(self._model.comm, take)
        else:
            self._model.on_msg(lambda _, content, buffers: take(content))

    def view(self) -> dict[str, Any]:
        """The MIME type that puts the widget into an output."""
        return {
            VIEW_MIME: {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self._model.model_id,
            }
        }

    def send_script(self) -> None:
        """Tell how to draw it."""
        self._model.send({"kind": "script", "script": _read(_SCRIPT), "style": _read(_STYLE)})

    def send_events(self, events: Sequence[Event]) -> None:
        """Tell what happened."""
        self._model.send({"kind": "events", "events": list(events)})

    def send_whole(self, transcript: dict[str, Any]) -> None:
        """Tell everything, to a view that missed something."""
        self._model.send({"kind": "whole", "transcript": transcript})

    def answer(self, number: int, outcome: dict[str, Any]) -> None:
        """Answer what was asked under this number."""
        self._model.send({"kind": "answer", "id": number, "outcome": outcome})

    def close(self) -> None:
        """Take the widget away; the output should show something else by now."""
        self._model.close()


def _hear_aside(comm: Any, take: Callable[[dict[str, Any]], None]) -> None:
    """Hear a comm of ipykernel where it asks, for every message, to which subshell that goes."""
    route = comm._reply_subshell_for

    def heard(data: Any, subshell_id: str | None) -> str | None:
        content = data.get("content") if isinstance(data, dict) else None
        if isinstance(content, dict) and data.get("method") == "custom":
            take(content)
        return route(data, subshell_id)

    comm._reply_subshell_for = heard


@cache
def _read(path: Path) -> str:
    return path.read_text("utf-8")


@cache
def _shared(kind: type) -> Any:
    """The one of all widgets: each would keep one of its own open after its end."""
    return kind()


@cache
def _model() -> Any:
    import hashlib

    import traitlets
    from anywidget import AnyWidget
    from ipywidgets import Layout

    parts = (_read(_SCRIPT) + _read(_STYLE)).encode()

    class TurnModel(AnyWidget):
        _esm = traitlets.Unicode(_read(_LOADER)).tag(sync=True)
        _anywidget_id = traitlets.Unicode(f"{__name__}.TurnModel").tag(sync=True)
        script_id = traitlets.Unicode(hashlib.sha256(parts).hexdigest()).tag(sync=True)
        transcript = traitlets.Dict().tag(sync=True, to_json=lambda _, model: model.read())
        is_acting = traitlets.Bool().tag(sync=True)

        def __init__(self, read: Callable[[], dict[str, Any]], **traits: Any) -> None:
            self.read = read
            layout = _shared(Layout)
            layout.open()  # again, where a user closed all widgets
            super().__init__(layout=layout, **traits)

        def add_traits(self, **traits: Any) -> None:
            """Those of AnyWidget, which stand above: it would make a class for each widget."""

    return TurnModel
