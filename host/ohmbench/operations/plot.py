"""`ohmbench plot`: a chart of a run, of an array or of a sweep as a file of its own, with its numbers beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.experiments.loop import recorded
from ohmbench.experiments.plots import cumulative_chart
from ohmbench.experiments.registry import load
from ohmbench.lab.record import record_to_read
from ohmbench.lab.settings import record_path
from ohmbench.operations.show import Shown, program_state, show
from ohmbench.record.journal import EXPERIMENT
from ohmbench.record.store import Store
from ohmbench.record.trail import samples
from ohmbench.report.cell_charts import Levels, arrival_chart, error_by_level_chart
from ohmbench.report.charts import IN_WINDOW, Figure
from ohmbench.report.grids import confusion_chart, wear_chart
from ohmbench.report.program import ProgramState
from ohmbench.report.results import percent
from ohmbench.report.sweep_charts import best_setting, pareto, stages_chart
from ohmbench.support.array_types import IntArray
from ohmbench.support.files import check_writable, write_result
from ohmbench.support.guesses import did_you_mean
from ohmbench.sweep.store import ResultStore

_SWEEP_ENDS = ".sqlite"


@dataclass(frozen=True)
class Plotted:
    """The files that were written."""

    kind: str
    svg: Path
    csv: Path

    def summary(self) -> dict[str, Any]:
        return {"kind": self.kind, "svg": str(self.svg), "csv": str(self.csv)}

    def describe(self) -> str:
        return f"{self.svg}\n{self.csv}"


def plot(kind: str, source: str, path: Path, lab: Path | None = None) -> Plotted:
    """Write a chart as SVG, and its numbers as CSV beside it.

    Args:
        kind: one of KINDS.
        source: number of a run, serial number of an array, or file of a sweep's results, as the kind takes.
        path: of the SVG; its numbers get the same name with .csv.
        lab: folder of the record.

    Raises:
        UsageError: no such kind, the source is not of this kind, or a file cannot be written.
        StoreError: there is no such run, array or file.
    """
    if kind not in KINDS:
        raise UsageError(f"There is no plot {kind}{did_you_mean(kind, KINDS)}.", f"Plots: {', '.join(KINDS)}.")
    if path.suffix != ".svg":
        raise UsageError(f"{path}: a plot is written as .svg, with its numbers as .csv beside it.")
    table = path.with_suffix(".csv")
    for file in (path, table):
        check_writable(file, is_text=True)
    figure = KINDS[kind](kind, source, lab)
    write_result(path, figure.svg.encode())
    write_result(table, figure.csv.encode())
    return Plotted(kind, path, table)


def _of_run(draw: Callable[[str, Store, Shown], str]) -> Callable[[str, str, Path | None], Figure]:
    def drawn(kind: str, source: str, lab: Path | None) -> Figure:
        if not source.isdecimal() or len(source) > 12:
            raise UsageError(
                f"{kind} is of a run, and {source} is not a number of one.", "`ohmbench log` has the numbers."
            )
        with record_to_read(record_path(lab)) as store:
            return _figure(kind, f"run {source}", draw(kind, store, show(store, int(source))))

    return drawn


def _of_sweep(draw: Callable[[ResultStore, list[dict[str, Any]]], str]) -> Callable[[str, str, Path | None], Figure]:
    def drawn(kind: str, source: str, lab: Path | None) -> Figure:
        del lab
        with ResultStore.open(Path(source)) as store:
            rows = store.rows()
            return _figure(kind, source, draw(store, rows) if rows else "")

    return drawn


def _figure(kind: str, source: str, chart: str) -> Figure:
    if not isinstance(chart, Figure):
        raise UsageError(f"{source} has nothing to draw as {kind}: it is of another kind, or it ended too early.")
    return chart


def _programmed(draw: Callable[[ProgramState], str]) -> Callable[[str, Store, Shown], str]:
    def drawn(kind: str, store: Store, shown: Shown) -> str:
        del kind
        if shown.run.image_number is None or not shown.outcome.cells:
            return ""
        return draw(program_state(store, shown))

    return drawn


def _yield(state: ProgramState) -> str:
    errors = np.abs(state.reached().error_usiemens)
    widths, counts = np.unique(np.round(errors, 3), return_counts=True)
    share = 100 * np.cumsum(counts) / len(errors)
    shown = widths <= 4 * state.info.window_usiemens  # what is stuck would take most of the axis
    points = list(zip(widths[shown].tolist(), share[shown].tolist(), strict=True))
    x, y = "half width of a window, µS", "% of the cells in it"
    return cumulative_chart(f"Yield, {state.info.origin}", points, x, y, "µS")


def _error(state: ProgramState) -> str:
    reached = state.reached()
    levels, window = Levels.group(reached.target_usiemens), state.info.window_usiemens
    series = [("error", IN_WINDOW, reached.error_usiemens)]
    return error_by_level_chart(levels, series, reached.accepted_usiemens, window, state.info.origin)


def _convergence(state: ProgramState) -> str:
    cells = state.reached().cells
    return arrival_chart(cells.pulses, cells.inside)


def _experiment(kind: str, store: Store, shown: Shown) -> str:
    run = shown.run
    if run.kind != f"{EXPERIMENT}{kind}":
        return ""
    experiment = load(kind).of(run.recipe)
    found = recorded(experiment, samples(store, run.id))
    return experiment.charts(found)[0] if found else ""


def _confusion(kind: str, source: str, lab: Path | None) -> Figure:
    """Of an inference of the record, or of the best setting of a sweep."""
    if source.endswith(_SWEEP_ENDS):
        return _of_sweep(_of_best)(kind, source, lab)
    return _of_run(_of_inference)(kind, source, lab)


def _of_best(store: ResultStore, rows: list[dict[str, Any]]) -> str:
    counts, best = dict(store.confusions()), best_setting(rows)
    matrix = np.sum([counts[str(row["point"])] for row in best], axis=0)
    return confusion_chart(matrix, f"Confusion of the best setting, {len(best)} points: {_right(matrix)} right")


def _right(counts: IntArray) -> str:
    """The share of a confusion matrix (label, prediction) that is right."""
    return percent(float(np.trace(counts)) / max(1, int(counts.sum())))


def _of_inference(kind: str, store: Store, shown: Shown) -> str:
    del kind, store
    found = shown.outcome.recognised
    if not found or not found.get("confusion"):
        return ""
    counts = np.array(found["confusion"])
    title = f"Confusion on {found['dataset']}: {_right(counts)} of {found['images']} images right"
    return confusion_chart(counts, title)


def _wear(kind: str, source: str, lab: Path | None) -> Figure:
    del kind
    with record_to_read(record_path(lab)) as store:
        wear = store.wear(store.known_array(source).serial)
        most, median = int(wear.given.max(initial=0)), float(np.median(wear.given))
        title = f"Wear of {source}: {most} pulses at most, {median:.0f} in the median cell"
        return wear_chart(wear.given, wear.reserved, title)


def _accuracy(store: ResultStore, rows: list[dict[str, Any]]) -> str:
    del store
    return pareto(", ".join(dict.fromkeys(row["network"] for row in rows)), rows)


def _loss(store: ResultStore, rows: list[dict[str, Any]]) -> str:
    del store
    return stages_chart(rows)


KINDS: dict[str, Callable[[str, str, Path | None], Figure]] = {
    "yield": _of_run(_programmed(_yield)),
    "error": _of_run(_programmed(_error)),
    "convergence": _of_run(_programmed(_convergence)),
    **{name: _of_run(_experiment) for name in ("iv", "endurance", "retention")},
    "accuracy": _of_sweep(_accuracy),
    "loss": _of_sweep(_loss),
    "confusion": _confusion,
    "wear": _wear,
}
"""Of each plot, what draws it from its source."""
