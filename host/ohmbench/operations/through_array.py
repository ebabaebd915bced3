"""A data set's inputs through the array of a bench, raw and trimmed."""

from __future__ import annotations

from dataclasses import dataclass

from ohmbench.bench.base import Bench
from ohmbench.inference.on_bench import Inference
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.recorded_arrays import RecordedArrays
from ohmbench.network.data import Dataset
from ohmbench.operations.image_file import ImageFile
from ohmbench.operations.trim import (
    TrimRequest,
    TrimResult,
    noting,
    run_trimmed,
)
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.support.array_types import FloatArray, IntArray, NetworkInputs


@dataclass(frozen=True, eq=False)
class Through:
    """A trimming's inputs and the test's through one bench."""

    raw: FloatArray
    trimmed: FloatArray | None
    trim: TrimResult | None
    codes: dict[int, list[IntArray]]
    run: Inference
    runs: dict[int, int]


def through(
    bench: Bench,
    file: ImageFile,
    data: Dataset,
    recipe: Recipe,
    inputs: NetworkInputs,
    arrays: RecordedArrays,
    progress: Progress | None,
    trim: TrimRequest | None,
    ledgered: Ledgered | None,
    after_s: float,
    compared: bool,
) -> Through:
    """All inputs through a bench; codes are kept only if they are compared, for a convolution has many."""
    codes: dict[int, list[IntArray]] = {}
    runs: dict[int, int] = {}
    load = noting(arrays.load, runs, lambda: bench.rest(after_s, progress))
    keep = (lambda tile, found: codes.setdefault(tile, []).append(found)) if compared else None
    run = Inference(bench, recipe, progress, keep, load, arrays.passed)
    if trim is None:
        return Through(run.logits(file.image, inputs), None, None, codes, run, runs)
    passed = run_trimmed(run, file, data, trim, inputs, ledgered, runs)
    return Through(passed.trimmed.raw, passed.trimmed.corrected, passed.result, codes, run, runs)
