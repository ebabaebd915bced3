"""What `ohmbench compress` does: a network of a file, compressed at one budget after the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.compress.methods import method_named
from ohmbench.errors import UsageError
from ohmbench.operations.expected import compression
from ohmbench.progress import Progress
from ohmbench.study.methods import Outcome, run_method
from ohmbench.study.network_file import NetworkFile
from ohmbench.study.training_data import tuning_of


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
    file = NetworkFile.load(path)
    file.check_budgets(budgets)
    net, split = file.with_data(data, folder, progress)
    if progress is not None:
        epochs = tuning_of(len(split.train_y))[0] if net is None else net.epochs
        progress.expect("compress", compression(method, len(wanted), epochs))
    start = file.start(net, split, bits=bits, seed=seed, weight_noise=weight_noise, progress=progress)
    return CompressResult(tuple(run_method(start, method, budget, progress) for budget in wanted))
