"""Defect-aware mapping from end to end, through simulated arrays: faults put there, found, avoided, programmed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.errors import UsageError
from ohmbench.faults.avoid import avoid_faults
from ohmbench.faults.characterise import characterise
from ohmbench.inference.exact import classes_of, predict
from ohmbench.inference.on_bench import Inference
from ohmbench.measure.defects import CALIBRATION, random_faults, share_won_back, train_for_faults
from ohmbench.network.data import Dataset, share_right, some_inputs
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import OnProgress


def measure_defects_on_array(
    dataset: Dataset,
    *,
    port: str = "twin",
    hidden: Sequence[int] = (),
    weight_bits: int = 4,
    fraction: float = 0.04,
    seeds: Sequence[int] = (0, 1, 2),
    images: int = 1000,
    inputs: int = 1000,
    network_seed: int = 0,
    recipe: Recipe | None = None,
    progress: OnProgress | None = None,
) -> dict[str, Any]:
    """What stuck cells cost a network that runs on the array model, and how much of it the mapping wins back.

    For each seed, stuck cells, half of them low and half high, are put into a preset A array that has no others; the
    array is characterised, and that fault map, not what was put there, is what the mapping avoids. The plain and the
    mapped image are then programmed one after the other, and the first test images run through them.

    Args:
        port: `twin` or `sim`.
        seeds: of the arrays and their faults.
        images: test images, at most so many.
        inputs: training inputs that trimmings are fitted to, at most so many.

    Returns:
        As `measure.defects.measure_defects`, over these images; accuracy_clean, of arrays without faults; missed and
        false_alarms, cells that characterisation took for good and for bad wrongly, over all arrays. accuracy_trimmed
        and accuracy_both are those of the plain and of the mapped image, trimmed; won_back_trimmed and won_back_both
        the shares of the loss.

    Raises:
        UsageError: the port is no simulation, or no seeds are given.
        BuildError: the simulator cannot be built or started.
    """
    if port not in ("twin", "sim") or not seeds:
        raise UsageError(
            "Faults can only be put into simulated arrays, one or more.", "Give --port twin or --port sim."
        )
    say = progress or (lambda work, done, total: None)
    recipe = recipe or Recipe()
    trained = train_for_faults(dataset, hidden, weight_bits, network_seed)
    image = trained.image
    test_x, test_y = dataset.test_x[:images], dataset.test_y[:images]
    best = share_right(predict(image, test_x), test_y)
    fit_to = some_inputs(dataset.train_x, min(inputs, len(dataset.train_x)))
    clean: list[float] = []
    plain: list[float] = []
    aware: list[float] = []
    trimmed: list[float] = []
    both: list[float] = []
    missed = false_alarms = 0
    for done, seed in enumerate(seeds):
        say("arrays", done, len(seeds))
        put = random_faults(fraction / 2, fraction / 2, seed)
        with open_bench(port, array=_array(seed)) as bench:
            clean.append(share_right(Inference(bench, recipe).predict(image, test_x), test_y))
        with open_bench(port, array=_array(seed, put.kinds)) as bench:
            found = characterise(bench, recipe, put.serial).faults
            mapped = avoid_faults(image, found, inputs=dataset.train_x[:CALIBRATION])
            for raw, corrected, of in ((plain, trimmed, image), (aware, both, mapped)):
                passed = Inference(bench, recipe).trim(of, fit_to, test_x)
                raw.append(share_right(classes_of(passed.raw), test_y))
                corrected.append(share_right(classes_of(passed.corrected), test_y))
        missed += int(np.count_nonzero(put.bad & ~found.bad))
        false_alarms += int(np.count_nonzero(found.bad & ~put.bad))
    say("arrays", len(seeds), len(seeds))
    mean_plain, mean_aware = float(np.mean(plain)), float(np.mean(aware))
    mean_trimmed, mean_both = float(np.mean(trimmed)), float(np.mean(both))
    return {
        "rung": port,
        "network": trained.widths,
        "dataset": dataset.name,
        "weight_bits": weight_bits,
        "stuck_fraction": fraction,
        "fault_maps": len(plain),
        "test_images": len(test_y),
        "missed": missed,
        "false_alarms": false_alarms,
        "accuracy_quantised": best,
        "accuracy_clean": float(np.mean(clean)),
        "accuracy_plain": mean_plain,
        "accuracy_aware": mean_aware,
        "accuracy_trimmed": mean_trimmed,
        "accuracy_both": mean_both,
        "won_back": share_won_back(mean_aware, mean_plain, best),
        "won_back_worst": min(share_won_back(a, p, best) for a, p in zip(aware, plain, strict=True)),
        "won_back_trimmed": share_won_back(mean_trimmed, mean_plain, best),
        "won_back_both": share_won_back(mean_both, mean_plain, best),
        "accuracies_clean": clean,
        "accuracies_plain": plain,
        "accuracies_aware": aware,
        "accuracies_trimmed": trimmed,
        "accuracies_both": both,
    }


def _array(seed: int, faults: NDArray[np.uint8] | None = None) -> SimulatedArray:
    return SimulatedArray({"stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}, seed, faults=faults)
