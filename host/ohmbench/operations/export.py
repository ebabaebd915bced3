"""`ohmbench export`: the record of a lab as HDF5 with all there is, or one of its tables as CSV or Parquet."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench import __version__
from ohmbench.errors import UsageError
from ohmbench.operations.log import Filter, array_row, log, run_row
from ohmbench.operations.tidy import CELL_COLUMNS as TIDY_CELLS
from ohmbench.operations.tidy import SAMPLE_COLUMNS, cell_rows, flat, sample_rows
from ohmbench.record.calibrations import calibrations
from ohmbench.record.cell_lines import COLUMNS as CELL_COLUMNS
from ohmbench.record.cell_lines import cell_lines
from ohmbench.record.database import SCHEMA
from ohmbench.record.store import Store
from ohmbench.record.trail import events, samples
from ohmbench.support.files import write_result
from ohmbench.support.words import counted
from ohmbench.support.writer import json_text
from ohmbench.sweep.export import FORMATS, columns_of, missing
from ohmbench.sweep.export import export as write_table

Row = dict[str, Any]

HDF5_SCHEMA = 1
"""Version of the layout that docs/runs.md describes; a change that a reader would notice gets the next number."""

_WEAR = ("set_pulses", "reset_pulses", "form_pulses", "reserved")
_COLUMNS = {
    "runs": (
        *("run", "serial", "kind", "rung", "status", "started", "ended", "passes", "most_pulses", "reads", "read_s"),
        *("image_number", "image_sha256"),
    ),
    "arrays": (
        *("serial", "array_type", "rows", "columns", "first_seen", "budget", "pulses_max", "worst", "pulses_mean"),
        *_WEAR,
        *("reserved_cells", "reserved_max", "reads", "read_s"),
    ),
    "wear": ("serial", "row", "column", *_WEAR),
    "cells": TIDY_CELLS,
    "events": ("event", "run", "serial", "kind", "at", "what"),
}
"""Of each table, so that an empty one has its header too; those of runs have their recipes and provenance behind."""


@dataclass(frozen=True)
class Exported:
    """What was written."""

    path: Path
    contents: Row

    def summary(self) -> Row:
        return {"file": str(self.path), **self.contents}

    def describe(self) -> str:
        said = (f"{counted(value, 'row')} of {name}" for name, value in self.contents.items())
        return ", ".join(said) + f"; written: {self.path}"


def export(store: Store, path: Path, asked: Filter, table: str = "runs") -> Exported:
    """Write what the filter leaves of the record.

    Args:
        path: .h5 for everything; .csv, .json, .npz or .parquet for one table.
        table: one of TABLES (records.py), for all but .h5.

    Raises:
        UsageError: another suffix, the format's library is not installed, or the file cannot be written.
        StoreError: the record cannot be read, or has no such run or array.
    """
    asked.check(store)
    if path.suffix == ".h5":
        data, contents = _hdf5(store, asked)
        write_result(path, data, "The record is as it was.")
        return Exported(path, contents)
    if path.suffix not in FORMATS:
        wrong = path.suffix or "a file without suffix"
        raise UsageError(f"{path}: cannot write it as {wrong}.", f"Give {', '.join(FORMATS)}.")
    rows = _rows(store, asked, table)
    columns = list(dict.fromkeys([*_COLUMNS.get(table, SAMPLE_COLUMNS), *columns_of(rows)]))
    write_table(rows, path, columns)
    return Exported(path, {table: len(rows)})


def _rows(store: Store, asked: Filter, table: str) -> list[Row]:
    if table in ("runs", "arrays", "events"):
        return [flat(row) for row in log(store, table, asked).rows]
    if table == "wear":
        return [row for serial in asked.serials(store) for row in _wear_rows(store, serial)]
    rows_of = cell_rows if table == "cells" else sample_rows
    return [row for run in asked.runs(store) for row in rows_of(store, run)]


def _wear_rows(store: Store, serial: str) -> list[Row]:
    wear = store.wear(serial)
    return [
        {
            "serial": serial,
            "row": row,
            "column": column,
            **{name: int(getattr(wear, name)[row, column]) for name in _WEAR},
        }
        for row, column in np.ndindex(wear.total.shape)
    ]


def _hdf5(store: Store, asked: Filter) -> tuple[bytes, Row]:
    try:
        import h5py
    except ImportError as error:
        raise missing("HDF5", "h5py", "The record is as it was.") from error
    text = h5py.string_dtype()
    numbers = [(name, text if name == "status" else np.int64) for name in CELL_COLUMNS]
    buffer = io.BytesIO()
    runs, serials = asked.runs(store), asked.serials(store)
    with h5py.File(buffer, "w") as file:
        file.attrs.update(
            format="ohmbench record",
            schema=HDF5_SCHEMA,
            record_schema=SCHEMA,
            ohmbench=__version__,
            exported=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        for number, serial in enumerate(serials):
            group = file.create_group(f"arrays/{number}")
            _attributes(group, array_row(store, serial))
            wear = store.wear(serial)
            for name in _WEAR:
                group[name] = getattr(wear, name)
        for run in runs:
            group = file.create_group(f"runs/{run.id}")
            _attributes(group, run_row(run))
            lines = np.array(cell_lines(store, run.id), numbers)
            group.create_dataset("cells", data=lines, compression="gzip" if len(lines) else None)
            happened = [(e.at.isoformat(), e.what) for e in reversed(events(store, run=run.id))]
            group["events"] = np.array(happened, [("at", text), ("what", text)])
            for sample in samples(store, run.id):
                part = group.create_group(f"samples/{sample.step}")
                rest = dict(sample.data)
                if "codes" in rest:
                    part["codes"] = np.array(rest.pop("codes"), np.int32)
                _attributes(part, rest | {"at": sample.at.isoformat()})
        boards = [(c.board, c.at.isoformat(), json_text(c.as_json(), None)) for c in reversed(calibrations(store))]
        file["calibrations"] = np.array(boards, [(name, text) for name in ("board", "at", "data")])
    return buffer.getvalue(), {"runs": len(runs), "arrays": len(serials), "calibrations": len(boards)}


def _attributes(group: Any, row: Row) -> None:
    """What is neither a number nor text, as JSON; what has no value is left out."""
    for name, value in row.items():
        if value is not None:
            group.attrs[name] = json_text(value, None) if isinstance(value, dict | list) else value
