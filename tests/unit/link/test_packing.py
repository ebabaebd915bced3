"""Vectors and words in frames: what comes out at the other end is what was put in, in as few bits as hold it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.link.fpga_model import ECHO, linked, unpacked

from ohmbench.errors import ProtocolError
from ohmbench.link import Result
from ohmbench.link.codec import Frame
from ohmbench.link.packing import RESULT_SIZES, element_bits, pack_elements
from ohmbench.tables import LANES, MAX_PAYLOAD, FrameType

SIZES = (1, 2, 4, 8, 16)


@st.composite
def packed(draw: st.DrawFn) -> tuple[int, np.ndarray]:
    """The size of an element, and vectors whose elements need no more."""
    bits = draw(st.sampled_from(SIZES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    numbers = rng.integers(0, 1 << bits, (draw(st.integers(0, 70)), LANES))
    return bits, (numbers << max(8 - bits, 0)).astype(np.uint16 if bits == 16 else np.uint8)


@given(packed())
def test_a_frame_has_the_vectors_that_were_packed(case: tuple[int, np.ndarray]) -> None:
    bits, vectors = case
    payload = pack_elements(vectors, bits)
    assert len(payload) == vectors.size * bits // 8
    assert list(unpacked(Frame(FrameType.VECTOR, 0, bits, payload))) == vectors.tolist()


@given(packed())
def test_no_bit_that_is_set_is_left_out_and_no_size_above_it_taken(case: tuple[int, np.ndarray]) -> None:
    bits, vectors = case
    found = element_bits(vectors)
    assert found <= bits
    if found < 8:
        assert not np.any(vectors & (0xFF >> found))
    smaller = [size for size in SIZES if size < found < 16]
    assert all(np.any(vectors & (0xFF >> size)) for size in smaller)


@pytest.mark.parametrize("bits", SIZES)
def test_a_program_gets_small_elements_in_fewer_frames(bits: int) -> None:
    link, model, *_ = linked()
    rng = np.random.default_rng(bits)
    vectors = (rng.integers(0, 1 << bits, (100, LANES)) << max(8 - bits, 0)).astype(np.uint16 if bits > 8 else np.uint8)
    run = link.start(ECHO, [len(vectors)], vectors)
    echoed = np.concatenate([event.words for event in run.events() if isinstance(event, Result)])
    assert np.array_equal(echoed.reshape(-1, LANES), vectors)
    frames = [frame for frame in model.executed if frame.type == FrameType.VECTOR]
    assert {frame.arg for frame in frames} == {bits}
    assert len(frames) == -(-len(vectors) * LANES * bits // (8 * MAX_PAYLOAD))


def as_frame(words: list[int], size: int) -> Frame:
    """Signed words as the FPGA sends them in `size` bytes each."""
    half = 1 << 8 * size - 1
    payload = b""
    for word in words:
        fits = size == 4 or -half < word < half
        payload += (word if fits else -half).to_bytes(size, "little", signed=True)
        payload += b"" if fits else word.to_bytes(4, "little", signed=True)
    return Frame(next(kind for kind, bytes_ in RESULT_SIZES.items() if bytes_ == size), 0, 0, payload)


near = st.sampled_from([0, 1 << 15, 1 << 23]).flatmap(lambda middle: st.integers(middle - 2, middle + 2))
word = st.one_of(near, near.map(lambda value: -value), st.integers(-(1 << 31), (1 << 31) - 1))


@given(st.lists(word, max_size=60), st.sampled_from(sorted(RESULT_SIZES.values())))
def test_words_come_whole_whatever_their_size(words: list[int], size: int) -> None:
    result = Result.parse(as_frame(words, size))
    assert result.signed.tolist() == words
    assert result.words.flags.writeable


@given(st.binary(max_size=40), st.sampled_from(sorted(RESULT_SIZES)))
def test_any_payload_is_words_or_malformed(payload: bytes, kind: FrameType) -> None:
    try:
        words = Result.parse(Frame(kind, 0, 0, payload)).signed.tolist()
    except ProtocolError:
        return
    again = as_frame(words, RESULT_SIZES[kind])
    assert Result.parse(again).signed.tolist() == words
    assert len(again.payload) <= len(payload)  # a word that fits may have come as one that does not


@given(st.lists(word, min_size=1, max_size=60), st.sampled_from([2, 3]))
def test_a_frame_without_its_last_byte_is_malformed(words: list[int], size: int) -> None:
    frame = as_frame(words, size)
    cut = Frame(frame.type, 0, 0, frame.payload[:-1])
    with pytest.raises(ProtocolError, match="cannot be read"):
        Result.parse(cut)
