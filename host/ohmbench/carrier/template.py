"""The file of a carrier, filled in with the reference carrier's values, for somebody to change."""

from __future__ import annotations

from collections.abc import Sequence

from ohmbench.carrier.carrier import Carrier
from ohmbench.tables import DEFAULT_CARRIER

_WIDTH = 110


def template() -> str:
    """A TOML file that `Carrier.load` takes: the reference carrier, each key with what it means."""
    carrier = Carrier()
    rows, columns = len(carrier.rows), len(carrier.columns)
    parts = [
        "# A carrier's wiring, errors and limits (docs/carriers.md). All values are the reference carrier's: change",
        "# what differs on yours. A key that you remove keeps its value. Give the file with --carrier, or in the",
        "# settings.",
        "",
        "# what results and the record call it",
        'name = "carrier 1"',
        "",
        "# A bench whose bitstream is for another kind is refused.",
        f'kind = "{DEFAULT_CARRIER}"',
        "",
        f"# Line of the carrier that row 0, 1, ... of the array is wired to: each of 0 to {rows - 1} once.",
        _list("rows", carrier.rows.tolist()),
        "",
        f"# Channel of the carrier that column 0, 1, ... of the array is wired to: each of 0 to {columns - 1} once.",
        _list("columns", carrier.columns.tolist()),
        "",
        "# Rows and columns of the array that are not to be used: their cells are skipped and get no pulse.",
        "bad_rows = []",
        "bad_columns = []",
        "",
        "# Of each channel: its gain over the reference carrier's, 0.5 to 2, and its offset in codes, -500 to 500.",
        "# One number is for all. A calibration (ohmbench calibrate) goes before both.",
        _list("gain", carrier.gain.tolist()),
        _list("offset", carrier.offset.tolist()),
        "",
        "# Reference resistor of each column of the array, in ohm.",
        _list("reference_ohm", carrier.reference_ohm.tolist()),
        "",
        "# false: it has no reference resistors or monitors to look at before pulses.",
        f"self_check = {str(carrier.self_check).lower()}",
        "",
        "# The most that a recipe may ask for, at or below the guard's ceilings, which stand here. What your array",
        "# needs is less: lower them before the first pulse.",
        "[limits]",
        *(f"{rail.name.lower()}_v = {volts}" for rail, volts in carrier.limits_v.items()),
        "# pulse_us = 10.0   # longest pulse, in microseconds; without it the guard's own limit",
        "# levels = 8        # most that a cell is programmed to; without it what its kind of carrier is for",
    ]
    return "\n".join(parts) + "\n"


def _list(key: str, values: Sequence[float]) -> str:
    """`key = [...]`, in lines of a readable length."""
    lines, line = [f"{key} = ["], " "
    for value in values:
        if len(line) + len(f" {value},") > _WIDTH:
            lines.append(line)
            line = " "
        line += f" {value},"
    return "\n".join([*lines, line, "]"])
