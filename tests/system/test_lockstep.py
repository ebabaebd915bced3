"""The RTL and the twin, held together: random programs on both, everything they say compared.

The simulator is the real one, behind its pty and the real link, so this covers the whole path.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.system.lockstep import agree, counters

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.bench.twin import TwinBench
from ohmbench.inference.on_bench import run_tile
from ohmbench.isa import assemble
from ohmbench.link.messages import Done, Why
from ohmbench.mapping.tile import Tile
from ohmbench.model.array import ArrayModel
from ohmbench.operations import demo
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.tables import Control, Fault, Rail, Register

PROGRAMS = 1000
ARRAY_SEED = 7


@pytest.mark.parametrize("programs", [300, pytest.param(PROGRAMS, marks=pytest.mark.slow)])
def test_random_programs_agree(programs: int) -> None:
    twin = TwinBench(ArrayModel({}, ARRAY_SEED))
    ends = []
    with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED)) as sim:
        for seed in range(programs):
            ends.append(agree(sim, twin, seed))
    # the generator reaches what it is for
    endings, faults = [end.why for end in ends], [end.fault for end in ends]
    for fault in (Fault.HALF_SELECT, Fault.BAD_LINES, Fault.READ_TIME):
        assert faults.count(fault) > programs // 500
    assert endings.count(Why.HALT) > programs // 2
    assert endings.count(Why.FAULT) > programs // 50
    assert endings.count(Why.ILLEGAL) > 0


def test_demo_agrees() -> None:
    """Every code, record, prediction, clock and busy clock of the whole demo."""
    twin_bench = TwinBench(ArrayModel({}, ARRAY_SEED))
    with Progress(quiet=True) as progress:
        twin = demo.run(twin_bench, progress)
        with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED)) as bench:
            sim = demo.run(bench, progress)
            assert counters(bench) == counters(twin_bench)
    for name in ("code", "set_pulses", "reset_pulses"):
        np.testing.assert_array_equal(getattr(sim.cells, name), getattr(twin.cells, name), err_msg=name)
    np.testing.assert_array_equal(sim.predictions, twin.predictions)
    assert (sim.program_s, sim.infer_s) == (twin.program_s, twin.infer_s)
    assert sim.accuracy > sim.quantised_accuracy - 0.015
    assert np.mean(sim.cells.inside[sim.cells.mask]) >= 0.98


BUDGET_SPENT = """
        li      r1, 10
        mone    m1, r0
        lines   set, m1, m1, m0
        pulse   r1
        pulse   r1
        pulse   r1
        halt    0
"""


def test_spent_budget_agrees() -> None:
    """The guard looks at the counts of all columns before it refuses: that takes as long on both."""
    program = assemble(BUDGET_SPENT)

    def refused(bench: Bench) -> tuple[Done, tuple[int, ...]]:
        bench.write_register(Register.MAX_WIDTH, 10)
        bench.write_register(Register.PULSE_BUDGET, 2)
        bench.write_register(Register.WATCHDOG, 10_000)
        bench.write_register(Register.CONTROL, Control.CLEAR_FAULT | Control.CLEAR_COUNTS | Control.ARM)
        return bench._run(program, 0, [], None, lambda words: None), counters(bench)

    with open_bench("sim") as sim:
        end, counted = refused(sim)
    assert end.fault == Fault.BUDGET
    assert refused(TwinBench(ArrayModel(seed=1))) == (end, counted)


CUT_SHORT = """
        li      r4, 28000
        rail    bl_set, r4
        rail    sl_inhibit, r4
        rail    wl_set, r4
        mone    m1, r0
        lines   set, m1, m1, m0
        pulse   r1
        wait    r2
        bne     r3, r15, rail
        pulse   r1                      ; one more than the budget, known after the scan of the counts
rail:   li      r4, 30001               ; above its limit
        rail    bl_set, r4
        halt    0
"""


@pytest.mark.parametrize("fault", [Fault.BUDGET, Fault.RAIL_LIMIT])
def test_refused_command_cuts_the_pulse_alike(fault: Fault, tmp_path: Path) -> None:
    """What the guard refuses ends the pulse that is still on: cells switch by the width that was left of it."""
    program = assemble(CUT_SHORT)

    def cut(bench: Bench) -> tuple[list[Done], tuple[int, ...]]:
        ends = []
        for row, wait in enumerate((0, 1, 7, 40, 180, 300)):
            bench.write_register(Register.CONTROL, Control.CLEAR_FAULT | Control.CLEAR_COUNTS)
            for rail in (Rail.BL_SET, Rail.SL_INHIBIT, Rail.WL_SET):
                bench.write_register(Register.MAX_RAIL + rail, 30_000)
            bench.write_register(Register.MAX_WIDTH, 1000)
            bench.write_register(Register.PULSE_BUDGET, 1)
            bench.write_register(Register.WATCHDOG, 10_000)
            bench.write_register(Register.CONTROL, Control.ARM)
            args = [row, 200, wait, int(fault == Fault.RAIL_LIMIT)]
            ends.append(bench._run(program, 0, args, None, lambda words: None))
        return ends, counters(bench)

    file = tmp_path / "array"
    with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED, file=file)) as sim:
        ends, counted = cut(sim)
    assert {end.fault for end in ends} == {fault}
    twin = TwinBench(ArrayModel({}, ARRAY_SEED))
    assert cut(twin) == (ends, counted)
    array = ArrayModel.open(file)
    np.testing.assert_array_equal(array.conductance(), twin.twin.array.conductance())


LEFT_ON = """
        mlo     m1, r0
        li      r14, 32
        vset    v1, r14
        vset    v2, r14
        lines   read, m1, m1, m1
        wait    r1
        convert
        wait    r2
again:  addi    r5, r5, 1
        vadd    v1, v1, v2
        vgat    v3, v1, v2
        vst     v1, r5, 0
        codes   v4
        mxor    m3, m3, m1
        vlt     m4, v2, v1
        rail    bl_read, r5
        wait    r3
        jmp     again

show:   li      r14, 32
        vout    v1, r14
        vout    v3, r14
        vout    v4, r14
        vld     v5, r5, 0
        vout    v5, r14
        vsub    v6, v6, v6
        vset    v6, r14 ?m3
        vset    v6, r5 ?m4
        vout    v6, r14
        halt    0
"""


def test_a_read_left_on_ends_alike() -> None:
    """In any clock of any instruction: what it had written stays, and no more."""
    program, show = assemble(LEFT_ON), len(assemble(LEFT_ON.split("show:")[0]).words)
    twin = TwinBench(ArrayModel({}, ARRAY_SEED))
    ends = set()
    with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED)) as sim:
        for seed in range(120):
            rng = np.random.default_rng(seed)
            limit = int(rng.integers(0, 4)) and 1
            args = [int(rng.choice([0, 1, 2, 0x8000])), *map(int, rng.integers(0, [300, 49_000, 20]))]
            shown, seen = [0] * 5 + [int(rng.integers(60))], []
            for bench in (sim, twin):
                bench.write_register(Register.CONTROL, Control.CLEAR_FAULT | Control.CLEAR_COUNTS)
                bench.write_register(Register.MAX_RAIL + Rail.BL_READ, 1000)
                bench.write_register(Register.MAX_READ, limit)
                bench.write_register(Register.WATCHDOG, 10_000)
                bench.write_register(Register.CONTROL, Control.ARM)
                words: list[np.ndarray] = []
                end = bench._run(program, 0, args, None, words.append)
                bench.write_register(Register.CONTROL, Control.CLEAR_FAULT)
                bench._run(program, show, shown, None, words.append)
                seen.append((end, np.concatenate(words).tolist(), counters(bench)))
            assert seen[0] == seen[1], (seed, args)
            ends.add((seen[1][0].fault, seen[1][0].pc))
    assert {pc for fault, pc in ends if fault == Fault.READ_TIME} > {5, 9, 10, 11, 12, 14, 16}
    assert (Fault.RAIL_LIMIT, 15) in ends  # no word line, no limit of its time


def test_products_of_random_tiles_agree(tmp_path: Path) -> None:
    """Codes, clocks, and what is left of the array: its counts of reads and its bench time, too."""
    rng = np.random.default_rng(5)
    file = tmp_path / "array"
    with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED, file=file)) as sim:
        twin = TwinBench(ArrayModel({}, ARRAY_SEED))
        for bits in (1, 3, 4, 7, 8, 8, 9, 13, 16):
            rows, outputs, products = rng.integers(1, 33), int(rng.integers(1, 33)), rng.integers(1, 30)
            lanes = np.arange(32)
            p, n = (np.where(lanes < outputs, rng.integers(-1, 32, 32), -1).astype(np.int16) for _ in range(2))
            row_of_input = rng.permutation(32)[:rows].astype(np.int16)
            gain = (lanes < outputs).astype(np.int32)
            tile = Tile(0, 0, 0, outputs, row_of_input, p, n, gain)
            inputs = np.zeros((products, 32), np.int64)
            inputs[:, row_of_input] = rng.integers(0, 1 << bits, (products, rows))
            codes, cycles = run_tile(sim, tile, inputs, bits, Recipe())
            twin_codes, twin_cycles = run_tile(twin, tile, inputs, bits, Recipe())
            np.testing.assert_array_equal(codes, twin_codes, err_msg=f"{bits} bits")
            assert cycles == twin_cycles
            assert counters(sim) == counters(twin)
    # all but the epoch, which opening the file moves
    sim_array = ArrayModel.open(file)
    twin_array = tmp_path / "twin"
    twin_array.write_bytes(twin.array.save())
    assert sim_array.save() == ArrayModel.open(twin_array).save()


@pytest.mark.slow
def test_programs_with_faults_leave_both_alike() -> None:
    """After a fault the next program starts from the same state on both."""
    twin = TwinBench(ArrayModel({}, ARRAY_SEED))
    with open_bench("sim", array=SimulatedArray(seed=ARRAY_SEED)) as sim:
        for seed in range(10_000, 10_000 + PROGRAMS):
            agree(sim, twin, seed)
