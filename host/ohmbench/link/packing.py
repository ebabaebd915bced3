"""How input vectors and result words lie in frames: small ones take fewer bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.link.codec import Frame
from ohmbench.support.array_types import Words
from ohmbench.tables import FrameType

RESULT_SIZES: Mapping[int, int] = {FrameType.RESULT: 4, FrameType.RESULT16: 2, FrameType.RESULT24: 3}
"""Bytes that a word takes in the frames that carry results."""

_WORD_BYTES = 4
_BYTE = 8
_PACKED_BITS = (1, 2, 4)


def element_bits(vectors: NDArray[Any]) -> int:
    """Returns how many bits an element of vectors takes on the line, of 1, 2, 4, 8 or 16.

    Inputs that stand at the left of a byte, as `mvm.useq` takes them, leave its lowest bits 0: those are not sent.

    Args:
        vectors: uint8 or uint16, any shape.
    """
    if vectors.dtype.itemsize > 1:
        return _BYTE * vectors.dtype.itemsize
    used = int(np.bitwise_or.reduce(vectors, axis=None)) if vectors.size else 0
    return next((bits for bits in _PACKED_BITS if not used & (0xFF >> bits)), _BYTE)


def pack_elements(vectors: NDArray[Any], bits: int) -> bytes:
    """Returns the payload of a `vector` frame.

    Args:
        vectors: uint8 or uint16, shape (n, 32).
        bits: of an element on the line, at least `element_bits(vectors)`.
    """
    if bits >= _BYTE:
        return vectors.astype(f"<u{bits // _BYTE}").tobytes()
    each = _BYTE // bits
    elements = (vectors >> (_BYTE - bits)).reshape(-1, each)
    places = np.arange(0, _BYTE, bits, dtype=np.uint8)
    packed: NDArray[np.uint8] = np.bitwise_or.reduce(elements << places, axis=1)
    return packed.tobytes()


def result_words(frame: Frame) -> Words:
    """Returns the words of a frame that carries results, as uint32, shape (n,), writable.

    In the frames of 2 and 3 bytes a word, the smallest number of that size says that the word follows in 4 bytes.

    Raises:
        ValueError: it carries none, or its payload is not made of words.
    """
    size, payload = RESULT_SIZES.get(frame.type), frame.payload
    if size is None:
        raise ValueError(f"frames of type {frame.type:#04x} carry no results")
    if size == _WORD_BYTES:
        return np.frombuffer(payload, "<u4").astype(np.uint32)
    marker = b"\0" * (size - 1) + b"\x80"
    parts: list[Words] = []
    start = 0
    while (at := _find(payload, marker, start)) >= 0:
        parts += [_widened(payload[start:at], size), np.frombuffer(payload, "<u4", 1, at + size).astype(np.uint32)]
        start = at + size + _WORD_BYTES
    return np.concatenate([*parts, _widened(payload[start:], size)])


def _find(payload: bytes, marker: bytes, start: int) -> int:
    """Where the next word from start on that is the marker begins; -1 for none."""
    at = payload.find(marker, start)
    while at >= 0 and (at - start) % len(marker):
        at = payload.find(marker, at + 1)
    return at


def _widened(payload: bytes, size: int) -> Words:
    """Signed numbers of `size` bytes as words."""
    if len(payload) % size:
        raise ValueError(f"{len(payload)} bytes are not words of {size} bytes")
    upper = np.zeros((len(payload) // size, _WORD_BYTES), np.uint8)
    upper[:, _WORD_BYTES - size :] = np.frombuffer(payload, np.uint8).reshape(-1, size)
    words: Words = (upper.view("<i4").ravel() >> _BYTE * (_WORD_BYTES - size)).astype(np.uint32)
    return words
