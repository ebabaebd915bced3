"""What `ohmbench run` makes of its options, and what it says of those that make no sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.bench.base import clocks, codes_per_siemens, dac_code
from ohmbench.errors import DataError, OhmbenchError, UsageError
from ohmbench.operations.pulse_program import PulseProgram, _argument
from ohmbench.programming.recipe import Recipe
from ohmbench.tables import Rail

ONE_ENTRY = ".entry main\n.arg row r0\n.arg times r1\nmain:\n halt 0\n"
TWO_ENTRIES = ".entry one\n.entry two\n.arg row r0\n.arg times r1\none:\n halt 1\ntwo:\n halt 2\n"
WITH_INPUTS = ".entry main\nmain:\n vin v0\n halt 0\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "own.useq"
    path.write_text(text)
    return path


def test_units_become_codes_and_clocks(tmp_path: Path) -> None:
    asked = PulseProgram.asked(written(tmp_path, ONE_ENTRY), args=["row=0.72V", "times=0.2us"])
    assert asked.args == {"row": dac_code(0.72), "times": clocks(0.2)}
    recipe = Recipe()
    for text, value in {
        "x=17": 17,
        "x=0x10": 16,
        "x = 720 mV": dac_code(0.72),
        "x=1.5ms": 72_000,
        "x=500ns": 24,
        "x=70uS": round(70e-6 * codes_per_siemens(recipe.read_v)),
        "x=70µS": round(70e-6 * codes_per_siemens(recipe.read_v)),
    }.items():
        assert _argument(text, recipe) == ("x", value)


@given(st.text(max_size=30))
def test_any_value_is_a_number_or_is_refused(text: str) -> None:
    try:
        name, value = _argument(f"x={text}", Recipe())
    except UsageError:
        return
    assert name == "x"
    assert isinstance(value, int)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"args": ["rwo=1", "times=1"]}, "no argument 'rwo'.*did you mean 'row'"),
        ({"args": ["row=1"]}, "without a value: times.*--arg times="),
        ({"args": ["row=1", "times=9V"]}, "times is 117965, outside 0 to 65535"),
        ({"args": ["row=1", "times=1e999V"]}, "outside 0 to 65535"),
        ({"args": ["row=1", "times=1.5"]}, "not a whole number"),
        ({"args": ["row=1", "times=2u"]}, "not a number"),
        ({"args": ["row"]}, "Give --arg NAME=VALUE"),
        ({"entry": "mian"}, "no entry 'mian'.*did you mean 'main'"),
        ({"rails": ["bl_rd=0.1"]}, "no rail bl_rd.*did you mean 'bl_read'"),
        ({"rails": ["bl_set=two"]}, "'two' is not a voltage"),
        ({"rails": ["bl_set=2:1"]}, "is not a voltage"),
        ({"rails": ["bl_set=nan"]}, "is not a voltage"),
        ({"pulses": 3}, "--pulse-us and --pulses go together"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, options: dict[str, object], message: str) -> None:
    given_options = {"args": ["row=1", "times=1"], **options}
    with pytest.raises(UsageError, match=message):
        PulseProgram.asked(written(tmp_path, ONE_ENTRY), **given_options)  # type: ignore[arg-type]


def test_a_program_of_several_entries_may_leave_arguments_out(tmp_path: Path) -> None:
    assert PulseProgram.asked(written(tmp_path, TWO_ENTRIES), entry="two").args == {}


def test_without_pulses_the_guard_allows_none(tmp_path: Path) -> None:
    asked = PulseProgram.asked(written(tmp_path, ONE_ENTRY), args=["row=1", "times=1"], rails=["sl_reset=0.7:1.5"])
    assert (asked.limits.pulses, asked.limits.pulse_us) == (0, 0.0)
    assert asked.rails_v[Rail.SL_RESET] == 0.7
    assert asked.limits.rails_v[Rail.SL_RESET] == 1.5
    assert asked.rails_v[Rail.BL_READ] == asked.limits.rails_v[Rail.BL_READ] == Recipe().read_v


def test_inputs_are_asked_for_and_looked_at(tmp_path: Path) -> None:
    program = written(tmp_path, WITH_INPUTS)
    with pytest.raises(UsageError, match="takes inputs .*--inputs"):
        PulseProgram.asked(program)
    good = np.arange(64).reshape(2, 32)
    np.save(tmp_path / "good.npy", good)
    asked = PulseProgram.asked(program, inputs=tmp_path / "good.npy")
    assert asked.inputs is not None
    assert np.array_equal(asked.inputs, good)
    spoiled = {"short": good[:, :31], "negative": good - 1, "float": good * 1.0, "large": good + 65_500}
    for name, values in spoiled.items():
        np.save(tmp_path / f"{name}.npy", values)
        with pytest.raises(DataError, match="whole numbers from 0 to 65535"):
            PulseProgram.asked(program, inputs=tmp_path / f"{name}.npy")
    (tmp_path / "no.npy").write_bytes(b"no array")
    for path in (tmp_path / "no.npy", tmp_path / "absent.npy"):
        with pytest.raises(OhmbenchError, match="cannot be read"):
            PulseProgram.asked(program, inputs=path)
