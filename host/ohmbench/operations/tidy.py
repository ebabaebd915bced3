"""Tidy tables of a run: a row a cell and point, with the unit in the column's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ohmbench.bench.base import codes_per_siemens
from ohmbench.record.cell_lines import COLUMNS, cell_lines
from ohmbench.record.records import RunRecord
from ohmbench.record.store import Store
from ohmbench.record.trail import samples
from ohmbench.support.sqlite_file import interpreting
from ohmbench.tables import ADC_MAX

Row = dict[str, Any]

_CONDUCTANCES = ("conductance_usiemens", "target_usiemens", "low_usiemens", "high_usiemens", "level")
CELL_COLUMNS = ("run", *COLUMNS, *_CONDUCTANCES)
"""Of `cell_rows`."""
SAMPLE_COLUMNS = (
    *("run", "step", "name", "at", "elapsed_s", "read", "row", "column", "pulsed", "code", "conductance_usiemens"),
)
"""Of `sample_rows`, before those that an experiment's steps have of their own."""
_NAMES = {"volts": "voltage_v"}
_DIGITS = 4  # of a conductance in uS: a code is 0.26 uS


@interpreting(lambda store: store.database)
def cell_rows(store: Store, run: RunRecord) -> list[Row]:
    """A row a cell and pass. The target is the middle of the accepted codes, right within half a code (0.13 uS).

    Raises:
        StoreError: the record cannot be read.
    """
    per_usiemens = codes_per_siemens(float(run.recipe.get("read_v", 0.2))) * 1e-6
    rows = []
    for line in cell_lines(store, run.id):
        row: Row = {"run": run.id, **dict(zip(COLUMNS, line, strict=True))}
        low, high = row["low"], row["high"]
        row |= dict.fromkeys(_CONDUCTANCES)
        row["conductance_usiemens"] = round(row["code"] / per_usiemens, _DIGITS)
        if -ADC_MAX < low <= high < ADC_MAX:  # a cell without a window takes every code
            ends = {"target": (low + high) / 2, "low": low, "high": high}
            row |= {f"{name}_usiemens": round(code / per_usiemens, _DIGITS) for name, code in ends.items()}
            row["level"] = _level(run, row["target_usiemens"])
        rows.append(row)
    return rows


def _level(run: RunRecord, usiemens: float) -> int | None:
    """The level of a target; None where the record does not say how many there are."""
    most = run.provenance.get("max_level")
    if most is None or "g_min_usiemens" not in run.recipe:
        return None
    low, high = (float(run.recipe[name]) for name in ("g_min_usiemens", "g_max_usiemens"))
    return round((usiemens - low) / (high - low) * int(most))


@interpreting(lambda store: store.database)
def sample_rows(store: Store, run: RunRecord) -> list[Row]:
    """A row a cell and read of an experiment's steps, with what the steps are about; other results have none.

    Raises:
        StoreError: the record cannot be read.
    """
    places = run.provenance.get("cells", [])
    return [
        {"run": run.id, **row}
        for sample in samples(store, run.id)
        for row in step_rows(sample.step, sample.data, places, {"at": sample.at.isoformat()})
    ]


def step_rows(step: int, sample: Mapping[str, Any], places: Sequence[Sequence[int]], known: Row) -> list[Row]:
    """A row a cell and read of a step.

    Args:
        sample: what is recorded of it, as `experiments.loop.sample_of` has it.
        places: row and column of each cell.
        known: of all rows.
    """
    data = dict(sample)
    codes, pulsed, per = data.pop("codes", []), data.pop("pulsed", []), data.pop("codes_per_usiemens", 1.0)
    about = about_step(data)
    return [
        {
            "step": step,
            **known,
            **about,
            "read": read,
            "row": row,
            "column": column,
            "pulsed": int(was_pulsed),
            "code": code,
            "conductance_usiemens": round(code / per, _DIGITS),
        }
        for read, line in enumerate(codes)
        for (row, column), code, was_pulsed in zip(places, line, pulsed, strict=True)
    ]


def about_step(values: Mapping[str, Any]) -> Row:
    """What a step is about, with units in its names and without the dust of floating point."""
    return {
        _NAMES.get(name, name): round(value, _DIGITS) if isinstance(value, float) else value
        for name, value in values.items()
        if not isinstance(value, list | dict)
    }


def flat(row: Mapping[str, Any]) -> Row:
    """A row without fields in its fields: `recipe.window_usiemens` for one of a dict, texts for lists.

    A list of cells reads "3,4 5,6".
    """
    found: Row = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{inner}": one for inner, one in flat(value).items()}
        elif isinstance(value, list | tuple):
            found[name] = " ".join(_listed(one) for one in value)
        else:
            found[name] = value
    return found


def _listed(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ",".join(map(_listed, value))
    return ",".join(f"{k}={_listed(v)}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
