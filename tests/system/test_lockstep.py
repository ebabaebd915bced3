"""The RTL and the twin, held together: random programs on both, everything they say compared.

The simulator is the real one, behind its pty and the real link, so this covers the whole path.
"""

from __future__ import annotations

import numpy as np
import pytest
from tests.system.lockstep import counters, random_inputs, run

from ohmbench import demo
from ohmbench.array import ArrayModel
from ohmbench.link.messages import Why
from ohmbench.progress import Progress
from ohmbench.rungs import SimulatedArray, open_bench
from ohmbench.twin_bench import TwinBench

PROGRAMS = 1000
ARRAY_SEED = 7


def test_random_programs_agree() -> None:
    twin = TwinBench(ArrayModel({}, ARRAY_SEED))
    endings = []
    with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED)) as sim:
        for seed in range(PROGRAMS):
            inputs = random_inputs(seed)
            end, words = run(twin, seed, inputs)
            sim_end, sim_words = run(sim, seed, inputs[: twin.twin.consumed])
            assert sim_end == end, f"program {seed}"
            np.testing.assert_array_equal(sim_words, words, err_msg=f"program {seed}")
            assert counters(sim) == counters(twin), f"program {seed}"
            endings.append(end.why)
    # the generator reaches what it is for
    assert endings.count(Why.HALT) > PROGRAMS // 2
    assert endings.count(Why.FAULT) > PROGRAMS // 50
    assert endings.count(Why.ILLEGAL) > 0


def test_demo_agrees() -> None:
    """Every code, record, prediction, clock and busy clock of the whole demo."""
    twin_bench = TwinBench(ArrayModel({}, ARRAY_SEED))
    with Progress(quiet=True) as progress:
        twin = demo.run(twin_bench, progress)
        with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED)) as bench:
            sim = demo.run(bench, progress)
            assert counters(bench) == counters(twin_bench)
    for name in ("code", "set_pulses", "reset_pulses", "predictions"):
        np.testing.assert_array_equal(getattr(sim, name), getattr(twin, name), err_msg=name)
    assert (sim.program_s, sim.infer_s) == (twin.program_s, twin.infer_s)
    assert sim.accuracy > sim.quantised_accuracy - 0.015
    assert np.mean(sim.converged[sim.mask]) >= 0.98


@pytest.mark.slow
def test_programs_with_faults_leave_both_alike() -> None:
    """After a fault the next program starts from the same state on both."""
    twin = TwinBench(ArrayModel({}, ARRAY_SEED))
    with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED)) as sim:
        for seed in range(10_000, 10_000 + PROGRAMS):
            inputs = random_inputs(seed)
            end, words = run(twin, seed, inputs)
            sim_end, sim_words = run(sim, seed, inputs[: twin.twin.consumed])
            assert sim_end == end, f"program {seed}"
            np.testing.assert_array_equal(sim_words, words, err_msg=f"program {seed}")
            assert counters(sim) == counters(twin), f"program {seed}"
