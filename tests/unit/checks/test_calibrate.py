"""Calibration against the reference resistors: what it finds, and that everything that reads codes goes by it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.calibration import MAX_AGE, Calibration
from ohmbench.checks.calibrate import calibrate
from ohmbench.cli.main import main
from ohmbench.errors import CheckError, StoreError
from ohmbench.inference.on_bench import run_tile
from ohmbench.lab.carrier import calibrate_board
from ohmbench.mapping.tile import Tile
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.progress import Progress
from ohmbench.record.calibrations import add_calibration, calibrations, last_calibration
from ohmbench.record.store import Store
from ohmbench.tables import COLUMNS, Rail

SPREAD = "gain-spread=0.02,offset-spread=5"
RAILS = f"{SPREAD},rail=cal:0.96,rail=bl_read:1.03,rail=bl_set:0.97"
FULL_SCALE_USIEMENS = 260.0
QUIET = Progress(quiet=True)


def bench(faults: str, device: str | dict[str, float] = "ideal", seed: int = 1) -> TwinBench:
    return TwinBench(ArrayModel(device, seed), SimulatedCarrier.parse(faults).open())


@cache
def calibration(faults: str, seed: int = 1) -> Calibration:
    return calibrate(bench(faults, {}, seed), "x", QUIET)


def calibrated(faults: str, seed: int = 1) -> TwinBench:
    """A bench whose carrier was calibrated with another array in the socket, and noise of that seed."""
    made = bench(faults)
    made.carrier = made.carrier.calibrated(calibration(faults, seed))
    return made


def levels() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 8, (32, 32))


def error_usiemens(made: TwinBench) -> float:
    """Largest error of a read conductance, over conductances up to the full scale."""
    true = np.random.default_rng(3).uniform(3.0, 250.0, (32, 32))
    made.twin.array.set_conductance(true * 1e-6)
    return float(np.abs(read_array(made, Recipe()) / Recipe().codes_per_siemens * 1e6 - true).max())


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("faults", [SPREAD, RAILS])
def test_conductances_after_it(faults: str, seed: int) -> None:
    """Gain spread 2 %, offsets of 5 codes, converters with their noise, rails that are off: 0.3 % of full scale.

    The array that is read is without noise, wires and relaxation: they are no errors of the carrier.
    """
    before = error_usiemens(bench(faults))
    after = error_usiemens(calibrated(faults, seed))
    assert before > 0.03 * FULL_SCALE_USIEMENS
    assert after <= 0.003 * FULL_SCALE_USIEMENS, after / FULL_SCALE_USIEMENS


def test_what_it_finds() -> None:
    values = SimulatedCarrier.parse(RAILS).values
    true = {name: np.array([v for n, _, v in values if n == name]) for name in ("gain", "offset")}
    found = calibration(RAILS)
    # cells are read with bl_read
    assert np.abs(found.gain / (1.03 * true["gain"]) - 1).max() < 0.004
    assert np.abs(found.offset - true["offset"]).max() < 0.3
    # against the resistors alone all rails are relative to cal
    assert found.rails[Rail.BL_SET] == pytest.approx(0.97 / 0.96, abs=0.003)
    assert found.rails[Rail.SL_RESET] == pytest.approx(1.0 / 0.96, abs=0.003)
    assert found.residual_codes < 0.3


def test_an_instrument_makes_the_rails_absolute() -> None:
    """It measures cal alone; the monitors say what the others are beside it."""
    true = {Rail.CAL: 0.96, Rail.BL_SET: 0.97, Rail.BL_READ: 1.03}
    found = calibrate(bench(RAILS, {}), "x", QUIET, measure_cal_v=lambda volts: 0.96 * volts, instrument="DMM")
    assert found.rails == pytest.approx({rail: true.get(rail, 1.0) for rail in Rail}, abs=0.003)
    assert np.abs(found.gain / calibration(RAILS).gain - 1).max() < 0.005
    assert found.instrument == "DMM"


def test_programming_goes_by_it() -> None:
    """The firmware judges raw codes: each cell's window is shifted by what its channel is off by.

    The ideal device, whose steps are all alike, misses an eighth of the windows on a carrier without errors, too.
    """
    recipe, wanted = Recipe(), levels()
    mask = np.ones((32, 32), np.bool_)
    without_errors = program_image(bench(""), wanted, mask, 7, recipe).inside.mean()
    errors = []
    for made in (bench(SPREAD), calibrated(SPREAD)):
        records = program_image(made, wanted, mask, 7, recipe)
        target = recipe.targets_usiemens(wanted, 7)
        errors.append(np.abs(made.twin.array.conductance() * 1e6 - target)[records.inside])
        read = records.code / recipe.codes_per_siemens * 1e6
        assert records.inside.mean() > 0.95 * without_errors
    assert errors[0].max() > 1.2 * recipe.window_usiemens
    assert errors[1].max() < 1.05 * recipe.window_usiemens
    assert np.abs(read - made.twin.array.conductance() * 1e6).max() < 0.003 * FULL_SCALE_USIEMENS


def test_products_go_by_it() -> None:
    lanes = np.full(32, -1, np.int16)
    p, n = lanes.copy(), lanes.copy()
    p[:5], n[:4] = [4, 30, 9, 1, 2], [17, 0, 22, 3]
    values = np.random.default_rng(2).integers(0, 256, (20, 32))
    tile = Tile(0, 0, 0, 5, np.arange(32, dtype=np.int16), p, n, np.ones(32, np.int32))

    def product(made: TwinBench, bits: int) -> np.ndarray:
        made.twin.array.set_conductance(Recipe().targets_usiemens(levels(), 7) * 1e-6)
        return run_tile(made, tile, values % (1 << bits), bits, Recipe())[0]

    for bits in (8, 5, 12):
        true, raw = product(bench(""), bits), product(bench(SPREAD), bits)
        corrected = product(calibrated(SPREAD), bits)
        assert np.abs(corrected - true).max() < 0.1 * np.abs(raw - true).max()
        assert np.abs(corrected - true).max() < 0.002 * np.abs(true).max()


def test_a_channel_without_its_resistor_is_not_calibrated() -> None:
    with pytest.raises(CheckError, match="Channels 4 of 32 do not follow"):
        calibrate(bench("missing=4", {}), "x", QUIET)


def test_the_record_keeps_it(tmp_path: Path) -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ones, zeros = np.linspace(0.9, 1.1, COLUMNS), np.linspace(-3, 3, COLUMNS)
    first = Calibration("A", ones, zeros, dict.fromkeys(Rail, 1.0), 0.1, "reference resistors", at)
    second = Calibration("A", ones + 0.01, zeros, dict.fromkeys(Rail, 1.01), 0.2, "DMM", at + timedelta(days=1))
    with Store.open(tmp_path / "record.sqlite") as store:
        for calibration in (first, second):
            add_calibration(store, calibration)
        found, *older = calibrations(store)
        last = last_calibration(store, "A")
        assert last is not None
        assert last.summary() == found.summary()
        assert last_calibration(store, "B") is None
    assert found.summary() == second.summary()
    assert [c.instrument for c in older] == ["reference resistors"]


def test_a_stale_one_says_so() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    one = Calibration("A", np.ones(32), np.zeros(32), {}, 0.1, "reference resistors", at)
    assert not one.is_stale(at + MAX_AGE)
    assert one.is_stale(at + MAX_AGE + timedelta(seconds=1))
    assert one.note(at + MAX_AGE * 2).startswith("STALE, of 2026-03-01 against reference resistors")


NONSENSE = {
    "a monitor that is far too noisy": "noisy=12:200",
    "a channel that is no line": "noisy=3:300",
    "a read rail that is dead": "rail=bl_read:0",
    "a read rail at three quarters": "rail=bl_read:0.75",
    "a rail that is dead": "rail=wl_reset:0",
    "a rail that is too high": "rail=sl_inhibit:1.2",
    "channels that are off by more than any": "gain=7:1.3",
}


@pytest.mark.parametrize("faults", NONSENSE.values(), ids=NONSENSE)
@pytest.mark.parametrize("seed", range(2))
def test_nonsense_is_not_kept(faults: str, seed: int, tmp_path: Path) -> None:
    with Store.open(tmp_path / "record.sqlite") as store:
        with pytest.raises(CheckError, match="selftest") as refused:
            calibrate_board(bench(faults, {}, seed), "A", store, QUIET)
        assert "No cell was pulsed" in refused.value.told()
        assert calibrations(store) == []


def spoiled(name: str, value: object) -> Calibration:
    one = Calibration("A", np.ones(32), np.zeros(32), dict.fromkeys(Rail, 1.0), 0.1, "DMM", datetime.now(UTC))
    return replace(one, **{name: value})


NO_CALIBRATION = {
    "gain nan": ("gain", np.r_[np.ones(31), np.nan]),
    "gain -1": ("gain", -np.ones(32)),
    "gain infinite": ("gain", np.r_[np.inf, np.ones(31)]),
    "too few gains": ("gain", np.ones(31)),
    "offset nan": ("offset", np.full(32, np.nan)),
    "offset huge": ("offset", np.r_[np.zeros(31), 1e9]),
    "rail": ("rails", dict.fromkeys(Rail, 1.0) | {Rail.BL_READ: 0.93}),
    "rail nan": ("rails", {Rail.BL_READ: float("nan")}),
    "residual": ("residual_codes", 0.51),
    "residual nan": ("residual_codes", float("nan")),
}


@pytest.mark.parametrize("what", NO_CALIBRATION)
def test_nonsense_in_the_record_is_an_error_and_can_be_mended(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wrote it: no gains that make later results wrong without a word, and calibrating again stays possible."""
    made = spoiled(*NO_CALIBRATION[what])
    with Store.open(tmp_path / "record.sqlite") as store:
        with pytest.raises(CheckError):
            add_calibration(store, made)
        with store.database.transaction() as sql:
            values = ("twin", made.at.isoformat(), json.dumps(made.as_json()))
            sql.execute("INSERT INTO calibrations(board, at, data) VALUES (?, ?, ?)", values)
    told_and_mended(tmp_path, monkeypatch)


@pytest.mark.parametrize("data", ["{}", "[]", "null", '{"gain": 1}', '{"rails": {"x": 1}}', "no JSON", '{"rails": []}'])
def test_a_damaged_calibration_in_the_record(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(tmp_path / "record.sqlite") as store, store.database.transaction() as sql:
        sql.execute(
            "INSERT INTO calibrations(board, at, data) VALUES ('twin', '2026-01-01T00:00:00+00:00', ?)", (data,)
        )
    told_and_mended(tmp_path, monkeypatch)


def told_and_mended(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OHMBENCH_LAB", str(lab))
    options = ["--port", "twin", "--quiet"]
    assert main(["read", *options]) == StoreError.exit_code
    assert main(["calibrate", *options]) == 0
    assert main(["read", *options]) == 0
