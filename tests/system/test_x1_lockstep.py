"""The X1 carrier's RTL before its chip's model, and the twin, held together: test_lockstep.py, one cell at a time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.system.lockstep import agree, counters

from ohmbench.bench.base import Bench, Limits, dac_code
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.bench.twin import TwinBench
from ohmbench.isa import assemble
from ohmbench.link.messages import Done, Why
from ohmbench.model.array import ArrayModel
from ohmbench.support.array_types import Words
from ohmbench.tables import Control, Fault, Rail, Register

KIND = "x1_scan"
SEED = 7


@pytest.mark.parametrize("programs", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_random_programs_agree(programs: int) -> None:
    twin = TwinBench(ArrayModel({}, SEED), kind=KIND)
    with open_bench("sim", array=SimulatedArray(seed=SEED, kind=KIND)) as sim:
        assert sim.info.carrier_kind == KIND
        ends = [agree(sim, twin, seed) for seed in range(programs)]
    endings, faults = [end.why for end in ends], [end.fault for end in ends]
    for fault in (Fault.HALF_SELECT, Fault.BAD_LINES):
        assert fault in faults
    assert endings.count(Why.HALT) > programs // 2
    assert endings.count(Why.FAULT) > programs // 50


RAMPS = """
; SET and RESET ramps of some columns of rows, each step read back: all 32 codes go to the host
.entry ramps
.arg row r0
.arg end r1
.arg columns r2
.arg start r3
.arg step r4
.arg stop r5
.arg width r6
ramps:
        li      r15, 32
        mandn   m2, m0, m0
        mlo     m2, r2
next_row:
        bge     r0, r1, finish
        mone    m1, r0
        addi    r7, r3, 0
set_step:
        rail    sl_inhibit, r7
        rail    bl_set, r7
        lines   set, m1, m1, m2
        pulse   r6
        lines   read, m1, m1, m0
        sense   v0
        vout    v0, r15
        add     r7, r7, r4
        bge     r5, r7, set_step
        addi    r7, r3, 0
reset_step:
        rail    sl_reset, r7
        lines   reset, m1, m1, m2
        pulse   r6
        lines   read, m1, m1, m2
        convert
        add     r7, r7, r4
        codes   v0
        vout    v0, r15
        bge     r5, r7, reset_step
        addi    r0, r0, 1
        jmp     next_row
finish:
        lines   off, m0, m0, m0
        halt    0
"""
COLUMNS = 0b1000_0000_0001_0110
STEPS = 3


def ramps(bench: Bench) -> Words:
    rails_v = {Rail.BL_READ: 0.2, Rail.WL_READ: 3.0, Rail.WL_SET: 3.0, Rail.WL_RESET: 3.4}
    most = rails_v | dict.fromkeys((Rail.BL_SET, Rail.SL_INHIBIT, Rail.SL_RESET), 2.0)
    args = {"row": 3, "end": 5, "columns": COLUMNS, "start": 13_000, "step": 6_600, "stop": dac_code(2.0)}
    with bench.armed(Limits(most, 0.5, 100), rails_v):
        return bench.execute(assemble(RAMPS), args | {"width": 20}).words


def test_ramps_agree_and_switch() -> None:
    twin = TwinBench(ArrayModel({}, SEED), kind=KIND)
    found = ramps(twin)
    with open_bench("sim", array=SimulatedArray(seed=SEED, kind=KIND)) as sim:
        np.testing.assert_array_equal(ramps(sim), found)
        assert counters(sim) == counters(twin)
    codes = found.view(np.int32).reshape(2, 2, STEPS, 32)
    chosen = [column for column in range(32) if COLUMNS >> column & 1]
    others = [column for column in range(32) if column not in chosen]
    after_set, after_reset = codes[:, 0, -1], codes[:, 1, -1]
    # 195 uS and 17 uS behind the shunt: some 690 and 65 codes
    assert after_set[:, chosen].min() > 480
    assert after_reset[:, chosen].max() < 290
    assert (after_reset[:, others] == 0).all(), "columns that were not asked for read 0"


ENDS = """
; a pulse of one column, then of three
.entry budget
.entry cut
.entry read
.arg row r0
.arg one r1
.arg three r2
.arg width r3
.arg wait r5
budget:
        mone    m1, r0
        mlo     m2, r1
        lines   set, m1, m1, m2
        pulse   r3
        mlo     m2, r2
        lines   set, m1, m1, m2
        pulse   r3
        halt    0
; a pulse that what follows cuts short, if it is soon enough
cut:
        li      r4, 28000
        rail    bl_set, r4
        rail    sl_inhibit, r4
        rail    wl_set, r4
        mone    m1, r0
        mlo     m2, r1
        lines   set, m1, m1, m2
        pulse   r3
        wait    r5
        li      r4, 30001               ; above its limit
        rail    bl_set, r4
        halt    0
; a read that is left on, and ends in what is done then
read:
        mone    m1, r0
        mlo     m2, r1
        lines   read, m1, m1, m2
        wait    r5
        sense   v0
        sense   v1
        halt    0
"""


def ended(bench: Bench, entry: str, **args: int) -> tuple[Done, tuple[int, ...]]:
    """How a program ends under a budget of a pulse and a millisecond of reading, and what it leaves."""
    program = assemble(ENDS)
    bench.write_register(Register.CONTROL, Control.CLEAR_FAULT | Control.CLEAR_COUNTS)
    for rail in (Rail.BL_SET, Rail.SL_INHIBIT, Rail.WL_SET):
        bench.write_register(Register.MAX_RAIL + rail, 30_000)
    bench.write_register(Register.MAX_WIDTH, 1000)
    bench.write_register(Register.PULSE_BUDGET, 1)
    bench.write_register(Register.MAX_READ, 1)
    bench.write_register(Register.WATCHDOG, 10_000)
    bench.write_register(Register.CONTROL, Control.ARM)
    end = bench._run(program, program.entry(entry), program.registers(args), None, lambda words: None)
    bench.safe()
    return end, counters(bench)


CUT_WAITS = (0, 1, 7, 40, 180, 300)
READ_WAITS = (1, 44_000, 47_000, 47_560, 47_700, 47_990, 48_500)


def test_what_the_guard_ends_agrees(tmp_path: Path) -> None:
    """A budget that a later column of a mask has spent, pulses cut short, and reads that end within a packet."""

    def work(bench: Bench) -> list[tuple[Done, tuple[int, ...]]]:
        found = [ended(bench, "budget", row=9, one=4, three=0b1110, width=10)]
        found += [ended(bench, "cut", row=i, one=1 << i, width=200, wait=wait) for i, wait in enumerate(CUT_WAITS)]
        return found + [ended(bench, "read", row=i, one=6, wait=wait) for i, wait in enumerate(READ_WAITS)]

    file = tmp_path / "array"
    with open_bench("sim", array=SimulatedArray(seed=SEED, kind=KIND, file=file)) as sim:
        found = work(sim)
    assert [end.fault for end, _ in found[:7]] == [Fault.BUDGET, *[Fault.RAIL_LIMIT] * 6]
    assert {end.fault for end, _ in found[7:]} == {Fault.NONE, Fault.READ_TIME}
    twin = TwinBench(ArrayModel({}, SEED), kind=KIND)
    for (end, counted), expected in zip(work(twin), found, strict=True):
        assert (end, counted) == expected
    array = ArrayModel.open(file)
    np.testing.assert_array_equal(array.conductance(), twin.twin.array.conductance())
    array.close()
