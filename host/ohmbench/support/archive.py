"""A file of a JSON header and of arrays: a zip archive of header.json and .npy parts. Reading executes nothing.

Readers check what the parts mean; here is checked that they are there, whole, and no larger than they may be.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_FILE_BYTES = 64 << 20
MAX_HEADER_BYTES = 1 << 20
_TOO_LARGE = f"the file is larger than {MAX_FILE_BYTES} bytes"


class ArchiveError(Exception):
    """What is wrong with a file; who reads or writes it says which file, and what that means."""


def pack_archive(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of a file; equal parts give equal bytes.

    Raises:
        ArchiveError: it is larger than a reader takes.
    """
    parts = {"header.json": json.dumps(header, indent=1).encode()}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
        parts[f"{name}.npy"] = buffer.getvalue()
    if len(parts["header.json"]) > MAX_HEADER_BYTES or sum(map(len, parts.values())) > MAX_FILE_BYTES:
        raise ArchiveError(f"its parts are larger than {MAX_FILE_BYTES} bytes")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for member, data in parts.items():
            # A fixed date: equal parts give equal files.
            archive.writestr(zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


class Archive:
    """An open file: its header, and its arrays when they are asked for."""

    def __init__(self, archive: zipfile.ZipFile, header: dict[str, Any]) -> None:
        """Use `open_archive`."""
        self.header = header
        self._archive = archive

    def array(self, name: str, kind: str, *shape: int) -> NDArray[Any]:
        """The part `name`, which must have this type and shape.

        Raises:
            ArchiveError: it has not.
        """
        return _parse_array(name, self._archive.read(f"{name}.npy"), np.dtype(kind), shape)


def read_archive(path: Path) -> bytes:
    """The bytes of a file, for `open_archive`; its size is looked at before it is read.

    Raises:
        ArchiveError: it is larger than a file may be.
        OSError: it cannot be read.
    """
    _require(path.stat().st_size <= MAX_FILE_BYTES, _TOO_LARGE)
    return path.read_bytes()


@contextmanager
def open_archive(data: bytes, what: str, schema: int) -> Iterator[Archive]:
    """The file of these bytes, whose header names the format "ohmbench <what>" in a version up to `schema`.

    Every size is bounded before bytes are read. zipfile, zlib and numpy raise a dozen unrelated types for damaged
    bytes, which a reader must take for damage like the error below.

    Raises:
        ArchiveError: it is no such file, or a newer one.
    """
    _require(len(data) <= MAX_FILE_BYTES, _TOO_LARGE)
    try:
        opened = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise ArchiveError("it is no zip archive, or a damaged one") from error
    with opened as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        _require(len(sizes) == len(archive.infolist()), "a part of the file is there twice")
        _require(sum(sizes.values()) <= MAX_FILE_BYTES, f"its parts are larger than {MAX_FILE_BYTES} bytes")
        _require(0 < sizes.get("header.json", 0) <= MAX_HEADER_BYTES, "it has no header")
        header = json.loads(archive.read("header.json"))
        found = integer(header, "schema", 1, 1 << 31) if isinstance(header, dict) else 0
        _require(found > 0 and header.get("format") == f"ohmbench {what}", f"it is not a {what}")
        _require(found <= schema, f"it has format version {found}, newer than {schema}; update ohmbench")
        yield Archive(archive, header)


def _parse_array(name: str, data: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Not np.load: that allocates whatever size the header claims."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    _require(version == (1, 0), f"part {name} has .npy version {version}")
    found_shape, fortran, found_dtype = np.lib.format.read_array_header_1_0(file)
    body = data[file.tell() :]
    good = (
        found_shape == shape and found_dtype == dtype and not fortran and len(body) == dtype.itemsize * math.prod(shape)
    )
    _require(good, f"part {name} is not a {dtype.name} array of {'x'.join(map(str, shape))}")
    if dtype == np.bool_:
        _require(max(body) <= 1, f"part {name} holds a byte that is neither true nor false")
    return np.frombuffer(bytearray(body), dtype=dtype).reshape(shape)


def section(header: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object `name` of a header."""
    value = header.get(name)
    if not isinstance(value, dict):
        raise ArchiveError(f"the header has no section {name}")
    return value


def objects(header: Mapping[str, Any], name: str, limit: int) -> list[dict[str, Any]]:
    """The list `name` of 1 to `limit` objects of a header."""
    value = header.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= limit or not all(isinstance(v, dict) for v in value):
        raise ArchiveError(f"the header has no list of 1 to {limit} {name}")
    return value


def integer(header: Mapping[str, Any], name: str, low: int, high: int) -> int:
    """The whole number `name` of a header, low to high."""
    value = header.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ArchiveError(f"the header's {name} is {value!r}, not {low}..{high}")
    return value


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ArchiveError(problem)
