"""`ohmbench program`: the arrays of a weight image, one after the other, with a record of every cell."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmbench import __version__
from ohmbench.bench.base import Bench
from ohmbench.errors import ArrayState, FaultError, LinkError, NotConvergedError, StoreError
from ohmbench.lab.ledger import Ledgered
from ohmbench.operations.expected import programming
from ohmbench.operations.program_plan import Job
from ohmbench.programming.result import ArrayResult
from ohmbench.programming.run import ArrayRun, Standing
from ohmbench.progress import Progress
from ohmbench.record.journal import PROGRAM, Journal, last_programming
from ohmbench.record.names import RunStatus
from ohmbench.record.records import RunRecord
from ohmbench.record.store import Run
from ohmbench.report.live import ProgramReport
from ohmbench.report.program import ImageState, ProgramInfo
from ohmbench.tables import CLOCK_HZ

Summary = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Programmed:
    """What a command did to an array: results by number of the image's array, in the order programmed.

    Attributes:
        cycles: run time in clocks, reads and rails included; rests not.
        resumed: the run that was resumed.
    """

    rung: str
    job: Job
    arrays: Mapping[int, ArrayResult]
    cycles: int
    serial: str | None = None
    resumed: RunRecord | None = None

    def _cells(self, name: str) -> npt.NDArray[Any]:
        parts = [getattr(a.records, name)[a.records.mask] for a in self.arrays.values()]
        return np.concatenate(parts) if parts else np.zeros(0)

    @property
    def cells(self) -> int:
        """Cells to program, the skipped ones left out."""
        return sum(int(np.count_nonzero(a.records.mask)) for a in self.arrays.values())

    @property
    def converged_fraction(self) -> float:
        """Share of the cells that ended in their window; 1 if there was none to program."""
        converged = self._cells("inside")
        return float(np.mean(converged)) if converged.size else 1.0

    def summary(self) -> Summary:
        pulses = self._cells("pulses")
        status = [name for a in self.arrays.values() for row in a.named_status() for name in row]
        return {
            "rung": self.rung,
            "serial": self.serial,
            "images": list(self.arrays),
            "runs": [a.run_id for a in self.arrays.values()],
            "resumed_run": None if self.resumed is None else self.resumed.id,
            "cells": self.cells,
            "found_in_window": sum(int(np.count_nonzero(a.found_inside)) for a in self.arrays.values()),
            **{name: status.count(name) for name in ("converged", "untouched", "failed", "skipped")},
            "converged_fraction": self.converged_fraction,
            "pulses": int(pulses.sum()),
            "pulses_per_cell": float(np.mean(pulses)) if pulses.size else 0.0,
            "pulses_max": int(pulses.max(initial=0)),
            "run_cycles": self.cycles,
            "bench_time_s": self.cycles / CLOCK_HZ,
            "passes": [[dataclasses.asdict(note) for note in a.passes] for a in self.arrays.values()],
            "records": [a.as_lists() for a in self.arrays.values()],
        }

    def describe(self) -> str:
        if self.resumed is not None and self.job.is_done:
            run = self.resumed
            return (
                f"nothing to resume: run {run.id} of image {run.image_number} is done, "
                f"since {run.ended:%Y-%m-%d %H:%M} UTC; no pulse was sent"
            )
        s = self.summary()
        lines = [
            f"{s['cells']} cells programmed ({self.rung}), {100 * s['converged_fraction']:.2f} % in their window",
            f"{s['found_in_window']} were in it before, {s['failed']} failed, {s['skipped']} bad cells left out",
            f"{s['pulses_per_cell']:.1f} pulses a cell, at most {s['pulses_max']}",
            f"{1e3 * s['bench_time_s']:.1f} ms of bench time",
        ]
        for number, result in self.arrays.items():
            if len(result.passes) > 1:
                outside = ", ".join(str(note.outside) for note in result.passes)
                lines.append(f"array {number}: {outside} cells outside of their window when each pass began")
        if self.serial is not None:
            lines.append(f"recorded for array {self.serial} as run {', '.join(map(str, s['runs']))}")
        return "\n".join(lines)

    def require(self, share: float) -> None:
        """Raises:
        NotConvergedError: fewer cells converged.
        """
        if self.converged_fraction < share:
            raise NotConvergedError(
                f"Only {100 * self.converged_fraction:.2f} % of the cells ended in their window, {100 * share:g} % "
                "were required.",
                "Widen the window or allow more rounds in the recipe, or look for stuck cells with `ohmbench read`.",
                array=ArrayState.PROGRAMMED,
            )


@dataclass
class _Session:
    """The arrays of one command."""

    bench: Bench
    job: Job
    progress: Progress
    ledgered: Ledgered | None
    report: ProgramReport | None = None
    results: dict[int, ArrayResult] = field(default_factory=dict)

    @contextmanager
    def journal(self, number: int) -> Iterator[Journal]:
        if self.ledgered is None:
            yield Journal(None)
            return
        with self._recorded(self.ledgered, number) as run:
            try:
                yield Journal(run)
            except (LinkError, FaultError, StoreError, KeyboardInterrupt) as error:
                error.add_note(
                    f"Run {run.id} on array {self.ledgered.serial} is unfinished; what was done is recorded. Give the "
                    "same command with --resume to go on."
                )
                raise

    def _recorded(self, ledgered: Ledgered, number: int) -> Run:
        job, store, serial = self.job, ledgered.store, ledgered.serial
        if job.resumed is not None and job.resumed.image_number == number and job.resumed.status != RunStatus.DONE:
            self.progress.say(f"resuming run {job.resumed.id} on array {serial}")
            return store.reopen(job.resumed.id, serial, lambda: self.bench.pulse_programs, self.bench.count_reads())
        return store.begin_run(
            PROGRAM,
            serial,
            rung=self.bench.info.rung,
            mask=np.zeros_like(job.skip),
            pulses=0,
            image_sha256=job.file.sha256,
            image_number=number,
            recipe=dataclasses.asdict(job.recipe),
            provenance={
                **self.bench.provenance,
                "file": job.file.path.name,
                "recipe": job.recipe_name,
                "images": job.numbers,
                "max_level": job.image.max_level,
                "skipped": np.argwhere(job.skip).tolist(),
            },
            sent=lambda: self.bench.pulse_programs,
            reads=self.bench.count_reads(),
        )

    def program(self, number: int) -> None:
        job, target = self.job, self.job.target(number)

        targets_usiemens = job.recipe.targets_usiemens(target.levels, target.max_level)

        def watch(standing: Standing) -> None:
            if self.report is not None:
                self.report.update(number, ImageState(targets_usiemens, target.skipped, standing))

        with self.journal(number) as journal:
            self.results[number] = ArrayRun(self.bench, target, job.recipe, journal, self.progress, watch).run()


def program(
    bench: Bench, job: Job, progress: Progress, ledgered: Ledgered | None = None, report: Path | None = None
) -> Programmed:
    """Program the arrays of a job one after the other, and record what becomes of every cell.

    Args:
        report: file of a page that shows the run while it goes on.

    Raises:
        ImageError: the image does not fit the bench.
        UsageError: the report cannot be written, or the carrier does not allow the recipe or so many levels.
        CheckError: reading does not work.
        DataError: no cell of the first rows moved.
        WearError: a cell's budget could be passed; it was not pulsed.
        StoreError: the record cannot be written; the array is off.
        FaultError: the guard turned the array off.
    """
    job.image.check_fits(bench.info)
    bench.require_levels(job.image.max_level)
    bench.require_ready(job.recipe.limits())
    job = job.on(bench.carrier)
    if ledgered is not None:
        ledgered.register(bench.info)
        if job.resumed is None:
            _say_unfinished(ledgered, job.file.sha256, progress)
    serial = None if ledgered is None else ledgered.serial
    session = _Session(bench, job, progress, ledgered)
    before = bench.state().run_cycles
    with ExitStack() as stack:
        if report is not None:
            session.report = stack.enter_context(ProgramReport(report, _info(bench, job, serial)))
        progress.expect("program", programming(len(job.numbers), job.recipe))
        for number in job.numbers:
            session.program(number)
        cycles = bench.state().run_cycles - before
        if session.report is not None:
            wear = None if ledgered is None else ledgered.store.wear(ledgered.serial)
            budget = None if ledgered is None else ledgered.recorded_budget()
            total = None if wear is None else wear.total
            charged = 0 if wear is None else int(wear.reserved.flat[int(wear.total.argmax())])
            session.report.finish(bench_s=cycles / CLOCK_HZ, wear=total, budget=budget, charged=charged)
    return Programmed(bench.info.rung, job, session.results, cycles, serial, job.resumed)


def _info(bench: Bench, job: Job, serial: str | None) -> ProgramInfo:
    return ProgramInfo(
        bench.info.rung,
        serial or "not recorded",
        job.recipe_name,
        job.recipe.window_usiemens,
        job.recipe.codes_per_siemens * 1e-6,
        tuple(job.numbers),
        job.image.images,
        job.recipe.passes,
        {
            "ohmbench": __version__,
            "image": job.file.path.name,
            "image sha256": job.file.sha256,
            "port": bench.info.port,
            "build": f"{bench.info.build_id:08x}",
            **job.image.provenance,
        },
    )


def _say_unfinished(ledgered: Ledgered, sha256: str, progress: Progress) -> None:
    run = last_programming(ledgered.store, ledgered.serial, sha256)
    if run is not None and run.status != RunStatus.DONE and run.most_pulses:
        progress.say(
            f"run {run.id} of this image on array {ledgered.serial} is unfinished; this run begins again, and cells in "
            f"their window get no pulse (--resume continues run {run.id})"
        )


def already_done(job: Job) -> Programmed:
    """The result of resuming a run that is done: nothing."""
    assert job.resumed is not None
    return Programmed(job.resumed.rung, job, {}, 0, job.resumed.serial, job.resumed)
