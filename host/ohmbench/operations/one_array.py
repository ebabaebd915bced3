"""`ohmbench demo --one-array`: the network of docs/one-array.md, all of its layers on one array, on MNIST."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ohmbench.inference.exact import predict
from ohmbench.lab.setup import Setup
from ohmbench.mapping.data_sets import dataset_of
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import share_right
from ohmbench.operations.demo import Demo, Job, through_array
from ohmbench.operations.image_file import SHIPPED, ImageFile
from ohmbench.operations.result import Noted
from ohmbench.progress import Progress
from ohmbench.support.array_types import IntArray

IMAGE = SHIPPED / "one-array.ohmw"
TRIM_INPUTS = 2000


def run_one_array(
    setup: Setup, progress: Progress, *, count: int, folder: Path | None = None, started: float | None = None
) -> Noted[Demo]:
    """Take the shipped network through the array of a bench.

    Args:
        count: test images, the first of MNIST's.
        folder: of MNIST's files; None: OHMBENCH_MNIST.

    Raises:
        DataError: MNIST is missing; the message says where to get it.
        OhmbenchError: as `ohmbench.operations.demo.run_demo`.
    """
    started = time.monotonic() if started is None else started
    file = ImageFile.load(IMAGE)
    recipe, recipe_name = file.recipe(setup.recipe, setup.recipe_name)
    every = dataset_of(file.image, None, folder)
    data = replace(every, test_x=every.test_x[:count], test_y=every.test_y[:count])
    exact = share_right(predict(file.image, data.test_x), data.test_y)
    job = Job(file.image, data, "one-array", None, exact, TRIM_INPUTS)
    with setup.record(progress) as record, setup.bench(progress, record.store) as bench:
        result = through_array(bench, progress, job, recipe, recipe_name, started, record.ledgered)
        pictures = np.rint(255 * np.asarray(data.test_x)[:, 0]).astype(np.int64)
        return Noted(Demo(replace(result, layers=layers_of(file.image), pictures=pictures)), bench.carrier.note)


def layers_of(image: WeightImage) -> IntArray:
    """The layer of each cell (images, rows, columns), -1 for none; of cells of several layers the last one."""
    found = np.full(image.mask.shape, -1, np.int64)
    for tile in image.tiles:
        rows, columns = np.flatnonzero(tile.rows_used(image.rows)), np.flatnonzero(tile.columns_used())
        at = np.ix_(np.array([tile.image]), rows, columns)
        found[at] = np.where(image.mask[at], tile.layer, found[at])
    return found
