"""The table of docs/results/one-array: five trainings on three arrays each, and two harder cases; goes on where it was.

A finished training or case is a file of its own below the cache, so that an interrupted run takes up the next one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench import __version__
from ohmbench.mapping.data_sets import CONTENT, imported_data
from ohmbench.mapping.imported import map_imported
from ohmbench.network.imported import ImportedNetwork
from ohmbench.network.mnist import load_mnist
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.study.one_array.evaluate import AS_IT_IS, RECIPE, RESTED, STUCK, Case, evaluate
from ohmbench.support.children import safe_path
from ohmbench.support.files import check_folder, replace_file
from ohmbench.support.writer import json_text

SEEDS = range(5)
ARRAYS = range(1, 4)
EPOCHS = 50
ERROR_SEEDS = range(100, 104)
"""Of the arrays whose errors are trained with; none of ARRAYS."""
WORKERS = 2


def plan() -> list[Case]:
    """What the table is made of, the fifteen first."""
    every = [Case(seed, array, AS_IT_IS) for array in ARRAYS for seed in SEEDS]
    return every + [Case(SEEDS[0], array, kind) for kind in (RESTED, STUCK) for array in ARRAYS]


def make_networks(cache: Path, folder: Path | None, progress: Progress) -> dict[int, Path]:
    """The trained networks by their seed; those that are not in the cache yet are trained now.

    Raises:
        DataError: MNIST is missing or damaged.
        UsageError: the cache cannot be written.
    """
    check_folder(cache)
    files = {seed: cache / f"network-{seed}.ohmn" for seed in SEEDS}
    missing = [seed for seed, path in files.items() if not path.exists()]
    if not missing:
        return files
    from ohmbench.study.one_array.cell_errors import cell_errors
    from ohmbench.study.one_array.net import MAX_LEVEL
    from ohmbench.study.one_array.training import train

    data = load_mnist(folder, input_bits=8)
    images = data.train_x.reshape(-1, 1, 28, 28) / 255.0
    errors = cell_errors(Recipe.load(RECIPE), MAX_LEVEL, ERROR_SEEDS)
    for seed in missing:

        def tell(done: int, total: int, seed: int = seed) -> None:
            progress(f"training {seed + 1}/{len(SEEDS)}", done, total)

        network, reached = train(images, data.train_y, errors, seed=seed, epochs=EPOCHS, tell=tell)
        with_origin(network, seed, reached, folder).save(files[seed])
    return files


def with_origin(network: ImportedNetwork, seed: int, reached: dict[str, float], folder: Path | None) -> ImportedNetwork:
    """The network with where it came from, and the recipe that its images are programmed with."""
    low, high = network.input_range or (0.0, 1.0)
    return replace(
        network,
        provenance={
            "ohmbench": __version__,
            "network": "one-array",
            "dataset": "mnist",
            CONTENT: imported_data(network, "mnist", folder).content,
            "input_low": low,
            "input_high": high,
            "recipe": RECIPE,
            "seed": seed,
            "epochs": EPOCHS,
            **reached,
            "command": "make one-array",
        },
    )


def run_results(progress: Progress, cache: Path, folder: Path | None) -> list[dict[str, Any]]:
    """Every case of the plan, on two cores; those that are in the cache are not run again.

    Raises:
        DataError, UsageError: as `make_networks`.
    """
    networks = make_networks(cache, folder, progress)
    files = {case: cache / f"{case.name}.json" for case in plan()}
    missing = [case for case, path in files.items() if not path.exists()]
    progress("arrays", len(files) - len(missing), len(files))
    with safe_path(), ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        waiting = [pool.submit(_run, case, networks[case.network_seed], files[case], folder) for case in missing]
        try:
            for done, future in enumerate(as_completed(waiting), 1):
                future.result()
                progress("arrays", len(files) - len(missing) + done, len(files))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [json.loads(path.read_text()) for path in files.values()]


def _run(case: Case, path: Path, file: Path, folder: Path | None) -> None:
    network = ImportedNetwork.load(path)
    row = evaluate(case, map_imported(network), imported_data(network, "mnist", folder))
    replace_file(file, json_text(row).encode())


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What docs/results/one-array.json holds."""
    main = [row for row in rows if row["case"] == AS_IT_IS]
    trimmed = [row["accuracy_trimmed"] for row in main]

    def mean(name: str, of: Sequence[dict[str, Any]]) -> float:
        return float(np.mean([row[name] for row in of]))

    first = [row for row in main if row["network_seed"] == SEEDS[0]]
    harder = {
        name: {
            "accuracy_ideal": mean("accuracy_ideal", of),
            "accuracy_trimmed": mean("accuracy_trimmed", of),
            "loss_points": 100 * (mean("accuracy_trimmed", first) - mean("accuracy_trimmed", of)),
            "lost_cells": [row["lost_cells"] for row in of],
        }
        for name, kind in (("rested_1e5_s", RESTED), ("stuck_2_percent", STUCK))
        if (of := [row for row in rows if row["case"] == kind])
    }
    return {
        "mean": float(np.mean(trimmed)),
        "worst": min(trimmed),
        "sd": float(np.std(trimmed, ddof=1)),
        "accuracy_ideal": mean("accuracy_ideal", main),
        "accuracy_raw": mean("accuracy_raw", main),
        "accuracy_trimmed": float(np.mean(trimmed)),
        "seeds": sorted({row["network_seed"] for row in main}),
        "arrays": sorted({row["array_seed"] for row in main}),
        **{name: main[0][name] for name in ("cells", "images", "loads", "products", "test_images")},
        "recipe": RECIPE,
        "rung": "twin",
        "bench_time_an_image_s": mean("bench_time_an_image_s", main),
        "pulses_per_cell": mean("pulses_per_cell", main),
        "lost_cells": mean("lost_cells", main),
        **harder,
        "rows": list(rows),
    }
