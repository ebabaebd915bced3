"""What stuck cells cost a network, and what defect-aware mapping wins back, on arrays ideal but for their faults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.faults.avoid import accuracy_with_faults, avoid_faults
from ohmbench.faults.fault_map import FaultKind, FaultMap
from ohmbench.network.data import Dataset
from ohmbench.progress import OnProgress
from ohmbench.study.pairs import TrainedPairs, train_pairs

EPOCHS, BATCH = 10, 64  # 60,000 images in seconds; more of either wins nothing on 196-10
CALIBRATION = 5000  # training images that the power of the inputs is taken from


def measure_defects(
    dataset: Dataset,
    *,
    hidden: Sequence[int] = (),
    weight_bits: int = 4,
    fraction: float = 0.04,
    seeds: Sequence[int] = tuple(range(10)),
    network_seed: int = 0,
    progress: OnProgress | None = None,
) -> dict[str, Any]:
    """What stuck cells, half of them low and half high, cost a network, and how much of it the mapping wins back.

    Trains once and does not train again for the faults. Simulated: an array that is ideal but for its faults.

    Args:
        seeds: of the fault maps.

    Returns:
        accuracy_quantised; accuracy_plain and accuracy_aware, means over the fault maps, with lists by fault map
        beside them; won_back, the share of the loss: (aware - plain) / (quantised - plain) of the means, and
        won_back_worst, of the worst fault map. Both are 1 where nothing was lost.
    """
    say = progress or (lambda work, done, total: None)
    trained = train_for_faults(dataset, hidden, weight_bits, network_seed)
    image, best = trained.image, trained.accuracy_quantised
    plain, aware = [], []
    for done, seed in enumerate(seeds):
        say("fault maps", done, len(seeds))
        faults = random_faults(fraction / 2, fraction / 2, seed, rows=image.rows, columns=image.columns)
        mapped = avoid_faults(image, faults, inputs=dataset.train_x[:CALIBRATION])
        plain.append(accuracy_with_faults(image, faults, dataset.test_x, dataset.test_y))
        aware.append(accuracy_with_faults(mapped, faults, dataset.test_x, dataset.test_y))
    say("fault maps", len(seeds), len(seeds))
    mean_plain, mean_aware = float(np.mean(plain)), float(np.mean(aware))
    return {
        "network": trained.widths,
        "dataset": dataset.name,
        "weight_bits": weight_bits,
        "stuck_fraction": fraction,
        "fault_maps": len(plain),
        "test_images": len(dataset.test_y),
        "accuracy_quantised": best,
        "accuracy_plain": mean_plain,
        "accuracy_aware": mean_aware,
        "won_back": share_won_back(mean_aware, mean_plain, best),
        "won_back_worst": min(share_won_back(a, p, best) for a, p in zip(aware, plain, strict=True)),
        "accuracies_plain": plain,
        "accuracies_aware": aware,
    }


def train_for_faults(dataset: Dataset, hidden: Sequence[int], weight_bits: int, seed: int) -> TrainedPairs:
    """A dense network with these hidden layers."""
    return train_pairs(dataset, hidden, weight_bits=weight_bits, seed=seed, epochs=EPOCHS, batch=BATCH)


def share_won_back(aware: float, plain: float, best: float) -> float:
    """Share of what the plain mapping lost; 1 if it lost nothing."""
    return (aware - plain) / (best - plain) if best > plain else 1.0


def random_faults(low: float, high: float, seed: int, *, rows: int = 32, columns: int = 32) -> FaultMap:
    """Cells stuck low and high, each independently with these probabilities."""
    if not (low >= 0.0 and high >= 0.0 and low + high <= 1.0):
        raise UsageError(f"The shares of stuck cells are {low} and {high}; both are 0 or more, their sum at most 1.")
    draw = np.random.default_rng(seed).random((rows, columns))
    kinds = np.select([draw < low, draw < low + high], [FaultKind.STUCK_LOW, FaultKind.STUCK_HIGH], FaultKind.NONE)
    return FaultMap(kinds.astype(np.uint8), f"random-{seed}")
