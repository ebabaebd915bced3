"""What `ohmbench program` is asked to do: which arrays of an image, how, and what the record says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import UsageError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.lab.known_bad import cells_left_out
from ohmbench.lab.ledger import Ledgered
from ohmbench.mapping.image import WeightImage
from ohmbench.operations.image_file import ImageFile, require_own_array
from ohmbench.programming.recipe import DEFAULT_RECIPE, Recipe
from ohmbench.programming.resume import recipe_of
from ohmbench.programming.run import Target
from ohmbench.programming.window import ConductanceWindow
from ohmbench.progress import Progress
from ohmbench.record.journal import (
    images_left,
    nothing_to_resume,
    run_to_resume,
    skipped_of,
)
from ohmbench.record.names import RunStatus
from ohmbench.record.records import RunRecord
from ohmbench.support.array_types import Mask


@dataclass(frozen=True, eq=False)
class Job:
    """What is to be programmed and how, checked as far as it can be without a bench.

    Attributes:
        numbers: arrays of the image, in the order in which they are to be programmed.
        recipe_name: how the operator calls the recipe.
        skip: cells (rows, columns) that are left out as bad.
        resumed: the run to resume.
    """

    file: ImageFile
    numbers: list[int]
    recipe: Recipe
    skip: Mask
    resumed: RunRecord | None = None
    recipe_name: str = DEFAULT_RECIPE

    @property
    def image(self) -> WeightImage:
        return self.file.image

    def on(self, carrier: Carrier) -> Self:
        """The job without the cells on bad lines of a carrier."""
        return replace(self, skip=self.skip | carrier.bad)

    @property
    def is_done(self) -> bool:
        """Whether the run to resume has nothing left to do."""
        return not self.numbers

    def target(self, number: int) -> Target:
        return Target.of(self.image, number, self.skip)


def plan(
    file: ImageFile,
    *,
    only: int | None = None,
    recipe: Recipe | None = None,
    fault_map: FaultMap | None = None,
    ledgered: Ledgered | None = None,
    serial: str | None = None,
    resume: bool = False,
    recipe_name: str | None = None,
    window: ConductanceWindow | None = None,
    progress: Progress | None = None,
    known_bad: bool = True,
) -> Job:
    """What a command asks for, with what the record says of the run to resume.

    Args:
        recipe: None for the default one, or the one of the run to resume.
        fault_map: stuck and unformed cells are left out; None: those that the run to resume left out, or that the
            array's last characterisation found.
        known_bad: False pulses what only the characterisation found bad.
        serial: of the array in the socket, where it has one but no record.

    Raises:
        UsageError, DataError, StoreError: it makes no sense; nothing was sent.
    """
    image = file.image
    serial = serial if ledgered is None else ledgered.serial
    require_own_array(image, serial, progress)
    numbers = file.numbers(only)
    said = None if resume else progress
    skip = cells_left_out((image.rows, image.columns), fault_map, ledgered, said, known=known_bad, serial=serial)
    run: RunRecord | None = None
    if resume:
        if ledgered is None and serial is not None:
            raise nothing_to_resume(serial)
        if ledgered is None:
            raise UsageError(
                "Nothing to resume: the runs of a simulated array that is not kept in a file are not recorded.",
                "Start without --resume, and give --array FILE to keep the array.",
            )
        run = run_to_resume(ledgered.store, ledgered.serial, file.sha256, only)
        begun_with = recipe_of(run)
        if recipe is not None and recipe != begun_with:
            raise UsageError(
                f"Run {run.id} was begun with another recipe.",
                "Leave --recipe, --passes and --rest out to resume it, or start without --resume.",
            )
        recipe, recipe_name = begun_with, str(run.provenance.get("recipe", DEFAULT_RECIPE))
        skip = skipped_of(run, image.rows, image.columns) if fault_map is None else skip
        if only is None:
            numbers = images_left(run)
        elif run.status == RunStatus.DONE:
            numbers = []
    recipe, recipe_name = file.recipe(recipe, recipe_name)
    if window is not None and numbers:
        levels = np.unique(np.concatenate([image.levels[n][image.mask[n]] for n in numbers]))
        window.require(recipe, levels, image.max_level)
    return Job(file, numbers, recipe, skip, run, recipe_name)
