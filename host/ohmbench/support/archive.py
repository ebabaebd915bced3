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

from ohmbench.support.text_files import TextFileError, parse_json

MAX_FILE_BYTES = 64 << 20
MAX_HEADER_BYTES = 1 << 20
_HEADER = "header.json"
_TOO_LARGE = f"the file is larger than {MAX_FILE_BYTES} bytes"


class ArchiveError(Exception):
    """What is wrong with a file; who reads or writes it says which file, and what that means."""


def pack_archive(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of a file; equal parts give equal bytes.

    Raises:
        ArchiveError: it is larger than a reader takes.
    """
    parts = {_HEADER: json.dumps(header, indent=1, allow_nan=False).encode()}
    for name, array in arrays.items():
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
        parts[f"{name}.npy"] = buffer.getvalue()
    if len(parts[_HEADER]) > MAX_HEADER_BYTES or sum(map(len, parts.values())) > MAX_FILE_BYTES:
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
        self._unread = {entry.filename for entry in archive.infolist()} - {_HEADER}

    def has(self, name: str) -> bool:
        """Whether there is an array of this name that was not asked for yet."""
        return f"{name}.npy" in self._unread

    def array(self, name: str, kind: str, *shape: int | None) -> NDArray[Any]:
        """The part `name`, which must have this type and shape.

        Args:
            shape: None where any length will do.

        Raises:
            ArchiveError: it has not.
        """
        member = f"{name}.npy"
        try:
            data = self._archive.read(member)
        except KeyError as error:
            raise ArchiveError(f"it has no part {name}") from error
        self._unread.discard(member)
        return _parse_array(name, data, np.dtype(kind), shape)

    def refuse_unread(self) -> None:
        """Refuse parts that nobody asked for: what they mean would be lost without a word.

        Raises:
            ArchiveError: there are some.
        """
        names = ", ".join(repr(name) for name in sorted(self._unread)[:3])
        _require(not self._unread, f"{len(self._unread)} of its parts have no meaning here: {names}")


def read_archive(path: Path) -> bytes:
    """The bytes of a file, for `open_archive`; its size is looked at before it is read.

    Raises:
        ArchiveError: it is larger than a file may be.
        OSError: it cannot be read.
    """
    _require(path.stat().st_size <= MAX_FILE_BYTES, _TOO_LARGE)
    return path.read_bytes()


def archive_kind(path: Path) -> str | None:
    """What a file says that it is, "weight image" say; None if it cannot be read or says nothing. It is not checked."""
    try:
        with zipfile.ZipFile(io.BytesIO(read_archive(path))) as archive:
            if archive.getinfo(_HEADER).file_size > MAX_HEADER_BYTES:
                return None
            said = parse_json(archive.read(_HEADER)).get("format")
    except Exception:
        return None
    return said.removeprefix("ohmbench ") if isinstance(said, str) else None


@contextmanager
def open_archive(data: bytes, what: str, schema: int, without: Mapping[str, Any] | None = None) -> Iterator[Archive]:
    """The file of these bytes, whose header names the format "ohmbench <what>" in a version up to `schema`.

    Who reads it asks for all of its parts; at the end of the block others are refused. Every size is bounded before
    bytes are read. zipfile, zlib and numpy raise a dozen unrelated types for damaged bytes, which a reader must take
    for damage like the error below.

    Args:
        without: the header of a file of old, which has none; None: such files are refused.

    Raises:
        ArchiveError: it is no such file, or a newer one, or has a part that nobody asked for.
    """
    _require(len(data) <= MAX_FILE_BYTES, _TOO_LARGE)
    try:
        opened = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise ArchiveError("it is not a zip archive, or a damaged one") from error
    with opened as archive:
        sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
        _require(len(sizes) == len(archive.infolist()), "a part of the file is there twice")
        _require(sum(sizes.values()) <= MAX_FILE_BYTES, f"its parts are larger than {MAX_FILE_BYTES} bytes")
        if without is not None and _HEADER not in sizes:
            header = dict(without)
        else:
            _require(0 < sizes.get(_HEADER, 0) <= MAX_HEADER_BYTES, "it has no header")
            header = _checked(archive.read(_HEADER), what, schema)
        opened_archive = Archive(archive, header)
        yield opened_archive
        opened_archive.refuse_unread()


def _checked(text: bytes, what: str, schema: int) -> dict[str, Any]:
    try:
        header = parse_json(text)
    except TextFileError as error:
        raise ArchiveError(f"its header is damaged: {error}") from error
    if not isinstance(header, dict) or header.get("format") != f"ohmbench {what}":
        raise ArchiveError(_another(header, what))
    found = integer(header, "schema", 1, 1 << 31)
    _require(found <= schema, f"it has format version {found}, newer than {schema}; update ohmbench")
    return header


_TAKEN_BY = {
    "network": "`ohmbench compress` takes it",
    "imported network": "`ohmbench map` and `ohmbench compress` take it",
    "compressed network": "`ohmbench map` makes a weight image of it",
    "weight image": "`ohmbench program` and `ohmbench infer` take it",
    "trimming": "`ohmbench infer --trimming` takes it",
}
"""What a file of each kind is for, for whoever gave it to another command."""


def _another(header: Any, what: str) -> str:
    said = header.get("format") if isinstance(header, dict) else None
    kind = said.removeprefix("ohmbench ") if isinstance(said, str) else ""
    return f"it is {_a(kind)}, not {_a(what)}: {_TAKEN_BY[kind]}" if kind in _TAKEN_BY else f"it is not {_a(what)}"


def _a(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def _parse_array(name: str, data: bytes, dtype: np.dtype[Any], shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Not np.load: that allocates whatever size the header claims."""
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    _require(version == (1, 0), f"part {name} has .npy version {version}")
    found_shape, fortran, found_dtype = np.lib.format.read_array_header_1_0(file)
    body = data[file.tell() :]
    fits = len(found_shape) == len(shape) and all(w in (None, f) for w, f in zip(shape, found_shape, strict=True))
    good = fits and found_dtype == dtype and len(body) == dtype.itemsize * math.prod(found_shape)
    wanted = "x".join("?" if length is None else str(length) for length in shape)
    _require(good, f"part {name} is not a {dtype.name} array of {wanted}")
    if dtype == np.bool_:
        _require(max(body) <= 1, f"part {name} holds a byte that is neither true nor false")
    array = np.frombuffer(bytearray(body), dtype=dtype).reshape(found_shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array)


def section(header: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object `name` of a header."""
    value = header.get(name)
    if not isinstance(value, dict):
        raise ArchiveError(f"the header has no section {name}")
    return value


def origin(header: Mapping[str, Any]) -> dict[str, str | int | float]:
    """The section `provenance`: where it came from, as text or numbers."""
    found = section(header, "provenance")
    for name, value in found.items():
        _require(fits_origin(value), f"its provenance {name!r} is neither text nor a finite number")
    return found


def fits_origin(value: object) -> bool:
    """Whether a provenance can hold this: text, or a finite number of 64 bits."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, str) or (isinstance(value, int) and abs(value) < 1 << 63)


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
