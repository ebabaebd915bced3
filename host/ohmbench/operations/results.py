"""The table of results: every method on every net, five seeds, each number counted from an emitted image.

A finished part of a run (net, bits, seed) is kept below `cache`, under a name that changes with the code, so that an
interrupted run continues where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench import compress, study
from ohmbench.compress.base import train_float, train_imported
from ohmbench.compress.methods import METHODS
from ohmbench.errors import UsageError
from ohmbench.network import nets
from ohmbench.network.conv_nets import CONV_NETS, ConvNet
from ohmbench.network.mnist import load_mnist
from ohmbench.network.nets import NETS, Net, load_split, net_named, validation_images
from ohmbench.progress import Progress, Work
from ohmbench.study.effort import epoch_s, start_epochs
from ohmbench.study.methods import Start, run_method
from ohmbench.study.training_data import imported_split
from ohmbench.support.children import safe_path
from ohmbench.support.files import check_folder, replace_file
from ohmbench.support.writer import json_text

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
    "lossless-rows": (None,),
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
    "all-spectral": (0.57, 0.35),
}

_FIRST = (("784-10", 2), ("196-10", 4), ("32-16-10", 4))
_CONV_BITS = 4
ORDER = (
    _FIRST,
    tuple((n.name, b) for n in NETS for b in BITS if (n.name, b) not in _FIRST),
    tuple((net.name, _CONV_BITS) for net in CONV_NETS),
)
"""The combinations with a target first, so that an interrupted run has what matters most."""


PLAN_OF_CONV: dict[str, Sequence[float | None]] = {
    "lossless": (None,),
    "lossless-rows": (None,),
    "shared-reference": (None,),
    "kmeans": (0.5,),
    "random": (0.5,),
    "rows": (0.5,),
    "gradient-pruning": (0.5,),
    "all": (0.5, 0.35),
}
"""Of convolutional nets, which are slower to train."""


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
    seeds: int = SEEDS,
    only: Sequence[str] = (),
    finished: bool = False,
    cache: Path = Path("build/results"),
    folder: Path | None = None,
) -> ResultsRun:
    """Run what is not in `cache` yet, on two cores, and give the means over the seeds.

    Args:
        only: names of nets, each with or without its width: 784-10 or 784-10:2; none: all.
        finished: run nothing; take what an interrupted run has finished.

    Raises:
        UsageError: no such net, the cache cannot be written, or nothing is finished.
        DataError: MNIST is missing or damaged.
    """
    wanted = [(n, b) for name in only for n, b in _combinations(name)]
    check_folder(cache)
    # all bits of all pixels; and what is wrong with the data is said before any process starts
    data = load_mnist(folder, input_bits=8)
    validation_images(len(data.train_y))
    content = data.content
    versions = {net.name: _version(net, content) for net in (*NETS, *CONV_NETS)}
    parts = [
        (name, bits, seed)
        for group in ORDER
        for seed in range(seeds)
        for name, bits in group
        if not only or (name, bits) in wanted
    ]
    files = {part: cache / f"{'-'.join(map(str, part))}-{versions[part[0]]}.json" for part in parts}
    missing = [part for part in parts if not files[part].exists()]
    if finished:
        parts, missing = [part for part in parts if part not in missing], []
        if not parts:
            raise UsageError("No results of this code and these images are finished.", "Run without --finished.")
    if missing:
        os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # of the processes that start now
        progress.expect(
            "results", [Work("results", len(missing), steps=[_part_s(name) for name, _bits, _seed in missing])]
        )
        # Ctrl-C ends the workers at once and without a traceback each; what they have finished is in the cache
        stop = (signal.SIGINT, signal.SIG_DFL)
        with (
            safe_path(),
            ProcessPoolExecutor(WORKERS, get_context("spawn"), initializer=signal.signal, initargs=stop) as pool,
        ):
            waiting = {pool.submit(run_part, *part, files[part], folder): part for part in missing}
            try:
                for done, future in enumerate(as_completed(waiting)):
                    future.result()
                    progress("results", done + 1, len(missing))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    rows = [row for part in parts for row in json.loads(files[part].read_text(encoding="utf-8"))]
    return ResultsRun(tuple(means(rows)))


def _combinations(name: str) -> list[tuple[str, int]]:
    net, _colon, bits = name.partition(":")
    found = [pair for group in ORDER for pair in group if pair[0] == any_net(net).name and bits in ("", str(pair[1]))]
    if not found:
        raise UsageError(f"There are no results of {name}.", f"Give a net and 4, or of a dense one 2: {net}:4.")
    return found


def run_part(name: str, bits: int, seed: int, file: Path, folder: Path | None) -> None:
    """Every method at every budget on one net, width and seed; rows go to `file`."""
    net = any_net(name)
    if isinstance(net, ConvNet):
        start, plan = _conv_start(net, bits, seed, folder), PLAN_OF_CONV
    else:
        split = load_split(net, folder)
        network = train_float(
            split.train_x, split.train_y, net.sizes, input_bits=nets.INPUT_BITS, epochs=net.epochs, seed=seed
        )
        start, plan = Start.of(network, bits, split, seed=seed), PLAN
    rows: list[Row] = []
    for method, budgets in plan.items():
        for budget in budgets:
            try:
                rows.append(run_method(start, method, budget).summary())
            except UsageError as error:
                rows.append({"net": name, "bits": bits, "method": method, "budget": budget, "refused": str(error)})
    replace_file(file, json_text(rows).encode())


def _part_s(name: str) -> float:
    """What a part is expected to take, in the ratio to others."""
    net = any_net(name)
    plan = PLAN_OF_CONV if isinstance(net, ConvNet) else PLAN
    trainings = sum(METHODS[method].trainings * len(budgets) for method, budgets in plan.items())
    return (start_epochs(net) + trainings * net.epochs) * epoch_s(net, _TRAINED)


_TRAINED = 50_000  # of MNIST's images: the others are for validation


def any_net(name: str) -> Net | ConvNet:
    """The net of a name, dense or convolutional.

    Raises:
        UsageError: there is none.
    """
    return next((net for net in CONV_NETS if net.name == name), None) or net_named(name)


def _conv_start(net: ConvNet, bits: int, seed: int, folder: Path | None) -> Start:
    fresh = net.fresh(seed)
    split = imported_split(fresh, "mnist", folder)
    network = train_imported(fresh, split.train_x, split.train_y, epochs=net.float_epochs, batch=net.batch, seed=seed)
    return Start.of_imported(network, net.name, split, bits=bits, epochs=net.epochs, batch=net.batch, seed=seed)


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


_NOT_IN_RESULTS = ("estimator",)


def code() -> list[Path]:
    """The modules that results depend on."""
    folders = [Path(folder) for package in (compress, study) for folder in package.__path__]
    return [path for folder in folders for path in sorted(folder.glob("*.py")) if path.stem not in _NOT_IN_RESULTS]


def _version(net: Net | ConvNet, content: str) -> str:
    """Eight digits that change with the code, the choices and the data that the results of a net depend on."""
    choices = (
        net,
        nets.INPUT_BITS,
        nets.ACTIVATION_BITS,
        nets.VALIDATION_IMAGES,
        PLAN if isinstance(net, Net) else PLAN_OF_CONV,
    )
    digest = hashlib.sha256(repr((content, choices)).encode())
    for path in code():
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
