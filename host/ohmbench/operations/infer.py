"""`ohmbench infer`: a data set's test images through a programmed network, and how that compares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.checks.before_pulses import check_before_pulses
from ohmbench.errors import UsageError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.inference.exact import classes_of, evaluate, predict
from ohmbench.inference.on_bench import reads_back
from ohmbench.lab.known_bad import cells_left_out
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.recorded_arrays import RecordedArrays, Source
from ohmbench.lab.setup import Setup
from ohmbench.mapping.data_sets import CONTENT, dataset_of
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, share_right
from ohmbench.operations.expected import through_arrays
from ohmbench.operations.image_file import ImageFile, require_own_array
from ohmbench.operations.infer_result import InferResult
from ohmbench.operations.output_errors import OutputErrors
from ohmbench.operations.recognised import line, recognised
from ohmbench.operations.result import Noted
from ohmbench.operations.through_array import through
from ohmbench.operations.trim import (
    TrimRequest,
    held_check,
    held_loader,
    require_held,
)
from ohmbench.operations.twin_check import compare, twin_of
from ohmbench.operations.verify import Check
from ohmbench.programming.recipe import DEFAULT_RECIPE, Recipe
from ohmbench.programming.result import ProgramResult
from ohmbench.progress import Progress
from ohmbench.support.array_types import FloatArray, Mask

INFER = "infer"
"""Kind of the runs that record what was programmed."""


def load_test_set(image: WeightImage, name: str | None, folder: Path | None, count: int | None) -> Dataset:
    """The data set of an image, as `dataset_of`; checked before a bench is opened.

    Raises:
        UsageError: more images asked for than there are, or none.
        ImageError, DataError: as `dataset_of`.
    """
    data = dataset_of(image, name, folder)
    if count is not None and not 1 <= count <= len(data.test_x):
        raise UsageError(f"--images {count}: the test set has 1 to {len(data.test_x)}.")
    return data


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
    trim: TrimRequest | None = None,
    held: Check | None = None,
    after_s: float = 0.0,
    skip: Mask | None = None,
) -> InferResult:
    """Program an image and run its test images, or the first of them, through the array.

    Each array of the image is programmed once, and all images pass it before the next one.

    Args:
        twin: do the same on the twin with this array, which must be as the bench's was, and compare all codes.
        ledgered: where it is recorded which image the array holds, and its pulses.
        recipe_name: how the operator calls the recipe; None: it is the default one.
        trim: correct what the array does wrong, beside the raw result.
        held: the array holds the image: it is not programmed.
        after_s: rest of bench time between programming and the inputs.
        skip: cells (rows, columns) that are left out as bad.

    Raises:
        ImageError: it does not fit the bench.
        DataError: it is laid out around the faults of another array.
        WearError: a cell's budget could be passed.
        StoreError: the record cannot be written; the array is off.
        FaultError: the guard turned the array off.
        UsageError, DataError: as `run_trimmed`.
    """
    image = file.image
    require_own_array(image, None if ledgered is None else ledgered.serial, progress)
    if reads_back(bench):
        progress.say("this carrier converts one column at a time: the cells are read back, and the host sums")
    inputs, labels = data.test_x[:count], data.test_y[:count]
    fitted = None if trim is None else trim.count or 0
    progress.expect("infer", through_arrays(image, recipe, len(inputs), fitted, is_held=held is not None))
    with RecordedArrays(
        bench,
        recipe,
        progress,
        ledgered,
        INFER,
        Source(file.sha256, file.path.name, recipe_name or DEFAULT_RECIPE),
        skip=skip,
        held=None if held is None or ledgered is None else held_loader(bench, held, ledgered),
        judge=None if data.targets is not None else lambda raw: recognised(data.name, labels, raw),
    ) as arrays:
        found = through(bench, file, data, recipe, inputs, arrays, progress, trim, ledgered, after_s, twin is not None)
        outputs = None
        if data.targets is not None:
            trimmed = None if found.trimmed is None else _flat(found.trimmed)
            exact = _flat(evaluate(image, inputs))
            before = _said_before(image, data, "rmse_float")
            outputs = OutputErrors(data.targets[:count], exact, _flat(found.raw), trimmed, before)
            arrays.came_to(outputs.line(data.name), {"dataset": data.name, "images": len(inputs), **outputs.summary()})
        else:
            numbers = recognised(data.name, labels, found.raw, found.trimmed)
            arrays.came_to(line(numbers), numbers)
    check = None
    if twin is not None:
        progress.say("running the same on the twin")
        with open_bench("twin", array=twin) as other:
            other.carrier = replace(other.carrier, self_check=bench.carrier.self_check)
            check_before_pulses(other)  # as the other one did: it moves the noise
            source = Source(file.sha256, None, DEFAULT_RECIPE)
            at_once = RecordedArrays(other, recipe, None, None, INFER, source)
            same = through(other, file, data, recipe, inputs, at_once, None, trim, None, after_s, True)
        check = compare(found, same, labels)
    return InferResult(
        bench.info.rung,
        data.name,
        labels,
        classes_of(found.raw) if outputs is None else labels,
        ProgramResult(bench.info.rung, found.run.records),
        found.run.program_cycles,
        found.run.infer_cycles,
        _said_before(image, data, "accuracy_float"),
        share_right(predict(image, inputs), labels) if outputs is None else None,
        data.content,
        image.provenance.get(CONTENT) == data.content,
        check,
        None if found.trimmed is None or outputs is not None else classes_of(found.trimmed),
        found.trim,
        outputs=outputs,
    )


def _said_before(image: WeightImage, data: Dataset, key: str) -> float | None:
    """What the image says that the network reached before quantisation, unless it says it of other data."""
    said = image.provenance.get(key)
    of_these = image.provenance.get(CONTENT) in (None, data.content)
    return float(said) if of_these and isinstance(said, int | float) else None


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(len(values), -1)


def infer_file(
    setup: Setup,
    path: Path,
    progress: Progress,
    *,
    data: str | None = None,
    folder: Path | None = None,
    count: int | None = None,
    twin: bool = False,
    trim: TrimRequest | None = None,
    program: bool = True,
    after_s: float = 0.0,
    fault_map: FaultMap | None = None,
    known_bad: bool = True,
) -> Noted[InferResult]:
    """Program the weight image in a file and run its test images through the array.

    Args:
        data: name of the data set; None: what the image was made for.
        folder: of MNIST's files; None: OHMBENCH_MNIST.
        count: only the first so many images.
        twin: the same on the twin, and compare all codes.
        trim: correct what the array does wrong, beside the raw result.
        program: False takes the array as it is; the record must say that it holds the image.
        after_s: rest of bench time between programming and the inputs.
        fault_map, known_bad: as `cells_left_out` takes them.

    Raises:
        UsageError: `count`, `twin`, `trim` or `program` makes no sense here.
        ImageError, DataError: the image, its data set or a trimming is missing, damaged or of another array.
        OhmbenchError: as `Setup.record`, `Setup.bench` and `infer`.
    """
    file = ImageFile.load(path)
    recipe, recipe_name = file.recipe(setup.recipe, setup.recipe_name)
    compared = twin_of(setup.port, setup.array) if twin else None
    test_set = load_test_set(file.image, data, folder, count)
    if trim is not None:
        trim.fit_to(file.image, test_set)
    with setup.record(progress) as record:
        held = None if program else require_held(file, record.ledgered)
        if trim is not None:
            owned = trim.owned(file, record.ledgered)
            if owned is not None and held is None:
                held = held_check(file, record.ledgered)  # programming again would make it stale
        shape = (file.image.rows, file.image.columns)
        said = progress if held is None else None
        skip = cells_left_out(shape, fault_map, record.ledgered, said, known=known_bad, serial=setup.serial)
        with setup.bench(progress, record.store) as bench:
            result = infer(
                bench,
                file,
                test_set,
                recipe if held is None else held.recipe,
                progress,
                count,
                compared,
                record.ledgered,
                recipe_name,
                trim,
                held,
                after_s,
                skip,
            )
            if trim is None and (held is not None or after_s):
                result = replace(result, hint=f"trimming wins back {file.trim_again}")
            return Noted(result, bench.carrier.note)
