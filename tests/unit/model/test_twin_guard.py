"""The twin's guard: the registers by the rules of docs/guard.md."""

from __future__ import annotations

import pytest

from ohmbench.bench.base import dac_code
from ohmbench.isa import assemble
from ohmbench.model.array import ArrayModel
from ohmbench.model.twin import Twin
from ohmbench.tables import HALF_SELECT_CEILING, RAIL_CEILING, READ_MAX_MS, Control, Fault, Rail, Register

MAX_WATCHDOG_MS = 10_000
LIMITS = [(Register.MAX_RAIL + rail, RAIL_CEILING[rail]) for rail in Rail]
LIMITS += [(Register.MAX_HALF_SELECT, HALF_SELECT_CEILING), (Register.MAX_READ, READ_MAX_MS)]
LIMITS += [(Register.MAX_WIDTH, 0xFFFF), (Register.PULSE_BUDGET, 0xFFFF), (Register.WATCHDOG, MAX_WATCHDOG_MS)]


@pytest.mark.parametrize(("register", "ceiling"), LIMITS)
def test_limits_up_to_the_ceiling_and_only_tighter_while_armed(register: int, ceiling: int) -> None:
    twin = Twin(ArrayModel())
    assert not twin.write_register(register, ceiling + 1)
    assert twin.write_register(register, ceiling)
    assert twin.write_register(Register.CONTROL, Control.ARM)
    assert twin.write_register(register, ceiling - 1)
    assert not twin.write_register(register, ceiling)


@pytest.mark.parametrize(
    ("divisor", "taken"), [(0, 1), (3, 0), (4, 1), (48, 1), (138, 1), (139, 0), (417, 0), (4095, 0)]
)
def test_divisors_from_which_a_break_does_not_lead_back_are_refused(divisor: int, taken: int) -> None:
    assert Twin(ArrayModel()).write_register(Register.BAUD_DIVISOR, divisor) == bool(taken)


def test_what_is_no_limit_is_refused() -> None:
    twin = Twin(ArrayModel())
    assert not twin.write_register(Register.WATCHDOG, 0)
    assert not twin.write_register(Register.MAX_READ + 1, 0)


def test_a_limit_below_its_rail_turns_all_off_and_the_fault_has_to_be_cleared_before_arming() -> None:
    program = assemble("li r1, 900\n rail wl_set, r1\n halt 0")
    twin = Twin(ArrayModel())
    twin.load(program.words)
    assert twin.write_register(Register.MAX_RAIL + Rail.WL_SET, 900)
    assert twin.write_register(Register.CONTROL, Control.ARM)
    twin.run(0)
    assert twin.write_register(Register.MAX_RAIL + Rail.WL_SET, 899)
    assert (twin.state().armed, twin.state().fault) == (False, Fault.RAIL_LIMIT)
    assert not twin.write_register(Register.CONTROL, Control.ARM | Control.CLEAR_FAULT)
    assert twin.state().fault == Fault.RAIL_LIMIT
    assert twin.write_register(Register.CONTROL, Control.CLEAR_FAULT)
    assert twin.write_register(Register.CONTROL, Control.ARM)


# A row's other cells get the difference between bit line and inhibit rail, which the budget does not see.
ATTACK = """
        mone    m1, r0
        mlo     m2, r1
        rail    bl_set, r2
        rail    sl_inhibit, r3
        rail    wl_set, r4
        lines   set, m1, m1, m2
fire:   pulse   r5
        addi    r6, r6, -1
        bne     r6, r15, fire
        halt    0
"""
ROW, GATE, WIDTH = 5, dac_code(3.0), 48


def attack(params: dict[str, float], budget: int, args: list[int]) -> Twin:
    """A twin that has run it with limits at the ceilings."""
    twin = Twin(ArrayModel(params, 3))
    twin.load(assemble(ATTACK).words)
    for register, ceiling in LIMITS:
        assert twin.write_register(register, ceiling)
    assert twin.write_register(Register.PULSE_BUDGET, budget)
    assert twin.write_register(Register.CONTROL, Control.ARM)
    twin.run(0, args)
    return twin


@pytest.mark.parametrize(
    ("columns", "line_v", "inhibit_v", "budget", "pulses", "fault"),
    [
        (1, 2.0, 0.0, 1, 1, Fault.HALF_SELECT),
        (0, 2.0, 0.0, 0, 60_000, Fault.HALF_SELECT),
        (0, 0.0, 2.0, 0, 1000, Fault.HALF_SELECT),
        (0, 3.59, 0.0, 0, 50, Fault.HALF_SELECT),
        (0, 2.0, 2.0, 0, 50, Fault.BAD_LINES),
        (1, 2.0, 2.0, 0, 50, Fault.BUDGET),
        (1, 2.0, 1.69, 50, 50, Fault.HALF_SELECT),
        (1, 2.0, 2.31, 50, 50, Fault.HALF_SELECT),
    ],
)
@pytest.mark.parametrize("unformed", [0.0, 0.9])
def test_attacks_on_a_rows_other_cells_get_no_pulse(
    columns: int, line_v: float, inhibit_v: float, budget: int, pulses: int, fault: Fault, unformed: float
) -> None:
    codes = [dac_code(line_v), dac_code(inhibit_v), GATE]
    twin = attack({"unformed_fraction": unformed}, budget, [ROW, columns, *codes, WIDTH, pulses])
    assert (twin.state().armed, twin.state().fault, twin.state().pulses) == (False, fault, 0)
    assert not twin.array.pulses().any()
    assert twin.array.save() == ArrayModel({"unformed_fraction": unformed}, 3).save()


@pytest.mark.parametrize("inhibit_v", [1.71, 2.0, 2.29])
def test_an_inhibit_rail_near_the_bit_line_is_taken(inhibit_v: float) -> None:
    twin = attack({}, 2, [ROW, 1, dac_code(2.0), dac_code(inhibit_v), GATE, WIDTH, 2])
    assert (twin.state().fault, twin.state().pulses) == (Fault.NONE, 2)
