"""The table of results: every method on every net, five seeds, each number counted from an emitted image.

A finished part of a run (net, bits, seed) is kept below `cache`, under a name that changes with the code, so that an
interrupted run goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench import compress as package
from ohmbench import nets
from ohmbench._files import check_writable, replace_file
from ohmbench.errors import UsageError
from ohmbench.nets import NETS, load_split, net_named
from ohmbench.progress import Progress

Row = dict[str, Any]

SEEDS = 5
WORKERS = 2
BITS = (2, 4)
MEANS = ("cells_saved", "accuracy_base", "accuracy", "loss_points", "accuracy_validation", "passes", "images", "cpu_s")
"""Of these a row has the mean over seeds, and the standard deviation beside it."""

BUDGETS = (0.55, 0.35)
BUDGETS_OF_ALL = (0.57, 0.44, 0.35, 0.2, 0.1)
PLAN: dict[str, Sequence[float | None]] = {
    "lossless": (None,),
    "partial-pairs": (None,),
    "shared-reference": (None,),
    "spectral-untuned": BUDGETS,
    "kmeans-untuned": BUDGETS,
    "spectral": BUDGETS,
    "kmeans": BUDGETS,
    "random": BUDGETS,
    "gains": BUDGETS,
    "rows": BUDGETS,
    "gradient-pruning": BUDGETS,
    "magnitude-pruning": BUDGETS,
    "all": BUDGETS_OF_ALL,
    "all-spectral": BUDGETS_OF_ALL[:3],
}

_FIRST = (("784-10", 2), ("196-10", 4), ("32-16-10", 4))
ORDER = (*_FIRST, *((n.name, b) for n in NETS for b in BITS if (n.name, b) not in _FIRST))
"""The combinations with a target first, so that an interrupted run has what matters most."""


@dataclass(frozen=True)
class ResultsRun:
    """Which parts to run, and what was found."""

    rows: tuple[Row, ...]

    def summary(self) -> list[Row]:
        return list(self.rows)

    def describe(self) -> str:
        return "\n".join(
            f"{r['net']:9} {r['bits']} bits  {r['method']:17} {100 * r['cells_saved']:5.1f} % saved  "
            f"{100 * r['accuracy']:5.2f} %  {r['loss_points']:+6.2f} +- {r['loss_points_sd']:.2f}"
            for r in self.rows
        )


def run_results(
    progress: Progress,
    *,
    quick: bool = False,
    only: Sequence[str] = (),
    cache: Path = Path("build/results"),
    folder: Path | None = None,
) -> ResultsRun:
    """Run what is not in `cache` yet, on two cores, and give the means over the seeds.

    Args:
        quick: one seed of one net.
        only: names of nets; none: all.

    Raises:
        UsageError: no such net, or the cache cannot be written.
        DataError: MNIST is missing or damaged.
    """
    for name in only:
        net_named(name)
    combinations = [(n, b) for n, b in (ORDER[:1] if quick else ORDER) if not only or n in only]
    check_writable(cache)
    load_split(net_named(combinations[0][0]), folder)  # what is wrong with the data is said before any process starts
    parts = [(name, bits, seed) for name, bits in combinations for seed in range(1 if quick else SEEDS)]
    files = {part: cache / f"{'-'.join(map(str, part))}-{_version()}.json" for part in parts}
    missing = [part for part in parts if not files[part].exists()]
    if missing:
        os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # of the processes that start now
        with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
            waiting = {pool.submit(run_part, *part, files[part], folder): part for part in missing}
            try:
                for done, future in enumerate(as_completed(waiting)):
                    future.result()
                    progress("results", len(parts) - len(missing) + done + 1, len(parts))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    rows = [row for part in parts for row in json.loads(files[part].read_text())]
    return ResultsRun(tuple(means(rows)))


def run_part(name: str, bits: int, seed: int, file: Path, folder: Path | None) -> None:
    """Every method at every budget on one net, width and seed; rows go to `file`."""
    from ohmbench.compress.base import train_float
    from ohmbench.operations.compress import Start, run_method

    net = net_named(name)
    split = load_split(net, folder)
    network = train_float(
        split.train_x, split.train_y, net.sizes, input_bits=nets.INPUT_BITS, epochs=net.epochs, seed=seed
    )
    start = Start.of(network, bits, split, seed=seed)
    rows: list[Row] = []
    for method, budgets in PLAN.items():
        for budget in budgets:
            try:
                rows.append(run_method(start, method, budget).summary())
            except UsageError as error:
                rows.append({"net": name, "bits": bits, "method": method, "budget": budget, "refused": str(error)})
    replace_file(file, json.dumps(rows, indent=1).encode())


def means(rows: Sequence[Row]) -> list[Row]:
    """One row for each net, width, method and budget, in the order of the first seed, over the seeds.

    A budget that a method refuses for any seed has no row.
    """
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[k] for k in ("net", "bits", "method", "budget")), []).append(row)
    found = []
    for (net, bits, method, budget), group in groups.items():
        if any("refused" in row for row in group):
            continue
        mean: Row = {"net": net, "bits": bits, "method": method, "stages": group[0]["stages"], "budget": budget}
        for name in MEANS:
            values = [row[name] for row in group]
            mean[name] = float(np.mean(values))
            mean[f"{name}_sd"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        mean["seeds"] = len(group)
        mean["accuracies"] = [row["accuracy"] for row in group]
        found.append(mean)
    return found


def _version() -> str:
    """Eight digits that change with the code and the choices that results depend on."""
    parts = [Path(path) for folder in package.__path__ for path in sorted(Path(folder).glob("*.py"))]
    text = b"".join(path.read_bytes() for path in parts) + Path(nets.__file__).read_bytes() + repr(PLAN).encode()
    return hashlib.sha256(text).hexdigest()[:8]
