"""The codec: round trips, known bytes, and that damage never passes for a frame."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ohmbench.link import codec
from ohmbench.link.codec import (
    MAX_ENCODED,
    Decoder,
    Frame,
    cobs_decode,
    cobs_encode,
    decode_frame,
    encode_frame,
    encode_frame_in_python,
)
from ohmbench.tables import MAX_PAYLOAD, FrameType

frames = st.builds(
    Frame,
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 65535),
    st.one_of(st.binary(max_size=MAX_PAYLOAD), st.sampled_from([bytes(256), b"\xff" * 256, b"\1" * 246])),
)


@pytest.mark.parametrize(
    ("data", "encoded"),
    [
        (b"", b"\x01"),
        (b"\0", b"\x01\x01"),
        (b"\0\0", b"\x01\x01\x01"),
        (b"\x11\x22\0\x33", b"\x03\x11\x22\x02\x33"),
        (b"\x11\0\0\0", b"\x02\x11\x01\x01\x01"),
        (bytes(range(1, 255)), b"\xff" + bytes(range(1, 255))),
        (bytes(range(255)), b"\x01\xff" + bytes(range(1, 255))),
        (bytes(range(1, 256)), b"\xff" + bytes(range(1, 255)) + b"\x02\xff"),
        (bytes(range(2, 256)) + b"\0", b"\xff" + bytes(range(2, 256)) + b"\x01\x01"),
    ],
)
def test_cobs_gives_the_published_examples(data: bytes, encoded: bytes) -> None:
    assert cobs_encode(data) == encoded
    assert cobs_decode(encoded) == data


@given(st.lists(st.one_of(st.binary(max_size=300), st.integers(0, 600).map(lambda n: b"x" * n))).map(b"".join))
@example(b"x" * 508)
@example(b"x" * 508 + b"\0")
def test_cobs_round_trip_has_no_zero_and_bounded_length(data: bytes) -> None:
    encoded = cobs_encode(data)
    assert 0 not in encoded
    assert len(encoded) <= len(data) + len(data) // 254 + 1
    assert cobs_decode(encoded) == data


@pytest.mark.parametrize("data", [b"", b"\x05\x01", b"\x02", b"\x01\0\x01"])
def test_cobs_refuses_what_is_not_cobs(data: bytes) -> None:
    with pytest.raises(ValueError, match="not COBS"):
        cobs_decode(data)


@given(frames)
def test_frame_round_trip(frame: Frame) -> None:
    wire = encode_frame(frame)
    assert wire.endswith(b"\0")
    assert len(wire) <= MAX_ENCODED + 1
    assert decode_frame(wire[:-1]) == frame


def test_the_codec_in_c_was_built() -> None:
    assert codec._codec is not None


@given(frames)
def test_both_codecs_give_the_same_bytes(frame: Frame) -> None:
    assert codec._codec.encode(*frame) == encode_frame_in_python(frame)


@given(
    st.lists(st.one_of(frames.map(encode_frame), st.binary(max_size=700), st.just(b"\0"), st.just(b"x" * 280))),
    st.data(),
)
def test_both_codecs_find_the_same_in_any_bytes(parts: list[bytes], data: st.DataObject) -> None:
    wire = bytearray(b"".join(parts))
    for _ in range(data.draw(st.integers(0, 3)) if wire else 0):
        wire[data.draw(st.integers(0, len(wire) - 1))] = data.draw(st.integers(0, 255))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=10)))
    in_c, in_python = Decoder(), Decoder(in_c=False)
    for start, stop in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        piece = bytes(wire[start:stop])
        assert in_c.feed(piece) == in_python.feed(piece)
        assert (in_c.good, in_c.bad, in_c._rest) == (in_python.good, in_python.bad, in_python._rest)


@given(st.lists(st.integers(0, 255).map(lambda byte: bytes([byte])), max_size=280).map(b"".join))
def test_every_piece_is_taken_or_refused_alike(piece: bytes) -> None:
    both = [Decoder(), Decoder(in_c=False)]
    assert both[0].feed(piece + b"\0") == both[1].feed(piece + b"\0")
    assert both[0].bad == both[1].bad


def test_without_the_codec_in_c_python_does_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [Frame(FrameType.STATUS, 1), Frame(FrameType.IMAGE, 2, 3, bytes(256))]
    wire = b"".join(map(encode_frame, sent))
    monkeypatch.setattr(codec, "_codec", None)
    assert b"".join(map(encode_frame, sent)) == wire
    assert Decoder().feed(wire) == sent


def test_hello_has_these_bytes() -> None:
    assert encode_frame(Frame(FrameType.HELLO, 0, 1)).hex() == "02010201053889e38000"


@pytest.mark.parametrize(
    "frame", [Frame(256), Frame(1, -1), Frame(1, 0, 65536), Frame(1, 0, 0, bytes(MAX_PAYLOAD + 1))]
)
def test_a_field_that_does_not_fit_is_refused(frame: Frame) -> None:
    with pytest.raises(ValueError, match=r"fit|holds"):
        encode_frame(frame)
    with pytest.raises((ValueError, OverflowError)):
        codec._codec.encode(*frame)


@pytest.mark.parametrize("given", [(), (1, 2, 3), (1, 2, 3, "text"), (1.5, 2, 3, b""), (None, 2, 3, b"")])
def test_the_codec_in_c_refuses_other_types(given: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        codec._codec.encode(*given)
    with pytest.raises(TypeError):
        codec._codec.decode("text")


@given(st.lists(frames, max_size=8), st.data())
def test_decoder_finds_the_frames_however_they_are_cut(sent: list[Frame], data: st.DataObject) -> None:
    wire = b"".join(b"\0" * data.draw(st.integers(0, 2)) + encode_frame(frame) for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=10)))
    decoder = Decoder()
    got = [
        frame
        for start, stop in zip([0, *cuts], [*cuts, len(wire)], strict=True)
        for frame in decoder.feed(wire[start:stop])
    ]
    assert got == sent
    assert (decoder.good, decoder.bad) == (len(sent), 0)


@given(st.lists(st.binary(max_size=700), max_size=8))
def test_decoder_never_raises_and_recovers_after_any_bytes(chunks: list[bytes]) -> None:
    decoder = Decoder()
    for chunk in chunks:
        decoder.feed(chunk)
    last = Frame(FrameType.STATUS, 3, 4)
    decoder.feed(b"\0")
    assert decoder.feed(encode_frame(last)) == [last]


def test_decoder_keeps_no_more_than_a_frame() -> None:
    decoder = Decoder()
    for _ in range(100):
        decoder.feed(b"x" * 1000)
    assert len(decoder._rest) <= MAX_ENCODED
    assert decoder.feed(b"\0") == []
    assert decoder.bad == 1


def _damage(wire: bytearray, kind: str, position: int, value: int, data: st.DataObject) -> None:
    position %= len(wire)
    if kind == "bit":
        wire[position] ^= 1 << (value % 8)
    elif kind == "byte":
        wire[position] = value
    elif kind == "drop":
        del wire[position]
    elif kind == "insert":
        wire.insert(position, value)
    elif kind == "repeat":
        wire[position:position] = wire[position : position + 1 + value % 16]
    else:
        burst = data.draw(st.binary(min_size=1, max_size=8))
        wire[position : position + len(burst)] = burst


@given(
    frames,
    st.lists(
        st.tuples(
            st.sampled_from(["bit", "byte", "drop", "insert", "repeat", "burst"]),
            st.integers(0, 600),
            st.integers(0, 255),
        ),
        min_size=1,
        max_size=3,
    ),
    st.data(),
)
def test_damage_never_makes_another_frame_and_the_next_one_arrives(
    frame: Frame, damages: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    wire = bytearray(encode_frame(frame))
    for kind, position, value in damages:
        _damage(wire, kind, position, value, data)
    after = Frame(FrameType.RUN, 9, 5, b"after")
    decoder = Decoder()
    got = decoder.feed(bytes(wire) + b"\0" + encode_frame(after))
    # What survives is what was sent: the damage spared it, undid itself or repeated it whole.
    assert got[-1] == after
    assert all(survivor == frame for survivor in got[:-1])
    if got == [after] and wire.strip(b"\0"):
        assert decoder.bad >= 1


def test_text_of_a_frame_names_its_type() -> None:
    assert str(Frame(FrameType.RUN, 3, 16, b"\1\2")) == "run seq=3 arg=0x10 [2] 0102"
    assert str(Frame(0x99)) == "type 0x99 seq=0 arg=0x0"
