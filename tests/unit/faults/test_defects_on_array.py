"""Faults put into arrays, found by characterisation, avoided by the mapping, programmed and run: accuracy."""

from __future__ import annotations

import os

import pytest

from ohmbench.errors import UsageError
from ohmbench.measure.defects_on_array import measure_defects_on_array
from ohmbench.network.data import load_digits
from ohmbench.network.mnist import ENVIRONMENT, load_mnist


@pytest.mark.slow
@pytest.mark.skipif(ENVIRONMENT not in os.environ, reason=f"needs MNIST: set {ENVIRONMENT} to its folder")
def test_four_percent_of_stuck_cells_through_the_array() -> None:
    """MNIST, 196-10, 1,000 images, each mapping on the same three arrays."""
    figure = measure_defects_on_array(load_mnist(shape=(14, 14)))
    print(figure)
    assert figure["network"] == "196-10"
    assert figure["test_images"] == 1000
    assert figure["missed"] == 0
    assert figure["false_alarms"] < 3 * 0.005 * 1024
    assert figure["accuracy_clean"] > figure["accuracy_quantised"] - 0.02
    assert figure["accuracy_plain"] < figure["accuracy_quantised"] - 0.05
    assert figure["won_back"] >= 0.8
    assert figure["won_back_worst"] >= 0.8


@pytest.mark.slow
def test_digits_through_the_array() -> None:
    """64-32-10: the first layer leaves no row and no column of its arrays free."""
    figure = measure_defects_on_array(load_digits(), hidden=(32,), seeds=range(3))
    print(figure)
    assert figure["missed"] == 0
    assert figure["accuracy_plain"] < figure["accuracy_quantised"] - 0.05
    assert figure["won_back"] >= 0.7


def test_a_board_gets_no_faults() -> None:
    with pytest.raises(UsageError, match="only be put into simulated arrays"):
        measure_defects_on_array(load_digits(), port="/dev/null")
