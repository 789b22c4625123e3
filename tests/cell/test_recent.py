"""The newest part of long texts."""

from __future__ import annotations

from codex_kernel.cell.recent import NEWEST_CHARACTERS, WHOLE_CHARACTERS, newest, recent


def test_a_short_text_is_drawn_whole():
    text = "word\n" * (WHOLE_CHARACTERS // 5)
    assert newest(text) == text


def test_of_a_long_text_the_last_lines_are_drawn_and_what_is_missing_is_counted():
    text = "".join(f"line {number}\n" for number in range(1000))
    head, _, rest = newest(text).partition("\n\n")
    assert text.endswith(rest)
    assert rest.startswith("line ")
    assert len(rest) <= NEWEST_CHARACTERS
    assert head == f"… {len(text) - len(rest):,} characters above"


def test_a_text_of_one_line_is_cut_inside_of_it():
    assert newest("x" * 5_000).endswith("above\n\n" + "x" * NEWEST_CHARACTERS)


def test_a_cut_inside_a_block_of_code_opens_it_again():
    inside = "```python\n" + "x = 1\n" * 1000
    assert newest(inside).partition("\n\n")[2].startswith("```\nx = 1\n")
    after = inside + "```\n" + "word\n" * 1000
    assert newest(after).partition("\n\n")[2].startswith("word\n")


def test_only_texts_are_cut_and_the_transcript_stays_as_it_is():
    long = "word\n" * 1000
    items = [
        {"type": "message", "text": long},
        {"type": "reasoning", "summary": ["short", long], "content": []},
        {"type": "command", "command": "true", "output": long},
        {"type": "mcp_tool_call", "content": [{"type": "text", "text": long}]},
    ]
    data = {"state": "running", "items": items}
    message, reasoning, command, call = recent(data)["items"]
    assert message["text"] == newest(long)
    assert reasoning["summary"] == ["short", newest(long)]
    assert (command, call) == (items[2], items[3])
    assert data == {"state": "running", "items": items}
    assert items[0]["text"] == long
