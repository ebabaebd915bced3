"""Frames of the link and their bytes: COBS(type, seq, arg, payload, CRC-32) and a 0x00 delimiter.

COBS is Cheshire & Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM ToN 7(2), 1999; the CRC is that of IEEE 802.3.

`ohm_codec.c` does the same in a fraction of the time; where it was built, `encode_frame` and `Decoder` use it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from ohmbench.tables import MAX_PAYLOAD, FrameType

try:
    import ohmbench.link._codec as _codec
except ImportError:  # setup.py lets its compilation fail
    _codec = None

_HEAD = struct.Struct("<BBH")
_CRC_BYTES = 4
_OVERHEAD = _HEAD.size + _CRC_BYTES
_NUMBERED = 0x80
_BLOCK = 254  # most bytes without a zero that one COBS block holds
_CODES = [bytes((length + 1,)) for length in range(_BLOCK + 1)]

MAX_ENCODED = _OVERHEAD + MAX_PAYLOAD + (_OVERHEAD + MAX_PAYLOAD) // _BLOCK + 1
"""Most bytes of a frame on the wire, delimiter excluded."""


class Frame(NamedTuple):
    """One frame: `type` and `seq` are bytes, `arg` has 16 bits, `payload` 0 to 256 bytes.

    `type` is a plain int so that a frame of a type not in the table still decodes and can be reported.
    """

    type: int
    seq: int = 0
    arg: int = 0
    payload: bytes = b""

    @property
    def numbered(self) -> bool:
        """True if the frame is delivered once and in order; the others act at once."""
        return self.type >= _NUMBERED

    def __str__(self) -> str:
        try:
            name = FrameType(self.type).name.lower()
        except ValueError:
            name = f"type {self.type:#04x}"
        text = f"{name} seq={self.seq} arg={self.arg:#x}"
        return f"{text} [{len(self.payload)}] {self.payload.hex()}" if self.payload else text


def cobs_encode(data: bytes) -> bytes:
    """Returns `data` free of zero bytes, one byte longer for each 254 begun; without a delimiter."""
    out: list[bytes] = []
    for part in data.split(b"\0"):
        while len(part) > _BLOCK:
            out += (b"\xff", part[:_BLOCK])
            part = part[_BLOCK:]
        out += (_CODES[len(part)], part)
        # A full block implies no zero after it, so a zero that follows needs a block of its own.
        if len(part) == _BLOCK:
            out.append(b"\x01")
    if len(out) > 2 and out[-1] == b"\x01" and len(out[-2]) == _BLOCK:
        out.pop()
    return b"".join(out)


def cobs_decode(data: bytes) -> bytes:
    """Returns what `cobs_encode` was given.

    Raises:
        ValueError: `data` is empty, holds a zero byte, or ends inside a block.
    """
    if not data or 0 in data:
        raise ValueError("not COBS: empty, or a zero byte inside")
    out: list[bytes] = []
    start, size = 0, len(data)
    while start < size:
        code = data[start]
        stop = start + code
        out.append(data[start + 1 : stop])
        if code <= _BLOCK and stop < size:
            out.append(b"\0")
        start = stop
    if start > size:
        raise ValueError("not COBS: the last block is cut short")
    return b"".join(out)


def encode_frame(frame: Frame) -> bytes:
    """Returns the bytes of `frame` on the wire, with the delimiter at the end.

    Raises:
        ValueError: a field does not fit.
    """
    if _codec is None:
        return encode_frame_in_python(frame)
    try:
        wire: bytes = _codec.encode(*frame)
        return wire
    except (ValueError, OverflowError):
        return encode_frame_in_python(frame)  # which says what does not fit


def encode_frame_in_python(frame: Frame) -> bytes:
    """As `encode_frame`: the reference."""
    if len(frame.payload) > MAX_PAYLOAD:
        raise ValueError(f"payload of {len(frame.payload)} bytes; a frame holds {MAX_PAYLOAD}")
    try:
        body = _HEAD.pack(frame.type, frame.seq, frame.arg) + frame.payload
    except struct.error as error:
        raise ValueError(f"a field of {frame} does not fit: {error}") from None
    return cobs_encode(body + zlib.crc32(body).to_bytes(_CRC_BYTES, "little")) + b"\0"


def decode_frame(data: bytes) -> Frame:
    """Returns the frame whose bytes, delimiter excluded, are `data`.

    Raises:
        ValueError: no good frame: bad COBS, bad length or bad CRC.
    """
    if len(data) > MAX_ENCODED:
        raise ValueError("longer than any frame")
    body = cobs_decode(data)
    if not _OVERHEAD <= len(body) <= _OVERHEAD + MAX_PAYLOAD:
        raise ValueError(f"{len(body)} bytes are not a frame")
    if zlib.crc32(body[:-_CRC_BYTES]) != int.from_bytes(body[-_CRC_BYTES:], "little"):
        raise ValueError("bad CRC")
    kind, seq, arg = _HEAD.unpack_from(body)
    return Frame(kind, seq, arg, body[_HEAD.size : -_CRC_BYTES])


class Decoder:
    """Takes the bytes of a line as they come and finds the good frames among them.

    Args:
        watch: called with every byte that comes, a piece at a time, delimiter included, and with the frame that the
            piece is, or None. A delimiter alone is a piece too; what is too long for a frame comes in several.
        in_c: use the codec in C, if it was built. A watched line is decoded in Python, a piece at a time.

    Attributes:
        good: frames found so far.
        bad: pieces between two delimiters that were no good frame. Damage makes one of these, or two pieces
            into one; the next delimiter starts afresh.
    """

    def __init__(self, watch: Callable[[bytes, Frame | None], None] | None = None, *, in_c: bool = True) -> None:
        self.good = 0
        self.bad = 0
        self._watch = watch
        self._in_c = _codec is not None and in_c and watch is None
        self._rest = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[Frame]:
        """Returns the frames that `data` completes, in order. Never raises, whatever the bytes."""
        if not self._in_c or self._overlong:
            return self._feed_in_python(data)
        data = self._rest + data
        found, bad = _codec.decode(data)
        self.good += len(found)
        self.bad += bad
        self._keep(data[data.rfind(b"\0") + 1 :])
        return list(map(Frame._make, found))

    def _feed_in_python(self, data: bytes) -> list[Frame]:
        *pieces, rest = (self._rest + data).split(b"\0")
        frames: list[Frame] = []
        for piece in pieces:
            frame = self._take(piece) if piece or self._overlong else None
            if frame is not None:
                frames.append(frame)
            if self._watch is not None:
                self._watch(piece + b"\0", frame)
        self._keep(rest)
        return frames

    def _keep(self, rest: bytes) -> None:
        # Without this bound, a device that never sends a delimiter would fill the memory.
        if self._overlong or len(rest) > MAX_ENCODED:
            self._overlong = True
            self._lose(rest)
            rest = b""
        self._rest = rest

    def reset(self) -> None:
        """Drops a frame begun, as after a change of the baud rate. The counts stay."""
        self._lose(self._rest)
        self._rest = b""
        self._overlong = False

    def _take(self, piece: bytes) -> Frame | None:
        overlong, self._overlong = self._overlong, False
        try:
            if overlong:
                raise ValueError("longer than any frame")
            frame = decode_frame(piece)
        except ValueError:
            self.bad += 1
            return None
        self.good += 1
        return frame

    def _lose(self, piece: bytes) -> None:
        if piece and self._watch is not None:
            self._watch(piece, None)
