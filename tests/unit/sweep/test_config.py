"""Files of sweeps: what they expand to, and what is refused with its line."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.errors import DataError, UsageError
from ohmbench.programming.recipe import Recipe
from ohmbench.sweep.config import KEYS, SweepConfig
from ohmbench.sweep.points import chosen, expand

REPO = Path(__file__).resolve().parents[3]
HERE = Path("sweeps/test.toml")
BASE = '[[grid]]\nnetwork = "digits-64-10"\n'

AXES: dict[str, st.SearchStrategy[Any]] = {
    "bits": st.sampled_from([2, 4]),
    "method": st.sampled_from(["pairs", "lossless", "kmeans", "all"]),
    "network_seed": st.integers(0, 2**32 - 1),
    "window_usiemens": st.sampled_from([4.0, 6.0, 10.0]),
    "array_seed": st.integers(0, 2**63 - 1),
    "rest_s": st.sampled_from([0, 1.0, 86400.0]),
    "images": st.integers(1, 360),
    "stuck_fraction": st.sampled_from([0.0, 0.01, 0.1]),
}
grids = st.fixed_dictionaries(
    {}, optional={name: st.lists(values, min_size=1, max_size=3, unique=True) for name, values in AXES.items()}
)


def parse(text: str) -> SweepConfig:
    return SweepConfig.parse(text, HERE)


def written(grid: dict[str, list[Any]]) -> str:
    return "".join(f"{name} = {json.dumps(values)}\n" for name, values in grid.items())


@given(grids)
def test_a_grid_is_the_product_of_its_lists(grid: dict[str, list[Any]]) -> None:
    config = parse(BASE + "budget = 0.5\n" + written(grid))
    assert len(config.settings) == math.prod(map(len, grid.values()))
    for setting in config.settings:
        assert set(setting) == set(KEYS)
        assert all(setting[name] in values for name, values in grid.items())
    keys = [point.key for point in expand(config)]
    assert len(keys) == len(set(keys)) == len(config.settings)


@given(grids, grids, st.randoms())
def test_a_point_has_one_key_whatever_the_file(one: dict[str, Any], other: dict[str, Any], random: Any) -> None:
    shared = "[all]\nbudget = 0.5\n"
    both = [BASE + written(one), BASE + written(other)]
    shuffled = [BASE + written(dict(random.sample(list(grid.items()), len(grid)))) for grid in (other, one)]
    first, second = (expand(parse(shared + "".join(parts))) for parts in (both, shuffled))
    assert {point.key for point in first} == {point.key for point in second}
    assert len({point.key for point in first}) == len(first)


def test_what_all_says_holds_where_a_grid_is_silent() -> None:
    config = parse('[all]\nnetwork = "digits-64-10"\nimages = 5\n[[grid]]\n[[grid]]\nimages = [6, 7]\n')
    assert [setting["images"] for setting in config.settings] == [5, 6, 7]


def test_a_budget_that_a_method_does_not_heed_makes_no_second_point() -> None:
    points = expand(parse(BASE + 'method = ["lossless", "kmeans"]\nbudget = [0.5, 0.6]\n'))
    assert [(p.network.method, p.network.budget) for p in points] == [
        ("lossless", None),
        ("kmeans", 0.5),
        ("kmeans", 0.6),
    ]


def test_recipe_window_and_parameters_are_resolved() -> None:
    text = BASE + 'device = "ideal"\nwindow_usiemens = 6\nstuck_fraction = 0.02\nparams.adc_noise_lsb = [0, 3]\n'
    still, noisy = expand(parse(text))
    assert (still.params["adc_noise_lsb"], noisy.params["adc_noise_lsb"]) == (0.0, 3.0)
    assert still.params["stuck_low_fraction"] == still.params["stuck_high_fraction"] == 0.01
    assert still.params["wire_bl_ohm"] == 0.0  # the preset's
    default = Recipe.load("coarse-fine")
    assert still.recipe.window_usiemens == 6.0
    assert still.recipe.inner_usiemens == pytest.approx(default.inner_usiemens * 6.0 / default.window_usiemens)
    assert noisy.settings()["adc_noise_lsb"] == 3.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no [[grid]]"),
        ("grid = 3", "must be tables"),
        ("[[grid]]\nbits = 2\n", "names no network"),
        ("[sweep]\n" + BASE, "test.toml:1: sweep is not a part of a sweep"),
        (BASE + "\nbit = 2\n", "test.toml:4: bit is not a key"),
        (BASE + BASE + "bit = 2\n", "test.toml:5: bit is not a key"),
        (BASE + "bits = []\n", "test.toml:3: bits is an empty list"),
        (BASE + "bits = [2, 3]\n", "test.toml:3: bits has the value 3, which is not 2 or 4"),
        (BASE + "images = true\n", "test.toml:3: images has the value True"),
        (BASE + "rest_s = nan\n", "test.toml:3: rest_s has the value nan"),
        (BASE + "budget = 0\n", "test.toml:3: budget has the value 0"),
        (BASE + "params = 3\n", "test.toml:3: params is not a table"),
        (BASE + "params.wire_ohm = 3\n", "test.toml:3: wire_ohm is not a parameter"),
        (BASE + "[grid.params]\nwire_bl_ohm = 'a'\n", "test.toml:4: wire_bl_ohm has the value 'a'"),
        ("[[grid]]\nnetwork = ['digits-64-10', ['x']]\n", "test.toml:2: network has the value ['x']"),
        (BASE + "method = [{a = 1}]\n", "test.toml:3: method has the value {'a': 1}"),
        (BASE + f"rest_s = 1{'0' * 400}\n", "test.toml:3: rest_s has the value 1000"),
        (BASE + f"params.wire_bl_ohm = 1{'0' * 400}\n", "test.toml:3: wire_bl_ohm has the value 1000"),
        (BASE + "bits = \n", "line 3"),
        (BASE + f"array_seed = {list(range(400))}\nnetwork_seed = {list(range(400))}", "more than 100,000 points"),
    ],
)
def test_a_file_that_makes_no_sense(text: str, said: str) -> None:
    with pytest.raises(DataError) as refused:
        parse(text)
    assert said in str(refused.value)
    assert "Nothing was sent to the array." in refused.value.told()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('method = "kmeans"\n', "needs a budget"),
        ('recipe = "none"\n', "none"),
        ('device = "none"\n', "no such preset"),
        ("window_usiemens = 0.001\n", "window narrower than a code"),
        ("params.stuck_low_fraction = 2\n", "more than 100 % of the cells are bad"),
        ("params.wire_bl_ohm = -1\n", "wire_bl_ohm"),
    ],
)
def test_a_setting_that_makes_no_sense(text: str, said: str) -> None:
    config = parse(BASE + text)
    with pytest.raises(DataError) as refused:
        expand(config)
    assert said in str(refused.value) or said == "no such preset"
    assert "Nothing was sent to the array." in refused.value.told()


def test_points_are_chosen_by_the_beginning_of_their_key() -> None:
    points = expand(parse(BASE + "array_seed = [1, 2, 3]\n"))
    assert chosen(points, []) == points
    assert chosen(points, [points[1].key]) == [points[1]]
    for wrong in ("", "x"):
        with pytest.raises(UsageError, match="`--list` lists the keys") as refused:
            chosen(points, [wrong])
        assert "Nothing was sent to the array." in refused.value.told()


def test_the_examples_are_sweeps() -> None:
    sweeps = REPO / "host/ohmbench/sweep/configs"
    assert len(expand(SweepConfig.load(sweeps / "digits.toml"))) == 48
    assert len(expand(SweepConfig.load(sweeps / "mnist-784.toml"))) == 90
    (example,) = re.findall(r"```toml\n(.*?)```", (REPO / "docs/sweep.md").read_text(), re.S)
    # pairs has one budget, all has two; a parameter's default is the device's
    assert len(expand(parse(example))) == 2 * (1 + 2) * 2 * 3 + 2 * 2
    said = set(re.findall(r"^\| `([a-z_]+)", (REPO / "docs/sweep.md").read_text(), re.M))
    assert said == set(KEYS)


@given(st.text(max_size=200))
def test_any_text_parses_or_is_refused(text: str) -> None:
    try:
        config = parse(text)
    except DataError:
        return
    assert config.settings


def test_sweeps_that_come_with_ohmbench_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the README has it; a file of one's own goes before, and another folder has none of them."""
    monkeypatch.chdir(tmp_path)
    assert len(expand(SweepConfig.load(Path("digits.toml")))) == 48
    with pytest.raises(DataError, match="Cannot read the sweep"):
        SweepConfig.load(tmp_path / "digits.toml")
    (tmp_path / "digits.toml").write_text(BASE)
    assert len(expand(SweepConfig.load(Path("digits.toml")))) == 1
