"""A carrier's TOML file: what it may say, and that all of it is applied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.bench.base import Limits
from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import DataError, UsageError
from ohmbench.inference.on_bench import run_tile
from ohmbench.mapping.tile import Tile
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.programming.programmer import program_cells, read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.tables import Rail

ORDER = np.random.default_rng(4).permutation(32)


def written(folder: Path, text: str) -> Path:
    path = folder / "carrier.toml"
    path.write_text(text)
    return path


def test_all_of_it(tmp_path: Path) -> None:
    carrier = Carrier.load(
        written(
            tmp_path,
            f'name = "seven"\nrows = {ORDER.tolist()}\nbad_rows = [3]\nbad_columns = [0, 31]\ngain = 1.01\n'
            f"offset = {[0.5] * 32}\nreference_ohm = {[1e4] * 32}\n[limits]\nbl_set_v = 2.5\n"
            "pulse_us = 3\nlevels = 4\n",
        )
    )
    assert carrier.name == "seven"
    assert not carrier.is_in_order
    assert not carrier.is_exact
    assert np.count_nonzero(carrier.bad) == 32 + 2 * 31
    assert carrier.limits_v[Rail.BL_SET] == 2.5
    assert carrier.limits_v[Rail.SL_RESET] == 3.6
    assert carrier.pulse_us == 3.0
    assert carrier.max_levels == 4


def test_an_empty_file_is_the_reference_carrier(tmp_path: Path) -> None:
    carrier = Carrier.load(written(tmp_path, ""))
    assert carrier.is_in_order
    assert carrier.is_exact


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rows = [1, 2]", "rows does not name each"),
        (f"columns = {[0] * 32}", "columns does not name each"),
        (f"rows = {[*range(31), 32]}", "rows is not a list"),
        ("bad_rows = [32]", "bad_rows is not a list"),
        ("gain = 0.1", "gain has something other"),
        ("gain = [1.0]", "gain has 1 numbers, not 32"),
        ("offset = true", "offset has something other"),
        ("offset = nan", "offset has something other"),
        ("colour = 1", "no such key: colour"),
        ("name = 1", "name is not text"),
        ("[limits]\nbl_set_v = 3.7", "above the guard's own ceiling"),
        ("[limits]\nbl_set_v = -1", "not a number from 0 on"),
        ("[limits]\nfoo_v = 1", "no such limit: foo_v"),
        ("[limits]\nlevels = 1", "levels is not a whole number from 2 to 256"),
        ("[limits]\nlevels = 8.0", "levels is not a whole number from 2 to 256"),
        ("limits = 1", "limits is not a table"),
        ("rows = ", "Cannot read the carrier"),
    ],
)
def test_mistakes_are_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"{said}"):
        Carrier.load(written(tmp_path, text))
    with pytest.raises(DataError, match="Cannot read the carrier .*absent.toml"):
        Carrier.load(tmp_path / "absent.toml")


@given(st.permutations(range(32)), st.permutations(range(32)))
def test_lines_and_cells_are_the_reverse_of_each_other(rows: list[int], columns: list[int]) -> None:
    carrier = Carrier(rows=np.array(rows), columns=np.array(columns))
    cells = np.arange(1024).reshape(32, 32)
    assert np.array_equal(carrier.on_cells(carrier.on_lines(cells)), cells)
    assert carrier.on_lines(cells)[rows[5], columns[7]] == cells[5, 7]


def shuffled() -> Carrier:
    return Carrier(rows=ORDER, columns=ORDER[::-1].copy())


def bench(simulated: Carrier, carrier: Carrier) -> TwinBench:
    made = TwinBench(ArrayModel("ideal", seed=3), SimulatedCarrier.wired_as(simulated).open())
    made.carrier = carrier
    return made


def image() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    return rng.integers(0, 8, (32, 32)), rng.random((32, 32)) < 0.8


def test_the_right_map_undoes_a_shuffled_carrier() -> None:
    """Every cell of the array gets what is meant for it, and reads, records and products are in its places."""
    levels, mask = image()
    recipe = Recipe()
    seen: dict[int, np.ndarray] = {}
    made = bench(shuffled(), shuffled())
    records = program_image(made, levels, mask, 7, recipe)
    again = bench(shuffled(), shuffled())
    program_cells(
        again,
        levels,
        mask,
        7,
        recipe,
        lambda part, first, words: seen.update({first + i: w for i, w in enumerate(words)}),
    )
    straight = bench(Carrier(), Carrier())
    same = program_image(straight, levels, mask, 7, recipe)
    assert np.array_equal(made.twin.array.conductance(), straight.twin.array.conductance())
    assert np.array_equal(read_array(made, recipe), read_array(straight, recipe))
    for name in ("code", "set_pulses", "reset_pulses", "inside"):
        assert np.array_equal(getattr(records, name)[mask], getattr(same, name)[mask])
    assert sorted(seen) == list(range(32))
    for row, words in seen.items():
        assert np.array_equal((words & 0xFFFF)[mask[row]], (records.code[row] & 0xFFFF)[mask[row]])


def test_products_through_a_shuffled_carrier_are_those_of_a_straight_one() -> None:
    levels, mask = image()
    none = np.full(32, -1, np.int16)
    p, n = none.copy(), none.copy()
    p[:3], n[:2] = [4, 30, 9], [17, 0]
    tile = Tile(0, 0, 0, 3, np.arange(32, dtype=np.int16), p, n, np.ones(32, np.int32))
    values = np.random.default_rng(2).integers(0, 256, (20, 32))
    results = []
    for carrier in (Carrier(), shuffled()):
        made = bench(carrier, carrier)
        program_image(made, levels, mask, 7, Recipe())
        made.twin.array.set_conductance(Recipe().targets_usiemens(levels, 7) * 1e-6)
        results.append(run_tile(made, tile, values, 8, Recipe())[0])
    assert results[0].any()
    assert np.array_equal(*results)


def test_the_wrong_map_programs_other_cells() -> None:
    """Otherwise the tests above would say nothing."""
    levels, mask = image()
    made = bench(shuffled(), Carrier())
    program_image(made, levels, mask, 7, Recipe())
    wanted = Recipe().targets_usiemens(levels, 7)
    assert np.mean(np.abs(made.twin.array.conductance() * 1e6 - wanted)[mask] < 15) < 0.5


def test_bad_lines_get_no_pulse() -> None:
    levels, mask = image()
    bad = np.zeros((32, 32), np.bool_)
    bad[3] = True
    bad[:, 31] = True
    made = TwinBench(ArrayModel("ideal", seed=3))
    made.carrier = Carrier(bad=bad)
    records = program_image(made, levels, mask, 7, Recipe())
    pulses = made.twin.array.pulses()
    assert not pulses[bad].any()
    assert pulses[mask & ~bad].any()
    assert not records.pulses[bad].any()


def test_a_carriers_limits_are_held() -> None:
    made = TwinBench(ArrayModel("ideal"))
    made.carrier = Carrier(name="frail", limits_v=dict(Carrier().limits_v) | {Rail.BL_SET: 1.0}, pulse_us=0.5)
    said = (
        "frail: rail bl_set may have up to 1 V, and 2 V is asked for; a pulse may have up to 0.5 us, and 1 us is asked"
    )
    with pytest.raises(UsageError, match=said):
        enter(made, Limits({Rail.BL_SET: 2.0}, 1.0, 1))
    assert not made.state().armed


@pytest.mark.parametrize(("kind", "levels"), [("reference", 256), ("x1_scan", 8)])
def test_levels_are_what_its_file_says_or_else_its_kind(kind: str, levels: int, tmp_path: Path) -> None:
    assert Carrier().of_kind(kind).max_levels == levels
    assert Carrier.load(written(tmp_path, "[limits]\nlevels = 12\n")).of_kind(kind).max_levels == 12


def test_more_levels_than_the_carriers_get_no_pulse() -> None:
    levels, mask = image()
    made = TwinBench(ArrayModel("ideal", seed=3))
    made.carrier = Carrier(name="coarse", max_levels=7)
    with pytest.raises(UsageError, match="The image has 8 levels of conductance; coarse allows 7"):
        program_image(made, levels, mask, 7, Recipe())
    assert made.state().run_cycles == 0
    made.carrier = Carrier(max_levels=8)
    assert program_image(made, levels, mask, 7, Recipe()).pulses.any()


def enter(made: TwinBench, limits: Limits) -> None:
    with made.armed(limits, {}):
        pass
