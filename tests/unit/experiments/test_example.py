"""The experiment that docs/experiments.md shows, as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tests.unit.experiments.test_pulsing import EXACT

from ohmbench.bench.twin import TwinBench
from ohmbench.experiments import loop
from ohmbench.model.array import ArrayModel
from ohmbench.progress import Progress

PAGE = Path(__file__).resolve().parents[3] / "docs/experiments.md"


def test_the_pages_experiment_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    package: Any = ModuleType("my_package")
    monkeypatch.setitem(sys.modules, "my_package", package)  # dataclasses look there
    exec(code, package.__dict__)
    experiment = package.Width.of({"octaves": 6})
    chosen = np.zeros((32, 32), np.bool_)
    chosen[4, :8] = True
    assert loop.estimate(experiment, chosen).pulses_a_cell == 12
    with TwinBench(ArrayModel(EXACT)) as bench:
        found = loop.run(experiment, bench, chosen, Progress(quiet=True))
    ends = [one.usiemens.mean() for one in found if one.step.name == "SET"]
    assert np.all(np.diff(ends) > 0)  # a longer pulse sets further
    assert experiment.results(found)["longest_usiemens"] == pytest.approx(ends[-1], abs=3)
    assert "<svg" in experiment.charts(found)[0]
