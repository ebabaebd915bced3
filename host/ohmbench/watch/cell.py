"""The page of one cell: all of its pulses and reads, in the order of its life."""

from __future__ import annotations

from dataclasses import dataclass

from ohmbench.bench.base import codes_per_siemens
from ohmbench.errors import StoreError
from ohmbench.record.cell_history import CellLine, cell_history
from ohmbench.record.store import Store
from ohmbench.report.charts import IN_WINDOW, OUTSIDE, Axis, Plot, ticks
from ohmbench.report.page import page
from ohmbench.report.results import SummaryRow
from ohmbench.tables import ADC_MAX

READ_V = 0.2
"""What a run reads with whose recipe does not say, as experiments' do not."""
_MOST_ROWS = 500
_BAR = "#b9d3ea"
_SAID = {"converged": "in its window", "failed": "outside of its window", "untouched": "left alone"}


@dataclass(frozen=True)
class Step:
    """A pass over the cell, in uS and pulses of its life until then.

    Attributes:
        usiemens: None: not read.
        window: None: the pass had none that ends, as an experiment, or forming, which wants a least conductance.
    """

    line: CellLine
    pulses: int
    usiemens: float | None
    window: tuple[float, float] | None

    @property
    def said(self) -> str:
        """How the pass left the cell."""
        if self.line.status is None:
            return f"not recorded, up to {self.line.reserved} pulses charged"
        return "read" if self.window is None else _SAID[self.line.status]


def cell_page(store: Store, serial: str, row: int, column: int) -> str:
    """The page as text.

    Raises:
        StoreError: the record has no such array, or the array no such cell.
    """
    array, wear = store.known_array(serial), store.wear(serial)
    if not (0 <= row < array.rows and 0 <= column < array.columns):
        raise StoreError(f"Array {serial} has no cell {row},{column}.", f"It has {array.rows}x{array.columns} cells.")
    steps, rungs = _steps(cell_history(store, serial, row, column)), {run.rung for run in store.runs(serial)}
    given, charged = int(wear.given[row, column]), int(wear.reserved[row, column])
    of_budget = "" if array.budget is None else f"of a budget of {array.budget}"
    rows = [
        SummaryRow("Pulses", str(given), of_budget),
        SummaryRow("SET", str(int(wear.set_pulses[row, column]))),
        SummaryRow("RESET", str(int(wear.reset_pulses[row, column]))),
        SummaryRow("Forming", str(int(wear.form_pulses[row, column]))),
        SummaryRow("Charged", str(charged), "pulses that it may have had besides, in runs that were killed"),
    ]
    return page(
        "watch/templates/cell.html",
        title=f"cell {row},{column} of {serial}",
        heading=f"Cell {row},{column} of {serial}: {given} pulses in its life",
        rung="board" if rungs == {"board"} else "",
        rows=rows,
        key="Pulses",
        provenance={"array": serial, "type": array.array_type, "first seen": f"{array.first_seen:%Y-%m-%d %H:%M} UTC"},
        is_mixed="board" in rungs and len(rungs) > 1,
        chart=_chart(steps),
        steps=steps[::-1][:_MOST_ROWS],
        left_out=max(0, len(steps) - _MOST_ROWS),
    )


def _steps(lines: list[CellLine]) -> list[Step]:
    pulses, steps = 0, []
    for line in lines:
        pulses += line.pulses
        per_usiemens = codes_per_siemens(line.read_v or READ_V) * 1e-6
        window = None
        if line.low is not None and line.high is not None and line.high < ADC_MAX:
            window = (line.low / per_usiemens, line.high / per_usiemens)
        steps.append(Step(line, pulses, None if line.code is None else line.code / per_usiemens, window))
    return steps


def _chart(steps: list[Step]) -> str:
    """Conductance over the pulses of its life, with the window of each pass; "" without a read."""
    reads = [(step, step.usiemens) for step in steps if step.usiemens is not None]
    if not reads:
        return ""
    last, most = max(1, reads[-1][0].pulses), max(1.0, *(usiemens for _step, usiemens in reads))
    x = Axis(-0.02 * last, 1.02 * last, ticks(0.0, last, 6), "pulses in its life")
    title = f"Conductance: {reads[-1][1]:.1f} µS after {reads[-1][0].pulses} pulses"
    plot = Plot(title, x, Axis(0.0, 1.1 * most, ticks(0.0, 1.1 * most, 5), "µS, read after the pulses of a pass"))
    plot.line([(step.pulses, usiemens) for step, usiemens in reads], IN_WINDOW, width=1.2)
    for step, usiemens in reads:
        if step.window is not None:
            low, high = (min(max(end, 0.0), 1.1 * most) for end in step.window)
            plot.line([(step.pulses, low), (step.pulses, high)], _BAR, width=4.0, tip="its window")
        is_outside = step.line.status == "failed" and step.window is not None
        colour = OUTSIDE if is_outside else IN_WINDOW
        tip = f"run {step.line.run}, pass {step.line.pass_number + 1}: {usiemens:.1f} µS, {step.said}"
        plot.dot(step.pulses, usiemens, colour, tip=tip)
    return plot.figure("A bar is the window of a pass.", [(IN_WINDOW, "read"), (OUTSIDE, "read outside of its window")])
