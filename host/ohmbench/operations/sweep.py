"""`ohmbench sweep` and `ohmbench report`: compute the points of a file, and show what is computed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.bench.opening import SIMULATED
from ohmbench.errors import OhmbenchError, UsageError
from ohmbench.lab.setup import Setup
from ohmbench.lab.supply import powered
from ohmbench.model.array import OF_THE_CARRIER, PRESETS, default_params, describe_params
from ohmbench.progress import Progress
from ohmbench.report.sweep import render_sweep
from ohmbench.report.sweep_table import save_table
from ohmbench.support.notebook import facts, table
from ohmbench.support.text_files import read_text
from ohmbench.sweep import engine
from ohmbench.sweep.config import SweepConfig
from ohmbench.sweep.expectation import Expectation, require
from ohmbench.sweep.export import FORMATS, export
from ohmbench.sweep.networks import Refused
from ohmbench.sweep.points import Point, chosen, expand, of_data
from ohmbench.sweep.run import PointBench, SweepRun, run_sweep
from ohmbench.sweep.sources import Places
from ohmbench.sweep.store import ResultStore
from ohmbench.sweep.varying import said, varying


@dataclass(frozen=True)
class SweepResult:
    """The rows of a sweep's points, and what it took to have them."""

    path: Path
    rows: list[dict[str, Any]]
    run: SweepRun

    def __repr__(self) -> str:
        return f"SweepResult({len(self.rows)} points, {self.run.computed} computed now, {self.path})"

    def _repr_html_(self) -> str:
        """What varies and what came out, a line a point."""
        return facts(repr(self), {}, table(self.rows, ["point", *varying(self.rows), "cells", "accuracy"]))

    def summary(self) -> dict[str, Any]:
        return {
            "results": str(self.path),
            "points": len(self.rows),
            "computed": self.run.computed,
            "kept": self.run.kept,
            "refused": [{"what": r.what, "why": r.why} for r in self.run.refused],
            "rows": self.rows,
        }

    def describe(self) -> str:
        names = varying(self.rows)
        lines = [f"{row['point']}  {_percent(row['accuracy']):>8}  {said(row, names)}".rstrip() for row in self.rows]
        lines += [f"refused: {r.what}: {r.why}" for r in self.run.refused]
        lines.append(f"{self.run.computed} points computed, {self.run.kept} were there already: {self.path}")
        return "\n".join(lines)

    def check(self, expectations: Sequence[Expectation]) -> None:
        """Raise what the command ends with.

        Raises:
            OhmbenchError: a network or a point cannot be; with the exit code of the first.
            ExpectationError: a result is not as expected.
        """
        if self.run.refused:
            first = self.run.refused[0]
            raise _refusal(first, len(self.run.refused))
        require(expectations, self.rows)


def parameters() -> dict[str, float]:
    """Parameters of the array model, which a sweep may vary as `params.NAME`, and their defaults."""
    return default_params()


def parameters_text() -> str:
    """The same with units and sources: the preset of the defaults, as it is written."""
    values, about = default_params(), describe_params()
    carrier = [f"{name} = {values[name]!r}  # {about[name][0]}; {about[name][1]}" for name in OF_THE_CARRIER]
    return "\n".join([read_text(PRESETS / "a.toml").rstrip(), *carrier])


def _refusal(first: Refused, count: int) -> OhmbenchError:
    error = OhmbenchError(
        f"{count} of the networks and points cannot be computed. The first is {first.what}: {first.why} The others are "
        "kept."
    )
    error.exit_code = first.exit_code
    return error


def plan(config: Path, only: Sequence[str] = (), folder: Path | None = None) -> tuple[SweepConfig, list[Point]]:
    """A file and its points, or those whose keys begin as `only` says.

    Args:
        folder: of MNIST's files: what is in them is part of a point's key.

    Raises:
        DataError: the file makes no sense, or a data set or a network's file is missing or damaged.
        UsageError: `only` fits no point, or a network does not fit its data.
    """
    checked = SweepConfig.load(config)
    return checked, chosen(of_data(expand(checked), Places(folder, config.parent)), only)


def sweep(
    config: SweepConfig,
    points: Sequence[Point],
    results: Path,
    progress: Progress,
    *,
    port: str = "twin",
    only: bool = False,
    jobs: int | None = None,
    scheduler: str | None = None,
    folder: Path | None = None,
) -> SweepResult:
    """Compute what is not in `results` yet; a board has the carrier, its calibration and the supply of the settings.

    Args:
        only: points were named one by one.
        jobs: processes on this computer; None: as many as it has cores.
        scheduler: address of a Dask scheduler, in place of processes.

    Raises:
        UsageError: a whole sweep for a board, or processes or a scheduler for a port that one process has.
        PortError: no scheduler, or no board, is there.
        DataError: a data set, or a board's carrier or supply file, is missing or damaged.
        InstrumentError: no such supply, or it does not give what it should.
        StoreError: results cannot be written.
    """
    if port not in SIMULATED and not only:
        raise UsageError(f"A whole sweep would wear the array on {port}.", "Name points with --only.")
    if port != "twin" and (scheduler is not None or jobs not in (None, 1)):
        raise UsageError(f"--dask and --jobs are for the twin: {port} is one bench.", "Leave them out.")
    count = 1 if port != "twin" else jobs or os.cpu_count() or 1
    opened: AbstractContextManager[engine.Engine] = engine.local(count) if scheduler is None else engine.dask(scheduler)
    setup = Setup(port)
    bench = PointBench(port, carrier=None if setup.is_simulated else setup.carrier())
    with (
        opened as compute,
        ResultStore.open(results, make=True) as store,
        powered(setup.supply(), progress),
    ):
        places = Places(folder, config.path.parent)
        run = run_sweep(config, points, store, compute, bench=bench, places=places, progress=progress, jobs=count)
        keys = {point.key for point in points}
        rows = [row for row in store.rows() if row["point"] in keys and row["rung"] == bench.rung]
    return SweepResult(results, rows, run)


def report(results: Path, output: Path) -> dict[str, Any]:
    """Write the results as a page (.html), as means over seeds (.md) or as a table (.csv, .parquet, .h5).

    Raises:
        StoreError: there are no results, or the file cannot be read.
        UsageError: another suffix, a library is missing, or the output cannot be written.
    """
    if output.suffix not in {".html", ".md", *FORMATS}:
        raise UsageError(f"{output} has no suffix of a page or a table.", f"Give .html, .md, {', '.join(FORMATS)}.")
    with ResultStore.open(results) as store:
        rows = store.rows()
        if not rows:
            raise UsageError(f"{results} has no points yet.", "Let `ohmbench sweep` compute one.")
        if output.suffix == ".html":
            render_sweep(rows, dict(store.confusions()), store.configs(), output)
        elif output.suffix == ".md":
            save_table(rows, output)
        else:
            export(rows, output)
    return {"points": len(rows), "written": str(output)}


def listing(points: Sequence[Point]) -> str:
    """A line a point: its key, and what tells it from the others."""
    params = sorted({name for point in points for name in point.changed})
    rows = [point.settings() | {name: point.params[name] for name in params} for point in points]
    names = varying(rows)
    return "\n".join(f"{p.key}  {said(row, names)}".rstrip() for p, row in zip(points, rows, strict=True))


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
