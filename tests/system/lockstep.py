"""Run one random program on two benches and compare everything that they say of it."""

from __future__ import annotations

import numpy as np
from tests.random_programs import MAX_HALF_SELECT, MAX_RAIL_CODE, MAX_READ_MS, MAX_WIDTH, random_program

from ohmbench.bench.base import Bench
from ohmbench.bench.twin import TwinBench
from ohmbench.isa import Program
from ohmbench.link.messages import Done
from ohmbench.support.array_types import Inputs, Words
from ohmbench.tables import Control, Rail, Register

BUDGET = 40


def random_inputs(seed: int, count: int = 64) -> Inputs:
    """Vectors for `vin`: of 16 bits, and for odd seeds of each size that a frame packs."""
    bits = (1, 2, 4, 8)[seed // 2 % 4] if seed % 2 else 16
    numbers = np.random.default_rng(seed).integers(0, 1 << bits, (count, 32)) << max(8 - bits, 0)
    return numbers.astype(np.uint16 if bits == 16 else np.uint8)


def run(bench: Bench, seed: int, inputs: Inputs) -> tuple[Done, Words]:
    """Arm a bench under the generator's limits and run its program of that seed."""
    bench.write_register(Register.CONTROL, Control.CLEAR_FAULT | Control.CLEAR_COUNTS)
    for rail in Rail:
        bench.write_register(Register.MAX_RAIL + rail, MAX_RAIL_CODE)
    bench.write_register(Register.MAX_WIDTH, MAX_WIDTH)
    bench.write_register(Register.PULSE_BUDGET, BUDGET)
    bench.write_register(Register.MAX_HALF_SELECT, MAX_HALF_SELECT)
    bench.write_register(Register.MAX_READ, MAX_READ_MS)
    bench.write_register(Register.WATCHDOG, 10_000)
    bench.write_register(Register.CONTROL, Control.ARM)
    batches: list[Words] = []
    program = Program(f"random {seed}", tuple(random_program(seed, one_cell=bench.info.carrier.parallel_columns == 1)))
    args = [seed * 7 + i for i in range(16)]
    end = bench._run(program, 0, args, inputs, batches.append, result_bytes=2 + seed % 3)
    bench.safe()
    return end, np.concatenate([np.zeros(0, np.uint32), *batches])


def counters(bench: Bench) -> tuple[int, ...]:
    """What a bench has counted since its reset: run and busy cycles, pulses, reads, run cycles under read bias."""
    state = bench.state()
    read_cycles = state.read_cycles - state.read_wait_cycles  # the twin never waits
    return state.run_cycles, state.busy_cycles, state.pulses, state.reads, read_cycles


def agree(sim: Bench, twin: TwinBench, seed: int) -> Done:
    """Run the random program of a seed on both, and require the same end, words and counts."""
    inputs = random_inputs(seed)
    end, words = run(twin, seed, inputs)
    sim_end, sim_words = run(sim, seed, inputs[: twin.twin.consumed])
    assert sim_end == end, f"program {seed}"
    np.testing.assert_array_equal(sim_words, words, err_msg=f"program {seed}")
    assert counters(sim) == counters(twin), f"program {seed}"
    return end
