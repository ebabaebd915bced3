"""An input that a network sees several times: moved by pixels, and the outputs' mean."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.network.flow import ARRAY, FlowError, Step, Walk
from ohmbench.network.imported import ImportedNetwork

SHIFTS = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=4)


def network(shifts: list[tuple[int, int]]) -> ImportedNetwork:
    """4x4 pixels to three outputs, by a product in whole numbers."""
    weights = np.random.default_rng(1).integers(-7, 8, (16, 3)).astype(np.int32)
    steps = (
        Step("views", (0,), {"shifts": [pixels for shift in shifts for pixels in shift]}),
        Step("quantise", (1,), {"zero": 0, "low": 0, "high": 15}, {"scale": np.array(1.0, np.float32)}),
        Step("reshape", (2,), {"shape": [-1]}),
        Step(ARRAY, (3,), {"bits": 4, "zero": 0, "max_level": 7, "groups": 1}, {"weights": weights}),
        Step("mean_of_views", (4,), {"views": len(shifts)}),
    )
    return ImportedNetwork(steps, (1, 4, 4))


def moved(images: np.ndarray, down: int, right: int) -> np.ndarray:
    padded = np.pad(images, ((0, 0), (0, 0), (3, 3), (3, 3)))
    return padded[:, :, 3 - down : 7 - down, 3 - right : 7 - right]


@given(SHIFTS, st.sampled_from([0, 1, 2, 600]), st.integers(0, 100))
def test_outputs_are_the_mean_over_the_moved_inputs(shifts: list[tuple[int, int]], count: int, seed: int) -> None:
    images = np.random.default_rng(seed).integers(0, 16, (count, 1, 4, 4)).astype(np.float32)
    alone = network([(0, 0)])
    of_each = [alone.forward(moved(images, *shift)) for shift in shifts]
    np.testing.assert_allclose(network(shifts).forward(images), np.mean(of_each, axis=0), atol=1e-9)


@pytest.mark.parametrize("shifts", [[], [4, 0], [0, -4], [0] * 130])
def test_impossible_views_are_refused(shifts: list[int]) -> None:
    with pytest.raises(FlowError, match="views"):
        Walk((Step("views", (0,), {"shifts": shifts}),), np.zeros((2, 1, 4, 4)))


def test_a_value_of_another_batch_cannot_be_mixed_in() -> None:
    steps = (Step("views", (0,), {"shifts": [0, 0, 1, 0]}), Step("add", (0, 1)))
    with pytest.raises(FlowError, match="other batch"):
        Walk(steps, np.zeros((2, 1, 4, 4)))
    with pytest.raises(FlowError, match="whole number"):
        Walk((Step("mean_of_views", (0,), {"views": 3}),), np.zeros((4, 2)))
