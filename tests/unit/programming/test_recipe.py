"""Recipes: those that come with ohmbench, and what a file of one's own may not say."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.bench.base import dac_code
from ohmbench.errors import DataError
from ohmbench.model.array import load_params
from ohmbench.programming.recipe import RECIPES, Recipe
from ohmbench.tables import RAIL_CEILING, Rail

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))


def test_coarse_fine_is_the_default_spelled_out() -> None:
    assert Recipe.load("coarse-fine") == Recipe()
    text = (RECIPES / "coarse-fine.toml").read_text(encoding="utf-8")
    assert [f.name for f in fields(Recipe) if f"\n{f.name} = " not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_named_recipe_runs_within_its_limits(name: str) -> None:
    recipe = Recipe.load(name)
    limits = recipe.limits().rails_v
    assert all(dac_code(volts) <= RAIL_CEILING[rail] for rail, volts in limits.items())
    assert all(limits[rail] >= volts for rail, volts in recipe.rails_v().items())
    assert limits[Rail.SL_RESET] == recipe.reset_end_v


def test_the_recipe_of_preset_c_is_scaled_as_the_preset_is() -> None:
    scaled, default = Recipe.load("preset-c"), Recipe()
    factor = load_params("c")["g_high_usiemens"] / load_params("a")["g_high_usiemens"]
    assert scaled.g_min_usiemens == pytest.approx(default.g_min_usiemens * factor, rel=0.01)
    assert scaled.g_max_usiemens == pytest.approx(default.g_max_usiemens * factor, rel=0.01)
    for name in ("set_curve", "reset_curve"):
        points, of_default = np.array(getattr(scaled, name)), np.array(getattr(default, name))
        assert points[:, 0] == pytest.approx(of_default[:, 0] * factor, rel=1e-3)
        assert np.array_equal(points[:, 1], of_default[:, 1])


def load(folder: Path, text: str) -> Recipe:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return Recipe.load(path)


def test_keys_not_given_keep_their_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, "") == Recipe()
    assert load(tmp_path, "rounds = 3") == Recipe(rounds=3)
    assert load(tmp_path, "set_us = 1") == Recipe(set_us=1)
    assert load(tmp_path, "set_curve = [[10, 1], [20.5, 1.5]]") == Recipe(set_curve=((10, 1), (20.5, 1.5)))


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
        ("set_step_v = '0.1'", "set_step_v"),
        ("set_step_v = 0.0", "set_step_v = 0"),
        ("set_step_v = 1e-5", "set_step_v is no step"),
        ("set_step_v = nan", "set_step_v = nan"),
        ("set_step_v = inf", "set_step_v = inf"),
        ("set_step_v = -0.1", "set_step_v = -0.1"),
        ("reset_step_v = 4.9", "reset_step_v is no step"),
        ("set_start_v = 2.1", "set_start_v is above set_end_v"),
        ("reset_start_v = 2.0", "reset_start_v is above reset_end_v"),
        ("set_end_v = 3.7", "set_end_v is above 3.6 V"),
        ("set_v = 3.7", "set_v is above 3.6 V"),
        ("reset_end_v = 3.7", "reset_end_v is above 3.6 V"),
        ("wl_reset_v = 4.9", "wl_reset_v is above 4.8 V"),
        ("wl_read_v = 4.9", "wl_read_v is above 4.8 V"),
        ("read_v = 0.4", "read_v is above 0.35 V"),
        ("set_us = 0.001", "set_us = 0.001"),
        ("reset_us = 2000.0", "reset_us = 2000.0"),
        ("set_curve = [[200.0, 1.0], [100.0, 0.8]]", "set_curve"),
        ("set_curve = [[100.0, nan]]", "set_curve"),
        ("set_curve = [[100.0]]", "set_curve"),
        ("reset_curve = 3.0", "reset_curve"),
        ("reset_curve = [['a', 1.0]]", "reset_curve"),
        ("reset_back = -2", "reset_back = -2"),
        ("set_lead_v = -0.1", "set_lead_v"),
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
        (f"set_v = 1{'0' * 400}", "too large"),
        ("rounds = [", "Cannot read"),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert named in message
    assert "Nothing was sent to the array" in message


def test_an_unknown_name_gets_the_names_there_are() -> None:
    with pytest.raises(DataError, match="coarse-fine, coarse-fine-gate, form, ispp-gate"):
        Recipe.load("coarsefine")


@given(st.sampled_from([f.name for f in fields(Recipe)]), st.floats() | st.integers(-(10**6), 10**6))
def test_any_number_is_taken_or_refused(name: str, value: float) -> None:
    if isinstance(getattr(Recipe(), name), int | float):
        try:
            limits = Recipe(**{name: value}).limits()
        except DataError:
            return
        assert all(0 <= dac_code(volts) <= RAIL_CEILING[rail] for rail, volts in limits.rails_v.items())
        assert 1 <= limits.pulses <= 510
