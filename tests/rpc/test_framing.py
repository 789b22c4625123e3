from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_kernel.rpc.framing import NOISE, LineFramer, decode, decode_all, encode

numbers = st.integers(-(2**63), 2**64 - 1)  # as Codex has them
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
messages = st.lists(st.dictionaries(st.text(), json_values, max_size=4), max_size=6)


@given(messages, st.data())
def test_messages_survive_any_chunking(sent: list[dict[str, object]], data: st.DataObject) -> None:
    line_end = data.draw(st.sampled_from([b"\n", b"\r\n", b"\n\n"]))
    stream = b"".join(encode(message) + line_end for message in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    framer = LineFramer()
    frames = [
        frame
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for frame in framer.feed(stream[start:end])
    ]
    assert [json.loads(frame) for frame in frames] == sent
    assert framer.close() == []


def test_byte_by_byte_is_the_same_as_at_once() -> None:
    stream = 'a\r\n\n{"é":1}\nlast'.encode()
    framer = LineFramer()
    frames = [frame for index in range(len(stream)) for frame in framer.feed(stream[index:][:1])]
    assert frames == LineFramer().feed(stream) == [b"a", '{"é":1}'.encode()]
    assert framer.close() == [b"last"]
    assert framer.close() == []


def test_a_carriage_return_within_a_line_stays() -> None:
    assert LineFramer().feed(b"a\rb\r\n\r\n") == [b"a\rb"]


def test_a_very_long_line_in_small_chunks_takes_no_quadratic_time() -> None:
    # Joining at every chunk would copy 500 GB here, which the time limit of a test forbids.
    chunk = b"x" * 4096
    framer = LineFramer()
    for _ in range(16_384):
        assert framer.feed(chunk) == []
    (line,) = framer.feed(b"\n")
    assert len(line) == 16_384 * 4096


def test_a_frame_is_one_line_of_utf8() -> None:
    assert encode({"text": "a\nb\u2028é"}) == '{"text":"a\\nb\u2028é"}'.encode()


def test_surrogates_are_joined_or_replaced() -> None:
    assert json.loads(encode({"text": "\ud83d\ude00 \ud83d."})) == {"text": "😀 \ufffd."}


def test_what_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode({"x": float("nan")})


@given(json_values)
def test_a_frame_is_decoded_as_json_is(value: object) -> None:
    frame = f" {json.dumps(value)} ".encode()
    assert decode(frame) == json.loads(frame)


def test_half_a_character_costs_no_message() -> None:
    assert decode(rb'{"text":"\ud83d."}') == {"text": "\ud83d."}
    assert decode(b'"\xed\xa0\xbd"') == "\ud83d"


@pytest.mark.parametrize("frame", [b"", b"x", b"1 2", b'{"a":1}{', b"\xff"])
def test_what_is_no_json_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of JSON or of UTF-8, whichever it is
        decode(frame)


@given(st.lists(json_values))
def test_many_frames_are_decoded_as_each_is(values: list[object]) -> None:
    frames = [json.dumps(value).encode() for value in values]
    assert decode_all(frames) == [json.loads(frame) for frame in frames]


@pytest.mark.parametrize(
    "noise", [b"x", b"1,2", b"1],[2", b'{"a":1},{"b":2}', b"\xff", b"[" * 10_000]
)
def test_noise_among_frames_is_told_apart(noise: bytes) -> None:
    frames = [b'{"a":1}', noise, rb'{"text":"\ud83d."}']
    assert decode_all(frames) == [{"a": 1}, NOISE, {"text": "\ud83d."}]
