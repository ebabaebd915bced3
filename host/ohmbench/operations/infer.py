"""`ohmbench infer`: a data set's test images through a programmed network, and how that compares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench import __version__
from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.checks.before_pulses import check_before_pulses
from ohmbench.errors import UsageError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.inference.exact import classes_of, evaluate, predict
from ohmbench.inference.loading import Loader, load_at_once
from ohmbench.inference.on_bench import Inference
from ohmbench.lab.known_bad import cells_left_out
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.ledgered import Source, recorded_loader
from ohmbench.lab.setup import Setup
from ohmbench.mapping.data_sets import CONTENT, dataset_of
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, share_right
from ohmbench.operations.expected import inference, programming
from ohmbench.operations.image_file import ImageFile, require_own_array
from ohmbench.operations.output_errors import OutputErrors
from ohmbench.operations.result import Noted
from ohmbench.operations.trim import (
    TrimRequest,
    TrimResult,
    held_check,
    held_loader,
    noting,
    require_held,
    run_trimmed,
)
from ohmbench.operations.verify import Check
from ohmbench.programming.recipe import DEFAULT_RECIPE, Recipe
from ohmbench.programming.result import ProgramResult
from ohmbench.programming.run import policy_of
from ohmbench.progress import Progress, Work
from ohmbench.record.trail import add_result, note
from ohmbench.report.infer import InferReport, render_infer
from ohmbench.report.results import SummaryRow, confusion, percent, seconds
from ohmbench.report.trimming import trimming_section
from ohmbench.support.array_types import FloatArray, IntArray, Mask, NetworkInputs
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

    accuracy: float | None
    codes: int
    differ: int
    same_cycles: bool


@dataclass(frozen=True, eq=False)
class InferResult:
    """Test images through the array, and through the same integers without one.

    Attributes:
        labels, predictions: empty if the network has no classes; then its `outputs` are judged, and accuracies None.
        accuracy_float: of the network before quantisation over its whole test set, if the image's provenance has it.
        accuracy_quantised: of the image in exact integers, over these images.
        content: of the data set, as `Dataset.content` has it.
        data_known: the image says that it was made of these data; one of an ohmbench of old does not say.
        predictions: of the array as it is.
        predictions_trimmed, trim: with its corrections, if it was trimmed, and these.
    """

    rung: str
    dataset: str
    labels: IntArray
    predictions: IntArray
    programmed: ProgramResult
    program_cycles: int
    infer_cycles: int
    accuracy_float: float | None
    accuracy_quantised: float | None
    content: str
    data_known: bool
    twin: TwinCheck | None = None
    predictions_trimmed: IntArray | None = None
    trim: TrimResult | None = None
    hint: str | None = None
    outputs: OutputErrors | None = None

    @property
    def images(self) -> int:
        return len(self.labels) if self.outputs is None else len(self.outputs.targets)

    @property
    def accuracy(self) -> float | None:
        """Of the array as it is."""
        return share_right(self.predictions, self.labels) if self.outputs is None else None

    @property
    def accuracy_trimmed(self) -> float | None:
        return None if self.predictions_trimmed is None else share_right(self.predictions_trimmed, self.labels)

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
            "images": self.images,
            "accuracy": self.accuracy,
            "accuracy_trimmed": self.accuracy_trimmed,
            "accuracy_float": self.accuracy_float,
            "accuracy_quantised": self.accuracy_quantised,
            **({} if self.outputs is None else self.outputs.summary()),
            **twin,
            "converged_fraction": self.programmed.converged_fraction,
            "program_time_s": self.program_cycles / CLOCK_HZ,
            "infer_time_s": self.infer_cycles / CLOCK_HZ,
            "predictions": self.predictions.tolist(),
            "predictions_trimmed": None if self.predictions_trimmed is None else self.predictions_trimmed.tolist(),
            "trimming": None if self.trim is None else self.trim.summary(),
        }

    def describe(self) -> str:
        s = self.summary()
        lines = [
            *self._reached(),
            f"{100 * s['converged_fraction']:.2f} % of {self.programmed.cells} cells in their window",
            f"{s['program_time_s']:.3f} s programming, {s['infer_time_s']:.3f} s inference, bench time",
        ]
        if not self.data_known:
            lines.append("the image does not say that it was made of these data: they may be others")
        if self.twin is not None:
            differ = f"{self.twin.differ} of {self.twin.codes} codes differ" if self.twin.differ else "all codes equal"
            clocks = "the same clocks" if self.twin.same_cycles else "other clocks"
            lines.append(f"twin: {_percent(self.twin.accuracy)}, {differ}, {clocks}")
        if self.trim is not None:
            lines.append(self.trim.describe())
        if self.hint is not None:
            lines.append(self.hint)
        return "\n".join(lines)

    def _reached(self) -> list[str]:
        raw = "" if self.trim is None else ", raw"
        if self.outputs is not None:
            head = f"{self.images} inputs of {self.dataset}, {self.outputs.targets.shape[1]} outputs each ({self.rung})"
            return [head, *(f"{row.name}: {row.value} ({row.note})" for row in self.outputs.rows())]
        beside = [f"{_percent(self.accuracy_quantised)} in exact integers"]
        if self.accuracy_float is not None:
            beside.append(f"{100 * self.accuracy_float:.2f} % in floating point (its whole test set)")
        return [
            f"{_percent(self.accuracy)} of {self.images} images of {self.dataset} recognised ({self.rung}{raw})",
            *([] if self.accuracy_trimmed is None else [f"{100 * self.accuracy_trimmed:.2f} % of them trimmed"]),
            ", ".join(beside),
        ]

    def render(self, path: Path) -> None:
        """Write a page with the accuracies, the confusion matrix and the trimming.

        Raises:
            UsageError: it cannot be written.
        """
        rows, confusions, reached = self._judged()
        section, notices = "", []
        if self.trim is not None:
            section = trimming_section(self.trim.image, self.trim.trimming, self.trim.worst)
            notices = [] if self.trim.stale is None else [f"The trimming is stale: {self.trim.stale}."]
        cells = self.programmed.cells
        rows += [
            SummaryRow("Cells in their window", percent(self.programmed.converged_fraction, 2), f"of {cells}"),
            SummaryRow("Programming", seconds(self.program_cycles / CLOCK_HZ), "bench time"),
            SummaryRow("Inference", seconds(self.infer_cycles / CLOCK_HZ), "bench time"),
        ]
        if self.trim is not None and self.trim.bench_time_s is not None:
            rows.append(SummaryRow("Trimming", seconds(self.trim.bench_time_s), "bench time"))
        origin = {"ohmbench": __version__, "rung": self.rung, "data set": self.dataset, "its content": self.content}
        if self.trim is not None:
            origin |= {"image sha256": self.trim.owned.image_sha256, "array": self.trim.owned.serial or "not recorded"}
        heading = f"{self.dataset}: {reached} through the array"
        render_infer(InferReport(self.rung, heading, rows, confusions, section, notices, origin), path)

    def _judged(self) -> tuple[list[SummaryRow], dict[str, IntArray], str]:
        """Rows and confusions of a page, and the best result in a few words."""
        if self.outputs is not None:
            s = self.outputs.summary()
            best = s["rmse"] if s["rmse_trimmed"] is None else s["rmse_trimmed"]
            return [*self.outputs.rows()], {}, f"an error of {best:.4g}"
        rows = [
            SummaryRow("Accuracy in integers", _percent(self.accuracy_quantised), "as an ideal array gives it"),
            SummaryRow("Accuracy through the array, raw", _percent(self.accuracy), f"of {self.images} test images"),
        ]
        confusions = {"Raw": confusion(self.labels, self.predictions)}
        if self.trim is None or self.predictions_trimmed is None:
            return rows, confusions, _percent(self.accuracy, 1)
        note = f"corrected as {self.trim.trimming.inputs} training inputs of {self.trim.owned.dataset} showed"
        rows.append(SummaryRow("Accuracy through the array, trimmed", _percent(self.accuracy_trimmed), note))
        confusions = {"Trimmed": confusion(self.labels, self.predictions_trimmed), **confusions}
        return rows, confusions, _percent(self.accuracy_trimmed, 1)


def _percent(share: float | None, digits: int = 2) -> str:
    return "none" if share is None else percent(share, digits)


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


@dataclass(frozen=True, eq=False)
class _Through:
    """A trimming's inputs and the test's through one bench."""

    raw: FloatArray
    trimmed: FloatArray | None
    trim: TrimResult | None
    codes: dict[int, list[IntArray]]
    run: Inference
    runs: dict[int, int]


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
    inputs, labels = data.test_x[:count], data.test_y[:count]
    if held is not None and ledgered is not None:
        load = held_loader(bench, held, ledgered)
    else:
        source = Source(file.sha256, file.path.name, recipe_name or DEFAULT_RECIPE)
        load = recorded_loader(bench, recipe, progress, ledgered, INFER, source, skip)
    progress.expect("infer", _expected(image, recipe, len(inputs), trim, held is not None))
    found = _through(bench, file, data, recipe, inputs, load, progress, trim, ledgered, after_s, twin is not None)
    outputs = None
    if data.targets is not None:
        trimmed = None if found.trimmed is None else _flat(found.trimmed)
        exact = _flat(evaluate(image, inputs))
        before = _said_before(image, data, "rmse_float")
        outputs = OutputErrors(data.targets[:count], exact, _flat(found.raw), trimmed, before)
    if ledgered is not None and found.runs:
        _note(ledgered, found, labels, data.name, outputs)
    check = None
    if twin is not None:
        progress.say("the same on the twin")
        with open_bench("twin", array=twin) as other:
            other.carrier = replace(other.carrier, self_check=bench.carrier.self_check)
            check_before_pulses(other)  # as the other one did: it moves the noise
            at_once = load_at_once(other, recipe)
            same = _through(other, file, data, recipe, inputs, at_once, None, trim, None, after_s, True)
        check = _compare(found, same, labels)
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


def _expected(image: WeightImage, recipe: Recipe, inputs: int, trim: TrimRequest | None, is_held: bool) -> list[Work]:
    # with a trimming, inputs of the fit pass besides, and from the second layer on the test's twice: raw and corrected
    passing = inputs if trim is None else (trim.count or 0) + round(inputs * (2 - 1 / len(image.layers)))
    arrays = [] if is_held else programming(image.images, recipe, policy_of(recipe))
    return [*arrays, *inference(image, passing)]


def _said_before(image: WeightImage, data: Dataset, key: str) -> float | None:
    """What the image says that the network reached before quantisation, unless it says it of other data."""
    said = image.provenance.get(key)
    of_these = image.provenance.get(CONTENT) in (None, data.content)
    return float(said) if of_these and isinstance(said, int | float) else None


def _flat(values: FloatArray) -> FloatArray:
    return values.reshape(len(values), -1)


def _through(
    bench: Bench,
    file: ImageFile,
    data: Dataset,
    recipe: Recipe,
    inputs: NetworkInputs,
    load: Loader,
    progress: Progress | None,
    trim: TrimRequest | None,
    ledgered: Ledgered | None,
    after_s: float,
    compared: bool,
) -> _Through:
    """All inputs through a bench; codes are kept only if they are compared, for a convolution has many."""
    codes: dict[int, list[IntArray]] = {}
    runs: dict[int, int] = {}
    load = noting(load, runs, lambda: bench.rest(after_s, progress))
    keep = (lambda tile, found: codes.setdefault(tile, []).append(found)) if compared else None
    run = Inference(bench, recipe, progress, keep, load)
    if trim is None:
        return _Through(run.logits(file.image, inputs), None, None, codes, run, runs)
    passed = run_trimmed(run, file, data, trim, inputs, ledgered, runs)
    return _Through(passed.trimmed.raw, passed.trimmed.corrected, passed.result, codes, run, runs)


def _recognised(found: _Through, labels: IntArray, name: str) -> str:
    said = f"{100 * share_right(classes_of(found.raw), labels):.2f} % of {len(labels)} images of {name} recognised"
    if found.trimmed is not None:
        said += f" raw, {100 * share_right(classes_of(found.trimmed), labels):.2f} % trimmed"
    return said


def _note(ledgered: Ledgered, found: _Through, labels: IntArray, name: str, outputs: OutputErrors | None) -> None:
    """What was reached, in the run that programmed the last array, or that it holds: as an event and in numbers."""
    said = _recognised(found, labels, name) if outputs is None else outputs.line(name)
    numbers = {"name": INFER, "dataset": name, "images": len(found.raw)}
    if outputs is not None:
        numbers |= outputs.summary()
    else:
        predictions = {"": classes_of(found.raw)}
        if found.trimmed is not None:
            predictions["_trimmed"] = classes_of(found.trimmed)
        for which, classes in predictions.items():
            numbers |= {f"accuracy{which}": share_right(classes, labels)}
            numbers |= {f"confusion{which}": confusion(labels, classes).tolist()}
    with ledgered.store.database.transaction() as sql:
        note(sql, max(found.runs.values()), said)
        add_result(sql, max(found.runs.values()), numbers)


def _compare(found: _Through, same: _Through, labels: IntArray) -> TwinCheck:
    pairs = [(a, b) for tile, parts in found.codes.items() for a, b in zip(parts, same.codes[tile], strict=True)]
    cycles = [(r.program_cycles, r.infer_cycles, r.trim_cycles) for r in (found.run, same.run)]
    return TwinCheck(
        share_right(classes_of(same.raw), labels) if len(labels) else None,
        sum(a.size for a, _ in pairs),
        sum(int(np.count_nonzero(a != b)) for a, b in pairs),
        cycles[0] == cycles[1],
    )


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
