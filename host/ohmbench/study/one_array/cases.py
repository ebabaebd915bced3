"""Trainings and cases of a plan on two cores.

Each that is finished is a file of its own below the cache, so that an interrupted run takes up the next one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ohmbench import __version__
from ohmbench.mapping.data_sets import CONTENT, imported_data
from ohmbench.mapping.imported import map_imported
from ohmbench.network.imported import ImportedNetwork
from ohmbench.network.mnist import load_mnist
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.study.one_array.designs import DESIGNS
from ohmbench.study.one_array.evaluate import RECIPE, Case, evaluate
from ohmbench.support.array_types import FloatArray
from ohmbench.support.children import safe_path
from ohmbench.support.files import check_folder, replace_file
from ohmbench.support.writer import json_text

EPOCHS = 50
ERROR_SEEDS = range(100, 104)
"""Of the arrays whose errors are trained with; none that a case has."""
WORKERS = 2


def make_networks(plan: Sequence[Case], cache: Path, folder: Path | None, progress: Progress) -> dict[Case, Path]:
    """The trained networks by the cases that take them; those that are not in the cache yet are trained now.

    Raises:
        DataError: MNIST is missing or damaged.
        UsageError: the cache cannot be written.
    """
    check_folder(cache)
    files = {case: cache / f"network-{case.design}-{case.network_seed}.ohmn" for case in plan}
    missing = {path: case for case, path in files.items() if not path.exists()}
    if missing:
        errors = _errors()
        _on_cores("trainings", [(_train, case, errors, path, folder) for path, case in missing.items()], progress)
    return files


def _errors() -> FloatArray:
    from ohmbench.study.one_array.cell_errors import cell_errors
    from ohmbench.study.one_array.net import MAX_LEVEL

    return cell_errors(Recipe.load(RECIPE), MAX_LEVEL, ERROR_SEEDS)


def _train(case: Case, errors: FloatArray, path: Path, folder: Path | None) -> None:
    import torch

    from ohmbench.study.one_array.training import train

    torch.set_num_threads(1)  # a training a core: threads of so small a network wait for one another
    data = load_mnist(folder, input_bits=8)
    images = data.train_x.reshape(-1, 1, 28, 28) / 255.0
    design, seed = DESIGNS[case.design], case.network_seed
    network, reached = train(images, data.train_y, errors, design, seed=seed, epochs=EPOCHS)
    with_origin(network, case, reached, folder).save(path)


def with_origin(
    network: ImportedNetwork, case: Case, reached: dict[str, float], folder: Path | None
) -> ImportedNetwork:
    """The network with where it came from, and the recipe that its images are programmed with."""
    low, high = network.input_range or (0.0, 1.0)
    return replace(
        network,
        provenance={
            "ohmbench": __version__,
            "network": f"at most {case.design} cells",
            "dataset": "mnist",
            CONTENT: imported_data(network, "mnist", folder).content,
            "input_low": low,
            "input_high": high,
            "recipe": RECIPE,
            "seed": case.network_seed,
            "epochs": EPOCHS,
            **reached,
            "command": "make one-array",
        },
    )


def run_cases(plan: Sequence[Case], progress: Progress, cache: Path, folder: Path | None) -> list[dict[str, Any]]:
    """What `evaluate` finds in every case, in the order of the plan; those in the cache are not run again.

    Raises:
        DataError, UsageError: as `make_networks`.
    """
    networks = make_networks(plan, cache, folder, progress)
    files = {case: cache / f"{case.name}.json" for case in plan}
    missing = [case for case, path in files.items() if not path.exists()]
    _on_cores("arrays", [(_run, case, networks[case], files[case], folder) for case in missing], progress)
    return [json.loads(path.read_text(encoding="utf-8")) for path in files.values()]


def _on_cores(stage: str, calls: Sequence[tuple[Any, ...]], progress: Progress) -> None:
    """Functions with their arguments, on two cores."""
    progress(stage, 0, len(calls))
    with safe_path(), ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        waiting = [pool.submit(*call) for call in calls]
        try:
            for done, future in enumerate(as_completed(waiting), 1):
                future.result()
                progress(stage, done, len(calls))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run(case: Case, path: Path, file: Path, folder: Path | None) -> None:
    network = ImportedNetwork.load(path)
    row = evaluate(case, map_imported(network), imported_data(network, "mnist", folder))
    replace_file(file, json_text(row).encode())
