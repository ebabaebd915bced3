"""Results as a table for other programs: CSV, JSON, numpy, Parquet, HDF5."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import UsageError
from ohmbench.support.files import write_result
from ohmbench.support.writer import json_text

Row = dict[str, Any]


def columns_of(rows: Sequence[Row]) -> list[str]:
    """All columns in the order in which rows bring them."""
    return list(dict.fromkeys(name for row in rows for name in row))


def export(rows: Sequence[Row], path: Path, columns: Sequence[str] | None = None) -> None:
    """Write rows in the format that the file's suffix names; a row without a column has no value there.

    Args:
        columns: all of them; None: those of the rows.

    Raises:
        UsageError: another suffix, the format's library is not installed, or the file cannot be written.
    """
    require_format(path)
    columns = columns_of(rows) if columns is None else columns
    write_result(path, FORMATS[path.suffix](rows, columns), "All results are kept.")


def require_format(path: Path) -> None:
    """Raises:
    UsageError: no table has the path's suffix.
    """
    if path.suffix not in FORMATS:
        raise UsageError(
            f"{path}: {f'no table has the suffix {path.suffix}' if path.suffix else 'the name has no suffix'}.",
            f"Give {', '.join(FORMATS)}.",
        )


def _csv(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _json(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    return (json_text([{name: row.get(name) for name in columns} for row in rows]) + "\n").encode()


def _npz(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    """An array a column, all of one length, as `_hdf5` has them; no pickles."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: _array([row.get(name) for row in rows]) for name in columns})  # type: ignore[arg-type]
    return buffer.getvalue()


def _array(values: Sequence[Any]) -> NDArray[Any]:
    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else str(value) for value in values])
    if _whole(values):
        return np.array(values, np.uint64)
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _parquet(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise missing("Parquet", "pyarrow") from error
    buffer = io.BytesIO()
    values = {name: [row.get(name) for row in rows] for name in columns}
    # a seed has 64 bits, and what is whole is never negative
    table = arrow.table({k: arrow.array(v, arrow.uint64() if _whole(v) else None) for k, v in values.items()})
    parquet.write_table(table, buffer)
    return buffer.getvalue()


def _hdf5(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    """A data set a column, all of one length; nan or an empty text where there is no value."""
    try:
        import h5py
    except ImportError as error:
        raise missing("HDF5", "h5py") from error
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name in columns:
            values = _array([row.get(name) for row in rows])
            if values.dtype.kind == "U":
                file.create_dataset(name, data=values.tolist(), dtype=h5py.string_dtype())
            else:
                file[name] = values
    return buffer.getvalue()


def _whole(values: Sequence[Any]) -> bool:
    return bool(values) and all(isinstance(value, int) and value >= 0 for value in values)


def missing(format_name: str, package: str, kept: str = "All results are kept.") -> UsageError:
    """The error that a format's library is not installed."""
    return UsageError(
        f"{format_name} needs {package}, which is not installed. {kept}.",
        "Install it: pip install 'ohmbench[export]', or write .csv.",
    )


FORMATS: dict[str, Callable[[Sequence[Row], Sequence[str]], bytes]] = {
    ".csv": _csv,
    ".json": _json,
    ".npz": _npz,
    ".parquet": _parquet,
    ".h5": _hdf5,
}
