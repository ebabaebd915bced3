"""What an error says of the array when it leaves a bench: what the bench knows, not what its author guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.bench.base import Limits
from ohmbench.bench.left import array_left_as, left_as
from ohmbench.bench.opening import open_bench
from ohmbench.cli.main import main
from ohmbench.errors import ArrayState, DataError, FaultError, LinkError, OhmbenchError, UsageError
from ohmbench.isa import load_firmware

READ = Limits({}, 0.0, 0)
PULSE = Limits({}, 1.0, 1)


def left_with(error: OhmbenchError, *, arm: Limits | None) -> None:
    def leave() -> None:
        with open_bench("twin") as bench:
            if arm is not None:
                with bench.armed(arm, {}):
                    bench.execute(load_firmware("rails"), {})
            raise error

    with pytest.raises(type(error)):
        leave()


def test_a_bench_that_was_not_armed_has_an_untouched_array() -> None:
    error = DataError("The file is damaged.", "Correct it.")
    left_with(error, arm=None)
    assert error.told() == "The file is damaged. Nothing was sent to the array. Correct it."


@pytest.mark.parametrize(("arm", "state"), [(READ, ArrayState.NOT_PULSED), (PULSE, ArrayState.OFF)])
def test_a_bench_that_was_armed_has_an_array_that_is_off(arm: Limits, state: ArrayState) -> None:
    error = DataError("The disk is full.", "Free some space.")
    left_with(error, arm=arm)
    assert error.array is state
    assert str(error) == "The disk is full. Free some space."


def test_what_is_known_better_stays() -> None:
    fault, lost = FaultError("over-current"), LinkError("lost", array=ArrayState.GOES_OFF)
    left_with(fault, arm=None)
    left_with(lost, arm=READ)
    assert (fault.array, lost.array) == (ArrayState.OFF, ArrayState.GOES_OFF)


def test_what_comes_after_is_told_of_the_last_bench_of_its_command() -> None:
    left_as(None)
    with pytest.raises(UsageError), open_bench("twin", trace=Path("none")):
        pass
    assert array_left_as() is ArrayState.UNTOUCHED
    left_with(DataError("The disk is full."), arm=PULSE)
    assert array_left_as() is ArrayState.OFF
    with pytest.raises(UsageError), open_bench("twin", trace=Path("none")):
        pass
    assert array_left_as() is ArrayState.OFF
    assert main(["asm", "no-such-file", "--quiet"]) != 0
    assert array_left_as() is None
