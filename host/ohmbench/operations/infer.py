"""`ohmbench infer`: a data set's test images through a programmed network, and how that compares."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.errors import UsageError
from ohmbench.inference.exact import predict
from ohmbench.inference.on_bench import Inference
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.ledgered import Source, recorded_loader
from ohmbench.lab.setup import Setup
from ohmbench.mapping.data_sets import CONTENT, dataset_of
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, share_right
from ohmbench.operations.image_file import ImageFile, require_own_array
from ohmbench.operations.result import Noted
from ohmbench.programming.recipe import DEFAULT_RECIPE, Recipe
from ohmbench.programming.result import ProgramResult
from ohmbench.progress import Progress
from ohmbench.support.array_types import IntArray
from ohmbench.tables import CLOCK_HZ

INFER = "infer"
"""Kind of the runs that record what was programmed."""


@dataclass(frozen=True, eq=False)
class TwinCheck:
    """The same images on the twin.

    Attributes:
        codes: results that were compared.
        differ: how many of them differ.
    """

    accuracy: float
    codes: int
    differ: int
    same_cycles: bool


@dataclass(frozen=True, eq=False)
class InferResult:
    """Test images through the array, and through the same integers without one.

    Attributes:
        accuracy_float: of the network before quantisation over its whole test set, if the image's provenance has it.
        accuracy_quantised: of the image in exact integers, over these images.
        content: of the data set, as `Dataset.content` has it.
        data_known: the image says that it was made of these data; one of an ohmbench of old does not say.
    """

    rung: str
    dataset: str
    labels: IntArray
    predictions: IntArray
    programmed: ProgramResult
    program_cycles: int
    infer_cycles: int
    accuracy_float: float | None
    accuracy_quantised: float
    content: str
    data_known: bool
    twin: TwinCheck | None = None

    @property
    def accuracy(self) -> float:
        return share_right(self.predictions, self.labels)

    def summary(self) -> dict[str, Any]:
        twin = (
            {}
            if self.twin is None
            else {
                "accuracy_twin": self.twin.accuracy,
                "codes_compared": self.twin.codes,
                "codes_that_differ": self.twin.differ,
                "cycles_equal": self.twin.same_cycles,
            }
        )
        return {
            "rung": self.rung,
            "dataset": self.dataset,
            CONTENT: self.content,
            "data_known": self.data_known,
            "images": len(self.labels),
            "accuracy": self.accuracy,
            "accuracy_float": self.accuracy_float,
            "accuracy_quantised": self.accuracy_quantised,
            **twin,
            "converged_fraction": self.programmed.converged_fraction,
            "program_time_s": self.program_cycles / CLOCK_HZ,
            "infer_time_s": self.infer_cycles / CLOCK_HZ,
            "predictions": self.predictions.tolist(),
        }

    def describe(self) -> str:
        s = self.summary()
        beside = [f"{100 * self.accuracy_quantised:.2f} % in exact integers"]
        if self.accuracy_float is not None:
            beside.append(f"{100 * self.accuracy_float:.2f} % in floating point (its whole test set)")
        lines = [
            f"{100 * self.accuracy:.2f} % of {s['images']} images of {self.dataset} recognised ({self.rung})",
            ", ".join(beside),
            f"{100 * s['converged_fraction']:.2f} % of {self.programmed.cells} cells in their window",
            f"{s['program_time_s']:.3f} s programming, {s['infer_time_s']:.3f} s inference, bench time",
        ]
        if not self.data_known:
            lines.append("the image does not say which data it was made of: these may be others")
        if self.twin is not None:
            differ = f"{self.twin.differ} of {self.twin.codes} codes differ" if self.twin.differ else "all codes equal"
            clocks = "the same clocks" if self.twin.same_cycles else "other clocks"
            lines.append(f"twin: {100 * self.twin.accuracy:.2f} %, {differ}, {clocks}")
        return "\n".join(lines)


def load_test_set(image: WeightImage, name: str | None, folder: Path | None, count: int | None) -> Dataset:
    """The data set of an image, as `dataset_of`; checked before a bench is opened.

    Raises:
        UsageError: more images asked for than there are, or none.
        ImageError, DataError: as `dataset_of`.
    """
    data = dataset_of(image, name, folder)
    if count is not None and not 1 <= count <= len(data.test_y):
        raise UsageError(f"--images {count}: the test set has 1 to {len(data.test_y)}.")
    return data


def twin_of(port: str, array: SimulatedArray | None) -> SimulatedArray:
    """The array for the twin that is to do what the simulator does.

    Raises:
        UsageError: the port is another one, or its array is in a file and has a past.
    """
    same = array or SimulatedArray()
    if port != "sim" or same.file is not None:
        raise UsageError(
            "--twin compares a new array behind --port sim with the twin.",
            "Leave it out for other ports and for an array in a file.",
        )
    return same


def infer(
    bench: Bench,
    file: ImageFile,
    data: Dataset,
    recipe: Recipe,
    progress: Progress,
    count: int | None = None,
    twin: SimulatedArray | None = None,
    ledgered: Ledgered | None = None,
    recipe_name: str | None = None,
) -> InferResult:
    """Program an image and run its test images, or the first of them, through the array.

    Each array of the image is programmed once, and all images pass it before the next one.

    Args:
        twin: do the same on the twin with this array, which must be as the bench's was, and compare all codes.
        ledgered: where it is recorded which image the array holds, and its pulses.
        recipe_name: how the operator calls the recipe; None: it is the default one.

    Raises:
        ImageError: it does not fit the bench.
        DataError: it is laid out around the faults of another array.
        WearError: a cell's budget could be passed.
        StoreError: the record cannot be written; the array is off.
        FaultError: the guard turned the array off.
    """
    image = file.image
    require_own_array(image, None if ledgered is None else ledgered.serial, progress)
    inputs, labels = data.test_x[:count], data.test_y[:count]
    codes: dict[int, IntArray] = {}
    source = Source(file.sha256, file.path.name, recipe_name or DEFAULT_RECIPE)
    load = recorded_loader(bench, recipe, progress, ledgered, INFER, source)
    run = Inference(bench, recipe, progress, codes.__setitem__, load)
    predictions = run.predict(image, inputs)
    check = None
    if twin is not None:
        progress.say("the same on the twin")
        check = _check(twin, image, inputs, labels, recipe, run, codes)
    said = image.provenance.get("accuracy_float")
    return InferResult(
        bench.info.rung,
        data.name,
        labels,
        predictions,
        ProgramResult(bench.info.rung, run.records),
        run.program_cycles,
        run.infer_cycles,
        float(said) if isinstance(said, int | float) else None,
        share_right(predict(image, inputs), labels),
        data.content,
        CONTENT in image.provenance,
        check,
    )


def _check(
    array: SimulatedArray,
    image: WeightImage,
    inputs: IntArray,
    labels: IntArray,
    recipe: Recipe,
    other: Inference,
    codes: dict[int, IntArray],
) -> TwinCheck:
    differ = 0

    def compare(tile: int, found: IntArray) -> None:
        nonlocal differ
        differ += int(np.count_nonzero(found != codes[tile]))

    with open_bench("twin", array=array) as bench:
        run = Inference(bench, recipe, on_codes=compare)
        predictions = run.predict(image, inputs)
    same = (run.program_cycles, run.infer_cycles) == (other.program_cycles, other.infer_cycles)
    return TwinCheck(share_right(predictions, labels), sum(c.size for c in codes.values()), differ, same)


def infer_file(
    setup: Setup,
    path: Path,
    progress: Progress,
    *,
    data: str | None = None,
    folder: Path | None = None,
    count: int | None = None,
    twin: bool = False,
) -> Noted[InferResult]:
    """Program the weight image in a file and run its test images through the array.

    Args:
        data: name of the data set; None: what the image was made for.
        folder: of MNIST's files; None: OHMBENCH_MNIST.
        count: only the first so many images.
        twin: the same on the twin, and compare all codes.

    Raises:
        UsageError: `count` or `twin` makes no sense here.
        ImageError, DataError: the image, or its data set, is missing or damaged.
        OhmbenchError: as `Setup.record`, `Setup.bench` and `infer`.
    """
    file, recipe = ImageFile.load(path), setup.recipe or Recipe()
    compared = twin_of(setup.port, setup.array) if twin else None
    test_set = load_test_set(file.image, data, folder, count)
    with setup.record(progress) as record, setup.bench(progress, record.store) as bench:
        result = infer(bench, file, test_set, recipe, progress, count, compared, record.ledgered, setup.recipe_name)
        return Noted(result, bench.carrier.note)
