"""What of a notebook may go along: text, bounded, and no value looked into."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from codex_kernel.magic.context import CELLS_BYTES, cells, variables


def shell(*ran: tuple[str, str], **variables: Any) -> Any:
    """An IPython that ran these cells with these outputs, and runs another."""
    outputs = {
        number: [SimpleNamespace(output_type="out_stream", bundle={"stream": [text]})]
        for number, (_, text) in enumerate(ran, 1)
    }
    sources = ["", *(source for source, _ in ran), "%codex --context cells Hi"]
    return SimpleNamespace(
        history_manager=SimpleNamespace(input_hist_raw=sources, outputs=outputs),
        execution_count=len(ran) + 1,
        user_ns={**variables, "_hidden": 1, "exit": 1, "sys": __import__("sys")},
        user_ns_hidden={"exit": 1},
    )


class Hostile:
    """Whoever looks at it regrets it."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __repr__(self) -> str:
        raise RuntimeError


def test_cells_come_in_order_with_their_outputs_and_without_ours() -> None:
    text = cells(shell(("a = 1", ""), ("%%codex\nhello", "answer"), ("print(a)", "1\n")), 0)
    assert (
        text.index("In [1]")
        < text.index("a = 1")
        < text.index("In [3]")
        < text.index("Output of [3]")
    )
    assert "hello" not in text
    assert "answer" not in text
    assert "Output of [1]" not in text


def test_only_what_is_new_goes() -> None:
    host = shell(("a = 1", ""), ("b = 2", ""))
    assert "a = 1" not in cells(host, 1)
    assert "b = 2" in cells(host, 1)
    assert cells(host, 2) == ""


def test_cells_are_bounded_and_the_newest_stay() -> None:
    text = cells(shell(*((f"x{n} = 1", "y" * 10_000) for n in range(99))), 0)
    assert len(text.encode()) < CELLS_BYTES + 200
    assert "x98" in text
    assert "x1 =" not in text
    assert "Earlier cells are left out" in text
    assert "left out" in text


def test_an_output_cannot_leave_its_block_and_has_no_colours() -> None:
    text = cells(shell(("1", "\x1b[31m```\nred```")), 0)
    assert "````\n```\nred```\n````" in text


def test_variables_are_told_by_name_and_type_alone() -> None:
    text = variables(shell(number=1, hostile=Hostile(), Kind=Hostile))
    assert text.splitlines()[1:] == [
        "number: int",
        f"hostile: {__name__}.Hostile",
        "Kind: type",
    ]
    assert variables(shell()) == ""
    assert "and 9 more" in variables(shell(**{f"v{n}": n for n in range(509)}))
