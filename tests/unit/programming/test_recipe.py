"""Recipes: those that come with ohmbench, and what a file of one's own may not say."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.bench.base import dac_code
from ohmbench.errors import DataError
from ohmbench.model.array import load_params
from ohmbench.programming.ramp import Ramp
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.recipe_file import RECIPES, flat
from ohmbench.tables import RAIL_CEILING, Rail

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))


def test_coarse_fine_is_the_default_spelled_out() -> None:
    assert Recipe.load("coarse-fine") == Recipe()
    text = (RECIPES / "coarse-fine.toml").read_text(encoding="utf-8")
    keys = [f.name for f in fields(Recipe) if f.name not in ("set", "reset")]
    assert [key for key in keys if f"\n{key} = " not in text] == []
    _, of_set, of_reset = re.split(r"\n\[(?:set|reset)\]\n", text)
    for table in (of_set, of_reset):
        assert [f.name for f in fields(Ramp) if f"\n{f.name} = " not in f"\n{table}"] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_named_recipe_runs_within_its_limits(name: str) -> None:
    recipe = Recipe.load(name)
    limits = recipe.limits().rails_v
    assert all(dac_code(volts) <= RAIL_CEILING[rail] for rail, volts in limits.items())
    assert all(limits[rail] >= volts for rail, volts in recipe.rails_v().items())
    assert limits[Rail.SL_RESET] == recipe.reset.end_v


def test_the_recipe_of_preset_c_is_scaled_as_the_preset_is() -> None:
    scaled, default = Recipe.load("preset-c"), Recipe()
    factor = load_params("c")["g_high_usiemens"] / load_params("a")["g_high_usiemens"]
    assert scaled.g_min_usiemens == pytest.approx(default.g_min_usiemens * factor, rel=0.01)
    assert scaled.g_max_usiemens == pytest.approx(default.g_max_usiemens * factor, rel=0.01)
    for ramp, of_default_ramp in ((scaled.set, default.set), (scaled.reset, default.reset)):
        points, of_default = np.array(ramp.curve), np.array(of_default_ramp.curve)
        assert points[:, 0] == pytest.approx(of_default[:, 0] * factor, rel=1e-3)
        assert np.array_equal(points[:, 1], of_default[:, 1])


def load(folder: Path, text: str) -> Recipe:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return Recipe.load(path)


def test_keys_not_given_keep_their_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Recipe()
    assert load(tmp_path, "rounds = 3") == Recipe(rounds=3)
    assert load(tmp_path, "[set]\nus = 1") == Recipe(set=Recipe().set.but(us=1))
    curve = ((10, 1), (20.5, 1.5))
    assert load(tmp_path, "[set]\ncurve = [[10, 1], [20.5, 1.5]]") == Recipe(set=Recipe().set.but(curve=curve))


def test_a_window_given_alone_has_no_hysteresis(tmp_path: Path) -> None:
    assert load(tmp_path, "window_usiemens = 4.0").inner_usiemens == 4.0
    assert load(tmp_path, "window_usiemens = 4.0\ninner_usiemens = 3.0").inner_usiemens == 3.0


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("windw_usiemens = 5.0", "windw_usiemens"),
        ("rounds = 1.5", "rounds"),
        ("rounds = true", "rounds"),
        ("rounds = 0", "rounds = 0"),
        ("rounds = 18", "18 rounds of 15 reset pulses"),
        ("[set]\nstep_v = '0.1'", "set.step_v"),
        ("[set]\nstep_v = 0.0", "set.step_v = 0"),
        ("[set]\nstep_v = 1e-5", "set.step_v is not a step"),
        ("[set]\nstep_v = nan", "set.step_v = nan"),
        ("[set]\nstep_v = inf", "set.step_v = inf"),
        ("[set]\nstep_v = -0.1", "set.step_v = -0.1"),
        ("[reset]\nstep_v = 4.9", "reset.step_v is not a step"),
        ("[set]\nstart_v = 2.1", "set.start_v is above set.end_v"),
        ("[reset]\nstart_v = 2.0", "reset.start_v is above reset.end_v"),
        ("[set]\nend_v = 3.7", "set.end_v is above 3.6 V"),
        ("[set]\nhold_v = 3.7", "set.hold_v is above 3.6 V"),
        ("[reset]\nend_v = 3.7", "reset.end_v is above 3.6 V"),
        ("[reset]\nhold_v = 4.9", "reset.hold_v is above 4.8 V"),
        ("wl_read_v = 4.9", "wl_read_v is above 4.8 V"),
        ("read_v = 0.4", "read_v is above 0.35 V"),
        ("[set]\nus = 0.001", "set.us = 0.001"),
        ("[reset]\nus = 2000.0", "reset.us = 2000.0"),
        ("[set]\ncurve = [[200.0, 1.0], [100.0, 0.8]]", "set.curve"),
        ("[set]\ncurve = [[100.0, nan]]", "set.curve"),
        ("[set]\ncurve = [[100.0]]", "set.curve"),
        ("[reset]\ncurve = 3.0", "reset.curve"),
        ("[reset]\ncurve = [['a', 1.0]]", "reset.curve"),
        ("[reset]\nback = -2", "reset.back = -2"),
        ("[set]\nlead_v = -0.1", "set.lead_v"),
        ("algorithm = 'source'", "There is no algorithm source. There are: gate, gate-last-reset, gate-last-set, line"),
        ("algorithm = 1", "algorithm"),
        ("set = 3.0", "set"),
        ("[set]\nstep = 0.1", "set.step"),
        ("[seet]\nstep_v = 0.1", "seet.step_v"),
        # the older format
        ("set_step_v = '0.1'", "set.step_v"),
        ("set_step_v = 1e-5", "set.step_v is not a step"),
        ("set_v = 3.7", "set.hold_v is above 3.6 V"),
        ("wl_reset_v = 4.9", "reset.hold_v is above 4.8 V"),
        ("ramp = 'source'", "ramp"),
        ("ramp = 1", "ramp"),
        ("last_pulse = 'SET'", "last_pulse"),
        ("single_cell = 1", "single_cell"),
        ("g_min_usiemens = 195.0", "g_max_usiemens is not above g_min_usiemens"),
        ("g_max_usiemens = 9000.0", "g_max_usiemens"),
        ("inner_usiemens = 11.0", "inner_usiemens is above window_usiemens"),
        ("inner_usiemens = 0.01", "inner_usiemens makes a window narrower"),
        ("confirm_need = 1", "confirm_need is above confirm"),
        ("confirm = 256", "confirm is above 255"),
        ("passes = 0", "passes = 0"),
        ("rest_s = -1.0", "rest_s = -1"),
        (f"[set]\nhold_v = 1{'0' * 400}", "too large"),
        ("rounds = [", "Cannot read"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert named in message
    assert "TOML" in message or "Correct it" in message or "The keys are" in message or "recipe" in message


def test_an_unknown_name_gets_the_names_there_are() -> None:
    with pytest.raises(DataError, match="coarse-fine, coarse-fine-gate, form, form-x1-scan, ispp-gate"):
        Recipe.load("coarsefine")


NUMBERS = [("", f.name) for f in fields(Recipe)] + [(ramp, f.name) for ramp in ("set", "reset") for f in fields(Ramp)]


@given(st.sampled_from(NUMBERS), st.floats() | st.integers(-(10**6), 10**6))
def test_any_number_is_taken_or_refused(where: tuple[str, str], value: float) -> None:
    ramp, name = where
    of = getattr(Recipe(), ramp) if ramp else Recipe()
    if isinstance(getattr(of, name), int | float):
        try:
            changed = of.but(**{name: value})
            limits = (Recipe(**{ramp: changed}) if ramp else changed).limits()
        except DataError:
            return
        assert all(0 <= dac_code(volts) <= RAIL_CEILING[rail] for rail, volts in limits.rails_v.items())
        assert 1 <= limits.pulses <= 510


OLD = """
g_min_usiemens = 25.0
ramp = "gate"
last_pulse = "set"
set_v = 2.0
set_start_v = 1.85
set_curve = [[180.0, 1.7], [192.0, 1.8]]
set_back = 2
wl_reset_v = 3.4
reset_lead_v = 0.15
rounds = 3
"""


def test_a_file_of_the_older_format_is_taken_and_said_how_to_write(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    default = Recipe()
    assert load(tmp_path, OLD) == Recipe(
        g_min_usiemens=25.0,
        algorithm="gate-last-set",
        set=default.set.but(hold_v=2.0, start_v=1.85, curve=((180.0, 1.7), (192.0, 1.8)), back=2),
        reset=default.reset.but(hold_v=3.4, lead_v=0.15),
        rounds=3,
    )
    (said,) = caplog.messages
    assert "mine.toml is in the format of older versions" in said
    for change in ("set_v is hold_v in [set]", "reset_lead_v is lead_v in [reset]", 'algorithm = "gate-last-set"'):
        assert change in said
    caplog.clear()
    for name in NAMES:
        Recipe.load(name)
    assert caplog.messages == []


@pytest.mark.parametrize("name", NAMES)
def test_what_runs_recorded_comes_back(name: str) -> None:
    """As the record holds it now, and as it was held when SET and RESET had no tables."""
    recipe = Recipe.load(name)
    recorded = json.loads(json.dumps(asdict(recipe)))
    assert Recipe.of(recorded) == recipe
    older = flat(recorded)
    assert not any(isinstance(value, dict) for value in older.values())
    assert {"set_v", "wl_reset_v", "reset_back", "ramp", "last_pulse"} <= older.keys()
    assert Recipe.of(older) == recipe
