"""The host's side of train.useq: pulse chosen cells of an array and read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ohmbench import tables as t
from ohmbench.bench.base import Bench, Limits, clocks, codes_per_siemens, dac_code
from ohmbench.errors import UsageError
from ohmbench.isa import load_firmware
from ohmbench.support.array_types import Codes, FloatArray, Mask
from ohmbench.tables import COLUMNS, Rail

Entry = Literal["read", "set", "reset", "cycle"]

MOST_AT_ONCE = 0xFFFF
"""Pulses that a cell may get in one run: the guard counts them in 16 bits."""


@dataclass(frozen=True)
class Drive:
    """Voltages and pulse widths; the defaults suit device preset A. Gates limit SET, and let RESET through.

    Attributes:
        read_v: bit line when read; up to 0.35 V. gate_read_v: its gate.
        set_v: bit line of a SET pulse. gate_set_v: its gate, which limits the current. set_us: its width.
        reset_v: source line of a RESET pulse. gate_reset_v: its gate. reset_us: its width.
    """

    read_v: float = 0.2
    gate_read_v: float = 3.0
    set_v: float = 2.0
    gate_set_v: float = 2.0
    set_us: float = 0.2
    reset_v: float = 1.8
    gate_reset_v: float = 3.5
    reset_us: float = 0.2

    @property
    def codes_per_siemens(self) -> float:
        """ADC codes of one siemens at read_v."""
        return codes_per_siemens(self.read_v)

    def usiemens(self, codes: Codes | FloatArray) -> FloatArray:
        """Conductances of ADC codes."""
        return np.asarray(codes / self.codes_per_siemens * 1e6, np.float64)

    def rails_v(self, entry: Entry) -> dict[Rail, float]:
        """The rails of a run; those that it does not need stay at 0 V, so that the guard lets nothing else through.

        Columns left out of a SET are inhibited by the bit line's own voltage: none is across their cells.
        """
        rails = {Rail.BL_READ: self.read_v, Rail.WL_READ: self.gate_read_v}
        if entry in ("set", "cycle"):
            rails |= {Rail.BL_SET: self.set_v, Rail.SL_INHIBIT: self.set_v, Rail.WL_SET: self.gate_set_v}
        if entry in ("reset", "cycle"):
            rails |= {Rail.SL_RESET: self.reset_v, Rail.WL_RESET: self.gate_reset_v}
        return rails


def microamperes(codes: Codes | FloatArray) -> FloatArray:
    """Currents of ADC codes; one code is 0.052 uA."""
    return np.asarray(codes * (t.ADC_LSB_V / t.TIA_OHM * 1e6), np.float64)


def pulses_of(entry: Entry, count: int) -> int:
    """Pulses that a cell gets in a run."""
    return {"read": 0, "set": count, "reset": count, "cycle": 2 * count}[entry]


def reads_of(entry: Entry, count: int) -> int:
    """Reads of a row in a run."""
    return 2 if entry == "cycle" else count


def limits_of(entry: Entry, count: int, drive: Drive) -> Limits:
    """The tightest limits under which a run can be."""
    widths_us = {"read": 0.0, "set": drive.set_us, "reset": drive.reset_us}
    width_us = widths_us.get(entry, max(drive.set_us, drive.reset_us))
    return Limits(drive.rails_v(entry), width_us, pulses_of(entry, count))


def require_drivable(drive: Drive, entry: Entry) -> None:
    """Raises:
    UsageError: a voltage below 0 or above the carrier's ceiling of its rail, or a width that the FPGA does not have.
    """
    for rail, volts in drive.rails_v(entry).items():
        if volts > 0 and dac_code(volts) < 1:
            raise UsageError(f"{volts:g} V is too small for the 16-bit DAC: its code is 0.")
        if volts < 0 or dac_code(volts) > t.RAIL_CEILING[rail]:
            raise UsageError(
                f"{volts:g} V is outside the range of rail {rail.name.lower()}: from 0 to less than "
                f"{t.RAIL_MAX_V[rail]:g} V."
            )
    for name, volts in (("read_v", drive.read_v), ("gate_read_v", drive.gate_read_v)):
        if dac_code(volts) < 1:
            raise UsageError(f"{name} = {volts:g} V is too small to read with: its code of the 16-bit DAC is 0.")
    for us in (drive.set_us, drive.reset_us):
        if not 1 <= clocks(us) <= 0xFFFF:
            least, most = 1e6 / t.CLOCK_HZ, 0xFFFF / t.CLOCK_HZ * 1e6
            raise UsageError(f"A pulse cannot take {us:g} us.", f"Give {least:.3f} to {most:.0f} us.")


def fire(
    bench: Bench,
    entry: Entry,
    count: int,
    drive: Drive,
    pulsed: Mask,
    chosen: Mask,
) -> Codes:
    """Pulse cells and read all chosen ones, row by row; codes are as a carrier without errors would give them.

    Args:
        entry: read; set or reset, `count` pulses with a read after each; or `count` cycles of SET and RESET, with a
            read after the SET and one after the RESET of the last.
        pulsed: bool (rows, columns), those of the chosen cells that are pulsed. Rows without one are read by a run of
            their own, so that every step has all chosen cells.

    Returns:
        ADC codes int64 (reads, rows, columns), of no meaning in rows without a chosen cell. A row that is not pulsed is
        read once and has that code in all reads.

    Raises:
        UsageError: a voltage above the carrier's ceiling.
        FaultError: the guard turned the array off.
    """
    carrier = bench.carrier
    reads = reads_of(entry, count)
    pulsed, chosen = carrier.on_lines(pulsed), carrier.on_lines(chosen)
    codes = np.zeros((reads, *chosen.shape), np.int64)
    rows = np.flatnonzero(pulsed.any(axis=1))
    if rows.size:
        codes[:, rows] = _run(bench, entry, count, drive, limits_of(entry, count, drive), pulsed, reads)
    others = chosen & ~np.any(pulsed, axis=1, keepdims=True)
    rows = np.flatnonzero(others.any(axis=1))
    if rows.size:
        codes[:, rows] = _run(bench, "read", 1, drive, limits_of("read", 1, drive), others, 1)
    return carrier.on_cells(carrier.true_codes(codes, drive.read_v))


def _run(
    bench: Bench,
    entry: Entry,
    count: int,
    drive: Drive,
    limits: Limits,
    cells: Mask,
    reads: int,
) -> Codes:
    """Codes (reads, rows with a cell, columns)."""
    used = np.flatnonzero(cells.any(axis=1))
    first, end = int(used[0]), int(used[-1]) + 1
    args = {"row": first, "end": end, "count": count}
    args |= {"set_width": clocks(drive.set_us), "reset_width": clocks(drive.reset_us)}
    with bench.armed(limits, drive.rails_v(entry)):
        run = bench.execute(load_firmware("train"), args, entry=entry, inputs=cells[first:end].astype(np.uint8))
    found = run.words.view(np.int32).astype(np.int64).reshape(len(used), reads, COLUMNS)
    return found.transpose(1, 0, 2)
