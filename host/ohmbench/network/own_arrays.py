"""Own data in arrays of numpy (.npz, .npy) and in tables (CSV with a header)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.network.own_parts import (
    MAX_BYTES,
    OwnDataError,
    Parts,
    array_of_npy,
    content_of_file,
    inputs_of,
    labels_of,
    require,
)

_LABEL_NAMES = ("label", "y", "class", "target")
_WANTED = "Give x and y; or x_train, y_train, x_test and y_test."
_MAX_MEMBERS = 1000


def read_npz(path: Path) -> Parts:
    """x and y, or x_train, y_train, x_test and y_test, in capitals or not; other arrays are left alone.

    Raises:
        OwnDataError: there are none, or they are of no use. zipfile and numpy raise others for damage.
    """
    with zipfile.ZipFile(io.BytesIO(content_of_file(path))) as archive:
        entries = archive.infolist()
        require(len(entries) <= _MAX_MEMBERS, f"it has {len(entries)} parts")
        names = {entry.filename.removesuffix(".npy").lower(): entry for entry in entries}
        require("header.json" not in names, "it is a network or another file of ohmbench, not data")
        four = ("x_train", "y_train", "x_test", "y_test")
        wanted = four if all(name in names for name in four) else ("x", "y")
        found = ", ".join(sorted(names)[:8]) or "nothing"
        require(all(name in names for name in wanted), f"it has {found}", _WANTED)
        sizes = [names[name].file_size for name in wanted]
        require(sum(sizes) <= MAX_BYTES, f"its arrays are larger than {MAX_BYTES >> 20} MB", "Give fewer rows.")
        arrays = [array_of_npy(archive.read(names[name]), name) for name in wanted]
    checked = ((inputs_of if n.startswith("x") else labels_of)(a, n) for n, a in zip(wanted, arrays, strict=True))
    x, y, *test = checked
    return Parts(x, y, *(test or (None, None)))


def read_npy(x: Path, y: Path) -> Parts:
    """Inputs in one file, labels in another.

    Raises:
        OwnDataError: they are of no use.
    """
    inputs = inputs_of(array_of_npy(content_of_file(x), x.name), x.name)
    return Parts(inputs, labels_of(array_of_npy(content_of_file(y), y.name), y.name))


def read_csv(path: Path) -> Parts:
    """A table with a header. The column of labels is called label, y, class or target, else it is the last one.

    Labels are whole numbers or text; numbers with a point are targets.

    Raises:
        OwnDataError: it is no such table; the message has the line.
    """
    try:
        text = content_of_file(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OwnDataError("it is not text in UTF-8") from error
    lines = _lines(text)
    header = [name.strip() for name in next(lines, (0, []))[1]]
    require(len(header) >= 2, "its first line names fewer than two columns", "Give a header: a name a column.")
    require(not all(map(_is_number, header)), "its first line holds numbers, not names", "Give a header.")
    named = [index for index, name in enumerate(header) if name.lower() in _LABEL_NAMES]
    require(len(named) <= 1, f"{len(named)} of its columns are called {', '.join(_LABEL_NAMES)}", "Leave one.")
    label = named[0] if named else len(header) - 1
    rows: list[NDArray[np.float64]] = []
    labels: list[str] = []
    for number, row in lines:
        require(len(row) == len(header), f"line {number} has {len(row)} columns, its header {len(header)}")
        labels.append(row.pop(label).strip())
        require(bool(labels[-1]), f"line {number} has no {header[label]}")
        try:
            rows.append(np.array([float(value) for value in row], np.float64))
        except ValueError as error:
            raise OwnDataError(
                _what_is_wrong(row, header, label, number), "Give numbers, one for each cell."
            ) from error
    require(bool(rows), "it has no rows below its header")
    return Parts(inputs_of(np.stack(rows), path.name), labels_of(_column(labels), header[label]))


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of those that are not empty; the delimiter is the one that the header has most of."""
    first = text[: max(text.find("\n"), 0) or len(text)]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise OwnDataError(f"line {reader.line_num}: {error}") from error


def _column(labels: list[str]) -> NDArray[Any]:
    """Whole numbers if all are, else numbers if all are, else text."""
    kinds: list[type] = [np.int64, np.float64]
    for kind in kinds:
        try:
            return np.array([kind(label) for label in labels])
        except (ValueError, OverflowError):
            continue
    return np.array(labels)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _what_is_wrong(row: list[str], header: list[str], label: int, number: int) -> str:
    names = header[:label] + header[label + 1 :]
    name, value = next((n, v) for n, v in zip(names, row, strict=True) if not _is_number(v))
    return f"line {number} has {value[:40]!r} in column {name[:40]!r}, which is not a number"
