"""The table of results: means over seeds, statements about what is no better, methods at their budgets."""

from __future__ import annotations

import inspect
import json
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from tests.unit.compress.making import TRAINING, trained

from ohmbench.compress.methods import METHODS, Job, compress
from ohmbench.errors import UsageError
from ohmbench.inference.exact import evaluate
from ohmbench.mapping.counting import count
from ohmbench.mapping.mapper import map_compressed
from ohmbench.operations.results import MEANS, PLAN, PLAN_OF_CONV, code, means
from ohmbench.report.compression import save_results, statements
from ohmbench.study.methods import Start, run_method


def rows(method: str, budget: float | None, accuracies: list[float], saved: float = 0.5) -> list[dict[str, Any]]:
    fixed = {"net": "784-10", "bits": 2, "method": method, "stages": METHODS[method].stages, "budget": budget}
    other = dict.fromkeys(MEANS, 1.0)
    return [
        {**other, **fixed, "cells_saved": saved, "accuracy": a, "accuracy_base": 0.92, "loss_points": 92 - 100 * a}
        for a in accuracies
    ]


@pytest.mark.parametrize("method", list(METHODS))
@pytest.mark.parametrize("sizes", [(40, 5), (40, 8, 5)])
def test_every_method_keeps_its_budget_and_computes_through_its_image(method: str, sizes: tuple[int, ...]) -> None:
    base, x, y = trained(*sizes)
    job = Job(base, x, y, TRAINING, int(0.5 * 2 * sum(a * b for a, b in pairwise(sizes))))
    made = compress(method, job)
    image = map_compressed(made)
    counts = count(image)
    assert counts.cells_as_pairs == job.pair_cells
    if not METHODS[method].free and not method.endswith("pruning"):
        assert counts.cells <= job.cells
    assert np.array_equal(evaluate(image, x[:50]), made.forward_integer(x[:50]))
    if not method.endswith("untuned"):
        assert np.mean(made.predict(x) == y) > 0.5  # a fifth by chance


def test_free_methods_change_no_weight() -> None:
    base, x, y = trained(40, 5, max_level=1)
    job = Job(base, x, y, TRAINING, 400)
    wanted = base.layers[0].codebook().astype(int)
    live = x[:, :].any(axis=0)
    for method in ("lossless", "partial-pairs", "shared-reference"):
        made = compress(method, job)
        assert np.array_equal(made.layers[0].weights()[live], wanted[live])
    assert compress("shared-reference", job).max_level == 2


def test_a_budget_below_one_column_for_each_output_is_refused() -> None:
    base, x, y = trained(40, 5)
    with pytest.raises(UsageError, match="below one column for each"):
        compress("all", Job(base, x, y, TRAINING, 4))
    with pytest.raises(UsageError, match="all columns are merged that may be"):
        compress("kmeans", Job(base, x, y, TRAINING, 60))


def test_means_are_over_the_seeds_and_leave_out_what_was_refused() -> None:
    found = means(
        [
            *rows("kmeans", 0.5, [0.90, 0.92]),
            *rows("all", 0.1, [0.8]),
            {"net": "784-10", "bits": 2, "method": "all", "budget": 0.1, "refused": "too few"},
        ]
    )
    (row,) = found
    assert row["accuracy"] == pytest.approx(0.91)
    assert row["accuracy_sd"] == pytest.approx(0.01 * 2**0.5)
    assert row["seeds"] == 2


def test_the_page_says_what_is_no_better() -> None:
    found = means(
        [
            *rows("lossless", None, [0.92] * 3, saved=0.2),
            *rows("kmeans", 0.5, [0.90, 0.91, 0.92]),
            *rows("spectral", 0.5, [0.901, 0.909, 0.92]),
            *rows("rows", 0.5, [0.89, 0.90, 0.90]),
            *rows("random", 0.5, [0.90, 0.905, 0.91]),
        ]
    )
    said = list(statements(found))
    assert "784-10, ternary: spectral is no better than kmeans." in said
    assert any("rows at 0.5 of the cells is worse than random" in line for line in said)
    assert not any(line.startswith("784-10, ternary: kmeans") and "worse" in line for line in said)


def test_files_of_the_results(tmp_path: Path) -> None:
    found = means([*rows("kmeans", 0.5, [0.9, 0.91]), *rows("all", 0.3, [0.9, 0.91], saved=0.7)])
    save_results(found, tmp_path)
    written = json.loads((tmp_path / "mnist.json").read_text())
    wanted = {"net", "bits", "method", "stages", "cells_saved", "accuracy_base", "accuracy", "loss_points", "seeds"}
    assert all(wanted <= set(row) for row in written)
    assert all(f"{name}_sd" in written[0] for name in MEANS)
    ElementTree.parse(tmp_path / "784-10-2bit.svg")
    page = (tmp_path / "README.md").read_text()
    assert "| all | pruning (of one layer), rows, columns, tuning | 0.3 | 70.0 ± 0.0 % | 90.50 ± 0.71 % |" in page


def test_convolutional_nets_have_a_page_of_their_own(tmp_path: Path) -> None:
    dense, conv = rows("kmeans", 0.5, [0.9, 0.91]), rows("all", 0.5, [0.9, 0.91])
    save_results(means(dense), tmp_path)
    before = (tmp_path / "README.md").read_text()
    assert "(convolution.md)" in before
    save_results(means([{**row, "net": "lenet", "bits": 4} for row in conv]), tmp_path)
    assert (tmp_path / "README.md").read_text() == before
    page = (tmp_path / "convolution.md").read_text()
    assert "| lenet 4-bit, all stages, 2 seeds | 50 % at 0.3 |" in page
    assert json.loads((tmp_path / "convolution.json").read_text())[0]["net"] == "lenet"
    ElementTree.parse(tmp_path / "lenet-4bit.svg")


def test_the_plan_of_convolutional_nets_is_part_of_the_other() -> None:
    assert set(PLAN_OF_CONV) <= set(PLAN)


def test_the_plan_runs_every_method_but_the_one_that_all_are_compared_with() -> None:
    assert set(PLAN) == set(METHODS) - {"pairs"}


def test_finished_parts_are_of_the_code_that_makes_them() -> None:
    modules = {inspect.getfile(part) for part in (Start.of, run_method, compress)}
    assert modules <= set(map(str, code()))
