"""`ohmbench program`: the weight image in a file, planned with the record open, then programmed or only estimated."""

from __future__ import annotations

from pathlib import Path

from ohmbench.bench.opening import open_bench
from ohmbench.errors import UsageError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.lab.record import Record
from ohmbench.lab.setup import Setup
from ohmbench.operations.estimate import Estimate, estimate
from ohmbench.operations.image_file import ImageFile
from ohmbench.operations.program import Programmed, already_done, program
from ohmbench.operations.program_plan import Job, plan
from ohmbench.operations.result import Noted
from ohmbench.progress import Progress


def program_file(
    setup: Setup,
    path: Path,
    progress: Progress,
    *,
    only: int | None = None,
    fault_map: FaultMap | None = None,
    resume: bool = False,
    report: Path | None = None,
    known_bad: bool = True,
    every: bool = False,
) -> Noted[Programmed]:
    """Program the arrays of a weight image, or resume it.

    Args:
        only: number of the one array to program.
        fault_map: stuck and unformed cells that are left out.
        known_bad: as `plan` takes it.
        every: program all arrays of the image over one real array, one after the other.
        report: file of a page that shows the run while it goes on.

    Raises:
        ImageError: the file is missing or damaged, or does not fit the bench.
        OhmbenchError: as `plan`, `Setup.record`, `Setup.bench` and `program`.
    """
    file = ImageFile.load(path)
    with setup.record(progress) as record:
        if not (every or resume):
            _require_one(setup, file, only)
        job = _plan(setup, file, record, progress, only, fault_map, resume, known_bad)
        if job.is_done:
            return Noted(already_done(job))
        with setup.bench(progress, record.store) as bench:
            result = program(bench, job, progress, record.ledgered, report)
            return Noted(result, bench.carrier.note)


def dry_run(
    setup: Setup,
    path: Path,
    progress: Progress,
    *,
    only: int | None = None,
    fault_map: FaultMap | None = None,
    resume: bool = False,
    known_bad: bool = True,
    every: bool = False,
) -> Estimate | Programmed:
    """Check everything, and say what `program_file` would take; no pulse is sent, and no record is made.

    Returns:
        The estimate, or what is done already.

    Raises:
        ImageError: the file is missing or damaged, or does not fit the bench.
        OhmbenchError: as `plan`, `Setup.record_if_there`, `Setup.carrier`, `open_bench` and `estimate`.
    """
    file = ImageFile.load(path)
    with setup.record_if_there() as record:
        if not (every or resume):
            _require_one(setup, file, only)
        job = _plan(setup, file, record, progress, only, fault_map, resume, known_bad)
        if job.is_done:
            return already_done(job)
        if not setup.is_simulated:
            # it says what array it has, and is not armed; --device is the model of the estimate, not the board's
            with open_bench(setup.port, baud=setup.baud) as bench:
                file.image.check_fits(bench.info)
        carrier = setup.carrier(record.store)
        return estimate(job, setup.nominal(), progress, record.ledgered, setup.budget, carrier)


def _require_one(setup: Setup, file: ImageFile, only: int | None) -> None:
    """A real array holds what was programmed last; the pulses of all others would be for nothing."""
    if only is None and file.image.images > 1 and not setup.is_simulated:
        raise UsageError(
            f"The image has {file.image.images} arrays, and there is one in the socket: each would be programmed over "
            "the one before.",
            f"Give --only N (0 to {file.image.images - 1}), or --all if that is meant.",
        )


def _plan(
    setup: Setup,
    file: ImageFile,
    record: Record,
    progress: Progress,
    only: int | None,
    fault_map: FaultMap | None,
    resume: bool,
    known_bad: bool,
) -> Job:
    return plan(
        file,
        only=only,
        recipe=setup.recipe,
        recipe_name=setup.recipe_name,
        fault_map=fault_map,
        ledgered=record.ledgered,
        serial=setup.serial,
        resume=resume,
        window=setup.window(record.ledgered),
        progress=progress,
        known_bad=known_bad,
    )
