"""What `ohmbench compress` does: a network of a file, compressed at one budget after the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.compress.methods import check_budget, method_named
from ohmbench.errors import UsageError
from ohmbench.network.nets import load_split, net_named
from ohmbench.network.network import Network
from ohmbench.progress import Progress
from ohmbench.study.methods import Outcome, Start, run_method


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
    bits: int = 2,
    seed: int = 0,
    weight_noise: float = 0.0,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> CompressResult:
    """Compress the network in a file that `ohmbench train` wrote.

    Raises:
        UsageError: a method, budget or width that makes no sense; all are checked before anything is trained.
        DataError: the network or MNIST is missing or damaged.
    """
    network = Network.load(path)
    net = net_named("-".join(map(str, network.sizes)))
    wanted: list[float | None] = [None] if method_named(method).free else list(budgets)
    for budget in budgets:
        check_budget(int(budget * net.pair_cells), sum(net.sizes[1:]))
        if not 0 < budget <= 1:
            raise UsageError(f"A budget is a share of the cells, above 0 and at most 1, not {budget:g}.")
    split = load_split(net, folder, progress)
    start = Start.of(network, bits, split, seed=seed, weight_noise=weight_noise, progress=progress)
    return CompressResult(tuple(run_method(start, method, budget, progress) for budget in wanted))
