"""Whether reading works, before the first pulse of a command: programming goes by what it reads.

Three reads, some 7 ms of bench time, with every rail of the command at its operating point and no line on: offsets,
the reference resistors by rail cal, and the rails' monitor resistors. The resistors tell what the channels that see the
monitors are off by, so that a carrier which was never calibrated is judged, too. Cells are not read: what a fresh array
reads says nothing (programming/moving.py looks at that while it pulses).

A carrier without resistors and monitors has only cells to look at. There the converter must have noise, and a cell must
conduct: rows are read until one does, some 8 ms where the first row has one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.carrier.calibration import RAIL_OFF_MAX
from ohmbench.checks.reads import MONITOR_CHANNEL, held_v, mean_codes, monitor_codes, raw_codes, reference_codes
from ohmbench.checks.selftest import CAL_V, READS, RESPONDS, Fault, Kind, columns_seen, scale_of
from ohmbench.checks.selftest_cells import NOTHING_CONDUCTS, dead_converter
from ohmbench.errors import ArrayState, CheckError
from ohmbench.support.array_types import FloatArray, Index, IntArray
from ohmbench.tables import COLUMNS, ROWS, Rail

_NOISE = 0.5
"""Codes that a mean of READS may be off by: six times its noise, of 1.84 LSB in each of two reads, and rounding."""

CELL_READS = 16
"""Of a cell and of the converter with nothing on, where there are only cells to look at."""

_CONDUCTS = 5.0
"""Codes above the offset: eight times the noise of two such means, and half of what 3 uS give at 0.2 V."""

_RESETS_V = 0.5  # of the source line: below this no cell switches

_OR_FORM = "Repair the carrier; form the array first if it is fresh (`ohmbench form`)."


def check_before_pulses(bench: Bench) -> None:
    """Have a bench look whether reading works before it pulses for the first time, if its carrier can tell.

    `Bench.require_ready` then raises
        CheckError: it does not; no cell was pulsed.
        FaultError: the guard turned the array off.
    """
    if bench.carrier.self_check:
        require = _require_reading if bench.info.carrier.has_references else _require_answering
        bench.before_pulses = lambda limits: require(bench, limits)


def _require_reading(bench: Bench, limits: Limits) -> None:
    rails_v: dict[Rail, float] = {
        rail: volts for rail, volts in limits.rails_v.items() if volts > 0 and rail != Rail.CAL
    }
    offset = mean_codes(bench, rails_v, READS)
    codes = mean_codes(bench, {**rails_v, Rail.CAL: CAL_V}, READS) - offset
    monitored = mean_codes(bench, rails_v, READS, col=sum(1 << rail for rail in rails_v)) - offset
    ideal, column_of = reference_codes(bench, held_v(CAL_V)), np.argsort(bench.carrier.columns)
    by_column = ideal[bench.carrier.columns]
    scale = scale_of((codes / ideal)[codes > RESPONDS * ideal])
    seen = columns_seen(by_column, column_of, codes / scale)
    gain = np.where(seen < 0, 1.0, codes / by_column[seen] / scale)
    faults = [*_channels(bench, codes, seen, column_of), *_rails(rails_v, np.where(codes, monitored / gain, np.nan))]
    if faults:
        named = "; ".join(map(str, faults[:4])) + ("; ..." if len(faults) > 4 else "")
        raise _does_not_work(named, "Repair the carrier, or give its own description with --carrier.")


def _require_answering(bench: Bench, limits: Limits) -> None:
    idle = raw_codes(bench, {}, CELL_READS)
    if (idle == idle[0, 0]).all():
        raise _does_not_work(str(dead_converter(idle[0, 0])), _OR_FORM)
    rails_v = {rail: limits.rails_v.get(rail, 0.0) for rail in (Rail.BL_READ, Rail.WL_READ)}
    if limits.rails_v.get(Rail.SL_RESET, 0.0) < _RESETS_V or not all(rails_v.values()):
        return  # what only SETs may form: cells need not conduct
    for line in range(ROWS):
        codes = mean_codes(bench, rails_v, CELL_READS, wl=1 << line, bl=1 << line) - idle[:, 0].mean()
        if (codes > _CONDUCTS).any():
            return
    raise _does_not_work(str(NOTHING_CONDUCTS), _OR_FORM)


def _does_not_work(what: str, todo: str) -> CheckError:
    return CheckError(
        f"The check of reading before the first pulse failed: {what}.",
        f"`ohmbench selftest` says more. {todo}",
        array=ArrayState.NOT_PULSED,
    )


def _channels(bench: Bench, codes: FloatArray, seen: IntArray, column_of: Index) -> Iterator[Fault]:
    """Channels whose cells would be pulsed blindly, or as others'. One that has only lost its resistor reads."""
    used = ~np.all(bench.carrier.bad, axis=0)[column_of]
    lost = np.flatnonzero(seen < 0)
    if lost.size > COLUMNS // 2:
        yield Fault(Kind.NO_REFERENCE, f"{lost.size} of {COLUMNS} channels", "they do not see rail cal")
        return
    for channel in np.flatnonzero(used & (codes == 0)):
        yield Fault(Kind.DEAD_CHANNEL, f"column {column_of[channel]}, channel {channel}", "it reads the same always")
    for channel in np.flatnonzero(used & (seen >= 0) & (seen != column_of)):
        detail = f"it is connected to column {seen[channel]}"
        yield Fault(Kind.SWAPPED, f"column {column_of[channel]}, channel {channel}", detail)


def _rails(rails_v: dict[Rail, float], monitored: FloatArray) -> Iterator[Fault]:
    """monitored (channels,): codes of the monitors; NaN in dead channels, which are judged for themselves."""
    for rail, volts in rails_v.items():
        wanted, found = monitor_codes(held_v(volts)), float(monitored[MONITOR_CHANNEL[rail]])
        if np.isfinite(found) and not abs(found - wanted) <= RAIL_OFF_MAX * wanted + _NOISE:
            detail = f"{100 * (found / wanted - 1):+.0f} % at {volts:g} V, at most {100 * RAIL_OFF_MAX:g} %"
            yield Fault(Kind.RAIL, f"rail {rail.name.lower()}", detail)
