"""What `ohmbench compress` does: a network of a file, compressed at one budget after the other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.compress.methods import check_budget, method_named
from ohmbench.compress.tied import tie_imported
from ohmbench.errors import DataError, UsageError
from ohmbench.mapping.data_sets import NAMES, require_named
from ohmbench.network.imported import IMPORTED, ImportedNetwork
from ohmbench.network.network import Network
from ohmbench.progress import Progress
from ohmbench.study.methods import Outcome, Start, run_method
from ohmbench.study.training_data import imported_split, net_and_split, tuning_of
from ohmbench.support.archive import archive_kind


@dataclass(frozen=True, eq=False)
class CompressResult:
    """One outcome for each budget."""

    outcomes: tuple[Outcome, ...]

    def summary(self) -> list[dict[str, Any]]:
        return [outcome.summary() for outcome in self.outcomes]

    def describe(self) -> str:
        return "\n".join(outcome.describe() for outcome in self.outcomes)


def compress_file(
    path: Path,
    method: str,
    budgets: list[float],
    *,
    bits: int | None = None,
    seed: int = 0,
    weight_noise: float = 0.0,
    data: str | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> CompressResult:
    """Compress the network in a file that `ohmbench train` or `ohmbench import` wrote.

    Args:
        bits: of a weight; None: 2 (ternary), or those that an imported network has.
        data, folder: as `net_and_split` has them; None: the data that the file names.

    Raises:
        UsageError: a method, budget or width that makes no sense; all are checked before anything is trained.
        DataError: the network or the data are missing or damaged.
    """
    wanted: list[float | None] = [None] if method_named(method).free else list(budgets)
    for budget in budgets:
        if not 0 < budget <= 1:
            raise UsageError(f"A budget is a share of the cells, above 0 and at most 1, not {budget:g}.")
    if archive_kind(path) == IMPORTED:
        start = _start_of_imported(path, budgets, bits, seed, weight_noise, data, folder, progress)
        return CompressResult(tuple(run_method(start, method, budget, progress) for budget in wanted))
    network = Network.load(path)
    if data is None and (data := str(network.provenance.get("dataset", "mnist"))) not in NAMES:
        require_named(network.provenance, "The network")
    sizes = network.sizes
    pair_cells = sum(2 * a * b for a, b in pairwise(sizes))
    for budget in budgets:
        check_budget(int(budget * pair_cells), sum(sizes[1:]))
    net, split = net_and_split("-".join(map(str, sizes)), data, folder, progress)
    start = Start.of(network, bits or 2, split, seed=seed, net=net, weight_noise=weight_noise, progress=progress)
    return CompressResult(tuple(run_method(start, method, budget, progress) for budget in wanted))


def _start_of_imported(
    path: Path,
    budgets: list[float],
    bits: int | None,
    seed: int,
    weight_noise: float,
    data: str | None,
    folder: Path | None,
    progress: Progress | None,
) -> Start:
    network = ImportedNetwork.load(path)
    _check_passes(network, path)
    chosen = data or str(network.provenance.get("dataset", ""))
    if data is None and chosen not in NAMES:
        require_named(network.provenance, "The network")
    layers = tie_imported(network).layers
    for budget in budgets:
        check_budget(int(budget * sum(2 * y.plus.size for y in layers)), sum(len(y.bias) for y in layers))
    split = imported_split(network, chosen, folder)
    epochs, batch = tuning_of(len(split.train_y))
    return Start.of_imported(
        network,
        path.stem,
        split,
        bits=bits,
        epochs=epochs,
        batch=batch,
        seed=seed,
        weight_noise=weight_noise,
        progress=progress,
    )


def _check_passes(network: ImportedNetwork, path: Path) -> None:
    """Raise DataError if no input can pass the steps of a damaged file, or what comes out are no classes."""
    if not network.products:
        raise DataError(f"Cannot compress {path}: the network has no product, and so nothing on an array.")
    try:
        outputs = network.forward(np.zeros((1, *network.input_shape))).size
    except Exception as error:  # numpy raises whatever it likes for shapes that do not fit
        raise DataError(
            f"Cannot compress {path}: an input cannot pass its steps ({type(error).__name__}: {error}).",
            "Import the model again.",
        ) from error
    if outputs != (last := tie_imported(network).outputs):
        raise DataError(
            f"Cannot compress {path}: its {outputs} outputs are not the {last} of its last product.",
            "Map the network as it is.",
        )
