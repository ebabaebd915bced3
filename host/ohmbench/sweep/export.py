"""Results as a table for other programs: CSV, Parquet, HDF5."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.support.files import write_result

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
    if path.suffix not in FORMATS:
        raise UsageError(f"{path}: no table has the suffix {path.suffix or 'of nothing'}; give {', '.join(FORMATS)}.")
    columns = columns_of(rows) if columns is None else columns
    write_result(path, FORMATS[path.suffix](rows, columns), "All results are kept.")


def _csv(rows: Sequence[Row], columns: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


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
            values = [row.get(name) for row in rows]
            if any(isinstance(value, str) for value in values):
                texts = ["" if value is None else str(value) for value in values]
                file.create_dataset(name, data=texts, dtype=h5py.string_dtype())
            elif _whole(values):
                file[name] = np.array(values, np.uint64)
            else:
                file[name] = np.array([np.nan if value is None else value for value in values], np.float64)
    return buffer.getvalue()


def _whole(values: Sequence[Any]) -> bool:
    return bool(values) and all(isinstance(value, int) and value >= 0 for value in values)


def missing(format_name: str, package: str, kept: str = "All results are kept.") -> UsageError:
    """The error that a format's library is not installed."""
    return UsageError(
        f"{format_name} needs {package}, which is not installed. {kept}. Install it: "
        "pip install 'ohmbench[export]', or write .csv."
    )


FORMATS: dict[str, Callable[[Sequence[Row], Sequence[str]], bytes]] = {".csv": _csv, ".parquet": _parquet, ".h5": _hdf5}
