"""Algorithms as plug-ins: the one that docs/programming.md shows, and what is said of those that cannot be."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tests.unit.programming.arrays import ALL_CELLS, read_ideally

from ohmbench.bench.twin import TwinBench
from ohmbench.errors import DataError
from ohmbench.model.array import ArrayModel
from ohmbench.programming.algorithms import registry
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import AT_ONCE, ArrayRun, Target
from ohmbench.tables import Rail

PAGE = (Path(__file__).resolve().parents[3] / "docs/programming.md").read_text()
OURS = ["gate", "gate-last-reset", "gate-last-set", "line", "line-last-reset", "line-last-set"]

Install = Callable[[str, str], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Adds an entry point to those that are installed: its name, and what it is of."""
    points = list(registry.entry_points(group=registry.GROUP))
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    registry.load.cache_clear()
    yield lambda name, value: points.append(EntryPoint(name, value, registry.GROUP))
    registry.load.cache_clear()


@pytest.fixture
def my_package(monkeypatch: pytest.MonkeyPatch) -> Any:
    package = ModuleType("my_package")
    monkeypatch.setitem(sys.modules, "my_package", package)
    return package


def test_ours_are_installed_by_the_names_they_have() -> None:
    assert registry.names() == OURS
    for name in OURS:
        algorithm = registry.load(name)
        assert algorithm.name == name
        assert algorithm.entry in algorithm.firmware.entries


def test_the_pages_algorithm_programs_an_array(install: Install, my_package: Any, tmp_path: Path) -> None:
    page = PAGE.split("## Your own algorithm")[1]
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    entry_point, recipe = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    exec(code, my_package.__dict__)
    name, value = re.findall(r'([\w-]+) = "(my_package:\w+)"', entry_point)[0]
    install(name, value)
    (tmp_path / "mine.toml").write_text(recipe)
    made = Recipe.load(tmp_path / "mine.toml")
    assert Rail.SL_RESET not in made.limits().rails_v
    array = ArrayModel(read_ideally(), 3)
    array.set_conductance(np.full((32, 32), 20e-6))
    levels = np.random.default_rng(3).integers(0, 2, (32, 32)).astype(np.uint8)
    target = Target(levels, ALL_CELLS, ~ALL_CELLS, 1, "program")
    with TwinBench(array) as bench:
        before = ArrayRun(bench, target, made, policy=AT_ONCE).run()
        after = ArrayRun(bench, target, made).run()
    cells = before.records
    assert not cells.reset_pulses.any()
    assert np.array_equal(array.pulses(), cells.pulses + after.records.pulses)
    assert (cells.code >= cells.low).mean() > 0.99  # a SET may go too far, but none is left below its window
    assert cells.set_pulses.min() >= 1
    assert 5 < cells.set_pulses.mean() < 15  # steps of 20 mV, from 0.6 V on
    assert cells.usiemens(made.codes_per_siemens)[levels == 1].mean() > 155


def test_one_that_cannot_be_is_said_so(install: Install, my_package: Any) -> None:
    my_package.Nothing = object
    install("nothing", "my_package:Nothing")
    install("gone", "my_package:Gone")
    for name, said in (
        ("nothing", "my_package:Nothing is not an Algorithm of ohmbench"),
        ("gone", "The algorithm gone of my_package:Gone cannot be loaded"),
        ("other", "There is no algorithm other. There are: gate, .*, nothing"),
    ):
        with pytest.raises(DataError, match=f"The recipe cannot be used: .*{said}"):
            Recipe(algorithm=name)
