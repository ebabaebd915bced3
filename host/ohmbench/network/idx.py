"""Files in the IDX format, as MNIST and its kin come: plain or packed with gzip, judged by what is in them.

A name says little: browsers unpack `.gz` and keep the name, and some tools pack in several members.
"""

from __future__ import annotations

import stat
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 256 << 20
"""Of a file, and of what it unpacks to: four times the largest data set in this format that people use (EMNIST)."""

_UNSIGNED_BYTES = 0x08  # type code of the IDX format
_GZIP = b"\x1f\x8b"
_OTHERS = {
    _GZIP: "packed with gzip twice; unpack it once",
    b"BZh": "a bzip2 file; unpack it with bunzip2",
    b"PK\x03\x04": "a zip archive; unpack it",
    b"\xfd7zXZ": "an xz file; unpack it with unxz",
    b"7z\xbc\xaf": "a 7z archive; unpack it",
    b"<": "a web page; the download went to a page that speaks of the file",
    b"\x93NUMPY": "a file of numpy (.npy), not IDX",
    b"version https://git-lfs": "a pointer of Git LFS; get the file itself with `git lfs pull`",
}


class IdxError(Exception):
    """What is wrong with a file, as the end of a sentence."""


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """The array of unsigned bytes in a file: 0, 0, type, number of dimensions, their lengths, the data.

    Raises:
        IdxError: it cannot be read, is of another kind, too large, or not as long as it says.
    """
    data = content_of(path)
    header = 4 + 4 * dimensions
    _require(len(data) >= header, f"it has {len(data)} bytes, fewer than its header{_kind(data)}")
    if data[:4] != bytes([0, 0, _UNSIGNED_BYTES, dimensions]):
        raise IdxError(f"it begins with {data[:4].hex()}, not {_UNSIGNED_BYTES << 8 | dimensions:08x}{_kind(data)}")
    shape = struct.unpack_from(f">{dimensions}I", data, 4)
    wanted = header + int(np.prod([int(length) for length in shape], dtype=object))
    _require(len(data) == wanted, f"it has {len(data)} bytes, and its header says {wanted}")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def content_of(path: Path) -> bytes:
    """What a file holds, unpacked if it is packed with gzip.

    Raises:
        IdxError: it cannot be read, is damaged, or is too large.
    """
    try:
        _require(stat.S_ISREG(path.stat().st_mode), "it is a folder or a device, not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise IdxError(error.strerror or str(error)) from error
    _require(len(data) <= MAX_BYTES, f"it is larger than {MAX_BYTES >> 20} MB")
    return unpacked(data) if data.startswith(_GZIP) else data


def unpacked(data: bytes) -> bytes:
    """Content of all members of a gzip file; a small file that unpacks to gigabytes is refused.

    Raises:
        IdxError: it is damaged, or its content too large.
    """
    content = bytearray()
    while data.rstrip(b"\0"):  # zeros after the last member are padding, as of tapes
        decoder = zlib.decompressobj(wbits=31)
        try:
            content += decoder.decompress(data, MAX_BYTES + 1 - len(content))
        except zlib.error as error:
            raise IdxError(f"it is a damaged gzip file ({error})") from error
        _require(len(content) <= MAX_BYTES, "its content is too large")
        _require(decoder.eof, "its compressed data break off")
        data = decoder.unused_data
    return bytes(content)


def _kind(data: bytes) -> str:
    """Of which other kind a file is, as far as its first bytes tell."""
    start = data[:64].lstrip()
    return next((f": it is {kind}" for magic, kind in _OTHERS.items() if start.startswith(magic)), "")


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise IdxError(problem)
