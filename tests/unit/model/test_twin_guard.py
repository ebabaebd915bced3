"""The twin's guard: the registers by the rules of docs/guard.md."""

from __future__ import annotations

import pytest

from ohmbench.isa import assemble
from ohmbench.model.array import ArrayModel
from ohmbench.model.twin import Twin
from ohmbench.tables import RAIL_CEILING, Control, Fault, Rail, Register

MAX_WATCHDOG_MS = 10_000
LIMITS = [(Register.MAX_RAIL + rail, RAIL_CEILING[rail]) for rail in Rail]
LIMITS += [(Register.MAX_WIDTH, 0xFFFF), (Register.PULSE_BUDGET, 0xFFFF), (Register.WATCHDOG, MAX_WATCHDOG_MS)]


@pytest.mark.parametrize(("register", "ceiling"), LIMITS)
def test_limits_up_to_the_ceiling_and_only_tighter_while_armed(register: int, ceiling: int) -> None:
    twin = Twin(ArrayModel())
    assert not twin.write_register(register, ceiling + 1)
    assert twin.write_register(register, ceiling)
    assert twin.write_register(Register.CONTROL, Control.ARM)
    assert twin.write_register(register, ceiling - 1)
    assert not twin.write_register(register, ceiling)


def test_what_is_no_limit_is_refused() -> None:
    twin = Twin(ArrayModel())
    assert not twin.write_register(Register.WATCHDOG, 0)
    assert not twin.write_register(Register.BAUD_DIVISOR + 1, 0)


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
