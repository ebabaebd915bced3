"""Every method keeps its budget of cells on any small network, or says that it cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.compress.making import TRAINING, images, network, trained

from ohmbench.compress.methods import METHODS, Job, compress
from ohmbench.compress.tied import tie
from ohmbench.errors import UsageError
from ohmbench.mapping.counting import count
from ohmbench.mapping.mapper import map_compressed

WITH_BUDGET = [name for name, method in METHODS.items() if not method.free]
SHORT = replace(TRAINING, epochs=2, batch=10)


@given(
    st.sampled_from(WITH_BUDGET),
    st.integers(1, 80),
    st.lists(st.integers(1, 8), max_size=1),
    st.integers(2, 6),
    st.floats(0.1, 1.0),
    st.integers(0, 99),
)
@settings(max_examples=60, deadline=None)
def test_cells_are_within_the_budget_or_it_is_refused(
    method: str, inputs: int, hidden: list[int], outputs: int, share: float, seed: int
) -> None:
    x, y = images(inputs, outputs, count=100, seed=seed)
    base = tie(network(inputs, *hidden, outputs, seed=seed), 7, input_bits=4, activation_bits=8)
    job = Job(base, x, y, SHORT, 0, seed)
    job = replace(job, cells=int(share * job.pair_cells))
    try:
        made = compress(method, job)
    except UsageError as error:
        assert "budget" in str(error) or "No weights are left" in str(error)  # noqa: PT017 - any is right
    else:
        assert count(map_compressed(made)).cells <= job.cells


@pytest.mark.parametrize("share", [0.9, 0.75, 0.6, 0.5])
@pytest.mark.parametrize("method", ["gradient-pruning", "magnitude-pruning"])
def test_pruning_keeps_budgets_that_it_can_keep(method: str, share: float) -> None:
    base, x, y = trained(40, 8, 5)
    job = Job(base, x, y, SHORT, 0)
    job = replace(job, cells=int(share * job.pair_cells))
    assert count(map_compressed(compress(method, job))).cells <= job.cells
