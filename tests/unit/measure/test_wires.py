"""The wire solver against badcrossbar: the same currents, many times faster."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ohmbench.errors import UsageError
from ohmbench.measure.wires import wires_speed
from ohmbench.model.array import load_params
from ohmbench.model.wires import transfer
from ohmbench.progress import Progress


@pytest.mark.slow
def test_currents_are_badcrossbars_and_much_faster() -> None:
    figures = wires_speed(Progress(quiet=True))
    assert figures["max_rel_diff"] <= 1e-10
    assert figures["speedup_vs_badcrossbar"] >= 100  # docs/inference.md has what is seen; a ratio of two times is noisy
    assert figures["speedup_vs_badcrossbar"] == pytest.approx(figures["badcrossbar_s"] / figures["solve_s"])


def test_without_badcrossbar_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "badcrossbar.compute", None)
    with pytest.raises(UsageError, match="pip install --no-deps badcrossbar"):
        wires_speed(Progress(quiet=True))


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="conductances have shape"):
        transfer(np.ones((32, 31)), np.ones(32, np.bool_), load_params("a"))
