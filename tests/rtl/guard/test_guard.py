"""The guard: each promise attacked directly, then by streams of hostile inputs."""

from __future__ import annotations

from tests.rtl.runner import run

SOURCES = [
    "ohm_ram.sv",
    "ohm_guard_pins.sv",
    "ohm_guard_limits.sv",
    "ohm_guard_budget.sv",
    "ohm_guard_read.sv",
    "ohm_guard_check.sv",
    "ohm_guard.sv",
]
FAST = {"TicksPerMs": 8, "SafeClocks": 4}


def test_guard() -> None:
    run(
        "ohm_guard",
        SOURCES,
        ["tests.rtl.guard.tb_guard_commands", "tests.rtl.guard.tb_guard_pins", "tests.rtl.guard.tb_guard_off"],
        parameters=FAST,
    )


def test_guard_hostile() -> None:
    run("ohm_guard", SOURCES, "tests.rtl.guard.tb_guard_hostile", parameters=FAST)
