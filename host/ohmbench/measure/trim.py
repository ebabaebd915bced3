"""What trimming wins back on MNIST 784-10: arrays that are new, and arrays that have rested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.opening import SIMULATED, SimulatedArray, open_bench
from ohmbench.errors import UsageError
from ohmbench.inference.exact import TileRunner, classes_of, predict
from ohmbench.inference.on_bench import Inference
from ohmbench.inference.trimming import Trimmed, pass_trimmed, require_enough, trim
from ohmbench.mapping.image import WeightImage
from ohmbench.measure.infer import SHAPE, mnist_image
from ohmbench.network.data import share_right, some_inputs
from ohmbench.network.mnist import load_mnist
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.tables import CLOCK_HZ

SEEDS = tuple(range(1, 11))
INPUTS = 2000


@dataclass(frozen=True)
class _Losses:
    """Points below exact integers of one array, some time after its programming."""

    raw: float
    first: float
    again: float
    fit_s: float


def measure_trim(
    folder: Path | None,
    progress: Progress,
    *,
    port: str = "twin",
    inputs: int = INPUTS,
    rests_s: Sequence[float] = (),
    seeds: Sequence[int] = SEEDS,
    images: int | None = None,
) -> dict[str, Any]:
    """Train 784-10 in 4-bit weights, and take it through simulated arrays, as they are and trimmed.

    Args:
        inputs: training inputs that a trimming is fitted to.
        rests_s: times after programming at which the test is repeated, with the first trimming and with a new one.
        seeds: of the arrays.
        images: so many of the first test images; None: all.

    Returns:
        accuracy_integers; losses in points of accuracy below it, mean and worst over the arrays: loss_raw_mean,
        loss_raw_worst, loss_trimmed_mean, loss_trimmed_worst; bench_time_s and fit_s of one trimming; by array
        losses_raw and losses_trimmed; and for each rest the same of `raw`, `first` and `again`.

    Raises:
        UsageError: the port is no simulation, or the inputs are too few.
        DataError: MNIST is not there.
    """
    if port not in SIMULATED or not seeds:
        raise UsageError("This measures simulated arrays, one or more.", "Give --port twin or --port sim.")
    data = load_mnist(folder, shape=SHAPE, progress=progress)
    fit_to = some_inputs(data.train_x, inputs)
    progress.say("training 784-10 on MNIST")
    image = mnist_image(data, SHAPE)
    require_enough(image, inputs)
    test_x, test_y = data.test_x[:images], data.test_y[:images]
    integers = share_right(predict(image, test_x), test_y)
    times = (0.0, *sorted(rests_s))
    losses: list[list[_Losses]] = []
    cycles = 0
    for done, seed in enumerate(seeds):
        progress("arrays", done, len(seeds))
        with open_bench(port, array=SimulatedArray(seed=seed)) as bench:
            run = Inference(bench, Recipe())
            lanes = _lanes(run, image, fit_to, test_x, times)
            cycles = run.trim_cycles // len(times)
        losses.append(_losses(image, fit_to, test_x, test_y, lanes, integers))
    progress("arrays", len(seeds), len(seeds))
    new = [of_array[0] for of_array in losses]
    return {
        "rung": port,
        "network": "784-10",
        "weight_bits": 4,
        "test_images": len(test_y),
        "arrays": len(new),
        "inputs": inputs,
        "accuracy_integers": integers,
        **_spread("raw", [one.raw for one in new]),
        **_spread("trimmed", [one.first for one in new]),
        "bench_time_s": cycles / CLOCK_HZ,
        "fit_s": float(np.mean([one.fit_s for one in new])),
        "losses_raw": [one.raw for one in new],
        "losses_trimmed": [one.first for one in new],
        "rests": [_rest(time, [of_array[at] for of_array in losses], new) for at, time in enumerate(times) if at],
    }


Lanes = tuple[list[dict[int, FloatArray]], list[dict[int, FloatArray]]]
"""By time: of the inputs to fit to, and of the test's; each by the tile's number, (n, columns)."""


def _lanes(run: Inference, image: WeightImage, fit_to: IntArray, test_x: IntArray, times: Sequence[float]) -> Lanes:
    """What comes out of each tile at each time after it was programmed, while it is loaded."""
    found: Lanes = ([{} for _ in times], [{} for _ in times])
    for index, tile in enumerate(image.tiles):
        before = 0.0
        for at, time in enumerate(times):
            run.bench.rest(time - before)
            before = time
            found[0][at][index] = run.fit_tile(image, index, tile.row_inputs(fit_to, image.rows))
            found[1][at][index] = run.run_tile(image, index, tile.row_inputs(test_x, image.rows))
    return found


def _replayed(lanes: dict[int, FloatArray]) -> TileRunner:
    return lambda image, index, row_values: lanes[index]


def _losses(
    image: WeightImage, fit_to: IntArray, test_x: IntArray, test_y: IntArray, lanes: Lanes, integers: float
) -> list[_Losses]:
    fit_lanes, test_lanes = ([_replayed(at) for at in part] for part in lanes)

    def points(logits: FloatArray) -> float:
        return 100 * (integers - share_right(classes_of(logits), test_y))

    losses: list[_Losses] = []
    first: Trimmed | None = None
    for fit, test in zip(fit_lanes, test_lanes, strict=True):
        again = trim(image, fit_to, test_x, fit, test)
        first = first or again
        old = pass_trimmed(image, first.trimming, test_x, test)
        losses.append(_Losses(points(old.raw), points(old.corrected), points(again.corrected), again.fit_s))
    return losses


def _spread(name: str, losses: Sequence[float]) -> dict[str, float]:
    return {f"loss_{name}_mean": float(np.mean(losses)), f"loss_{name}_worst": float(np.max(losses))}


def _rest(time: float, losses: Sequence[_Losses], new: Sequence[_Losses]) -> dict[str, float]:
    """What a rest does, and what a new trimming gives back.

    `won_back` is the share of the relaxed array's loss, `won_back_of_drift` that of what the rest took from the first
    trimming.
    """
    raw, first, again = (float(np.mean([getattr(one, name) for one in losses])) for name in ("raw", "first", "again"))
    fresh = float(np.mean([one.first for one in new]))
    return {
        "after_s": time,
        **{
            k: v
            for name in ("raw", "first", "again")
            for k, v in _spread(name, [getattr(x, name) for x in losses]).items()
        },
        "won_back": (raw - again) / raw if raw > 0.0 else 1.0,
        "won_back_of_drift": (first - again) / (first - fresh) if first > fresh else 1.0,
    }
