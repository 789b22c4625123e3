"""Terminal output: what stands on the screen in the end, in colours that can be read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_kernel.render import terminal

from .page import Page

PIECES = [
    "ab", "é", "<b>", "&", "\t", "\n", "\r\n", "\r", "\x08", "\x00", "\x1b", "\x1b[", "\u202e",
    "\x1b[31m", "\x1b[1;97;41m", "\x1b[7m", "\x1b[38;5;200m", "\x1b[48;2;1;2;3m", "\x9b1m",
    "\x1b[0m", "\x1b[m", "\x1b[K", "\x1b[2D", "\x1b[3G", "\x1b[?25l", "\x1b(B", "\x1bPq#\x1b\\",
    "\x1b]0;title\x07", "\x1b]8;;https://x\x1b\\y\x1b]8;;\x1b\\", "\x1b]never ends",
]  # fmt: skip
output = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n", "plain\n"),
        (" 10%\r 50%\r100%\n", "100%\n"),
        ("long line\rshort\n", "shortline\n"),
        ("long line\r\x1b[Kshort\n", "short\n"),
        ("windows\r\nlines\r\n", "windows\nlines\n"),
        ("tyo\x08po\n", "typo\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;a title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]never ends\nnext", "\nnext"),
        ("\x1bPsixel\nmore\x1b\\after", "after"),
        ("bell\x07 and nul\x00", "bell and nul"),
        ("\x1b[2J\x1b[H\x1b[?25lhome", "home"),
        ("ab\x1b[3Cc", "ab   c"),
        ("cut\x1b[3", "cut"),
    ],
)
def test_strip_shows_what_stands_on_the_screen(text: str, shown: str) -> None:
    assert terminal.strip(text) == shown


@pytest.mark.parametrize(
    ("text", "css"),
    [
        ("\x1b[1mx", "font-weight:bold"),
        ("\x1b[2mx", "opacity:.7"),
        ("\x1b[3mx", "font-style:italic"),
        ("\x1b[4mx", "text-decoration:underline"),
        ("\x1b[4:3mx", "text-decoration:underline"),
        ("\x1b[9mx", "text-decoration:line-through"),
        ("\x1b[31mx", "color:#d43f3a"),
        ("\x1b[91mx", "color:#e04a45"),
        ("\x1b[41mx", "color:#ffffff;background:#c50f1f"),
        ("\x1b[30;43mx", "color:#282828;background:#8c5f00"),
        ("\x1b[48;2;10;20;30mx", "color:#ffffff;background:#0a141e"),
        ("\x1b[48:2::250:240:230mx", "color:#000000;background:#faf0e6"),
        ("\x1b[38;5;196;1mx", "font-weight:bold"),
        ("\x1b[7mx", "color:#ffffff;background:#6e6e6e"),
    ],
)
def test_colours_become_inline_styles(text: str, css: str) -> None:
    assert css in terminal.to_html(text)


@pytest.mark.parametrize("text", ["\x1b[37mx", "\x1b[97mx", "\x1b[31;39mx", "\x1b[31m\x1b[mx"])
def test_the_pages_own_colour_needs_no_style(text: str) -> None:
    assert terminal.to_html(text) == "x"


def _lightness(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("code", [*range(30, 37), *range(90, 97), *range(16, 256)])
def test_every_colour_of_text_is_legible_on_white_and_on_black(code: int) -> None:
    sequence = f"\x1b[{code}m" if code in (*range(30, 37), *range(90, 97)) else ""
    for text in {sequence or f"\x1b[38;5;{code}m", f"\x1b[38;5;{code}m"}:
        found = re.search(r"color:(#\w{6})", terminal.to_html(text + "x"))
        assert found
        lightness = _lightness(found[1])
        assert 1.05 / (lightness + 0.05) >= 3
        assert (lightness + 0.05) / 0.05 >= 3


@settings(max_examples=300, deadline=None)
@given(output)
def test_any_output_is_plain_spans_and_says_what_strip_says(text: str) -> None:
    page = Page(terminal.to_html(text))
    assert set(page.tags) <= {"span"}
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", page.text)
    if not re.search("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text):
        assert page.text == terminal.strip(text)


@settings(max_examples=300, deadline=None)
@given(output)
def test_settling_changes_nothing_that_is_seen(text: str) -> None:
    settled = terminal.settle(text)
    assert terminal.to_html(settled) == terminal.to_html(text)
    assert terminal.settle(settled) == settled


@settings(max_examples=300, deadline=None)
@given(output)
def test_recoloured_text_holds_no_control_but_colours(text: str) -> None:
    rest = re.sub(r"\x1b\[[\d;]*m", "", terminal.recoloured(text))
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", rest)


def test_a_cursor_cannot_be_sent_far_away() -> None:
    text = "\x1b[99999Cx\x1b[99999Cy"
    assert len(terminal.strip(text)) < 50_000


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rm -rf /\u202e", "rm -rf /⟨U+202E⟩"),
        ("a\x1b[8mb\x07", "a␛[8mb␇"),
        ("a\x7f\x85", "a␡⟨U+0085⟩"),
        ("\ufeffa\u200b\u2066", "⟨U+FEFF⟩a⟨U+200B⟩⟨U+2066⟩"),
        ("a\tb\nc é 😀 עברית", "a\tb\nc é 😀 עברית"),
        ("a\rb", "a␍b"),
    ],
)
def test_visible_spells_out_what_could_hide(text: str, shown: str) -> None:
    assert terminal.visible(text) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\x90" * 300_000, ""),
        ("\r" * 300_000 + "a\n", "a\n"),
        ("\x1b[2Cb" + "\r" * 300_000 + "a", "a b"),
        ("\x1b[" + "38;" * 300_000 + "ma", "a"),
        ("\x1b[99999Gx\n" * 1_000, (" " * 1_000 + "x\n") * 1_000),
    ],
    ids=["strings", "returns", "returns in a line that moves", "colours", "columns"],
)
def test_no_output_takes_long_or_much_memory(written: str, shown: str) -> None:
    assert terminal.strip(written) == shown
    assert terminal.strip(terminal.settle(written)) == shown
