"""The self-test on the twin: each fault is found, alone, and by its name."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.checks.reads import held_v, reference_codes
from ohmbench.checks.selftest import CAL_V, Kind, SelfTest, columns_seen, selftest
from ohmbench.errors import CheckError, UsageError
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.progress import Progress
from ohmbench.report.selftest import write_report
from ohmbench.tables import COLUMNS

SPREAD = "gain-spread=0.02,offset-spread=5"

ONE_FAULT = [
    ("open=5", Kind.OPEN_COLUMN, ["column 5, channel 5"]),
    ("open=0", Kind.OPEN_COLUMN, ["column 0, channel 0"]),
    ("swap=3:7", Kind.SWAPPED, ["column 3, channel 3", "column 7, channel 7"]),
    ("swap=3:4", Kind.SWAPPED, ["column 3, channel 3", "column 4, channel 4"]),
    ("dead=9", Kind.DEAD_CHANNEL, ["column 9, channel 9"]),
    ("dead=28", Kind.DEAD_CHANNEL, ["column 28, channel 28"]),
    ("rail=bl_set:0.95", Kind.RAIL, ["rail bl_set"]),
    ("rail=wl_read:1.05", Kind.RAIL, ["rail wl_read"]),
    ("rail=bl_read:0.95", Kind.RAIL, ["rail bl_read"]),
    ("rail=cal:1.05", Kind.RAIL, ["rail cal"]),
    ("missing=4", Kind.NO_REFERENCE, ["column 4, channel 4"]),
    ("noisy=12:5", Kind.NOISY, ["column 12, channel 12"]),
    # as much as another column's resistor gives, which its own channel reads too
    ("gain=2:1.3", Kind.GAIN, ["column 2, channel 2"]),
    ("gain=9:0.8", Kind.GAIN, ["column 9, channel 9"]),
    ("offset=8:200", Kind.OFFSET, ["column 8, channel 8"]),
]


def check(faults: str, carrier: Carrier | None = None, seed: int = 1, **params: float) -> SelfTest:
    bench = TwinBench(ArrayModel(params, seed), SimulatedCarrier.parse(faults).open())
    bench.carrier = carrier or Carrier()
    result = selftest(bench, Progress(quiet=True))
    assert not bench.twin.array.pulses().any()
    return result


@pytest.mark.parametrize(("faults", "kind", "where"), ONE_FAULT)
def test_each_fault_is_named(faults: str, kind: Kind, where: list[str]) -> None:
    """On a carrier that was never calibrated."""
    result = check(f"{SPREAD},{faults}")
    assert [(fault.kind, fault.where) for fault in result.faults] == [(kind, place) for place in where]
    assert result.describe().startswith("1 fault: " if len(where) == 1 else f"{len(where)} faults: ")
    with pytest.raises(CheckError, match=str(kind)):
        result.require_good()


def test_a_gain_is_never_a_swap_and_a_swap_never_a_gain() -> None:
    own = np.arange(COLUMNS)
    by_column = reference_codes(TwinBench(ArrayModel({}, 1)), held_v(CAL_V))
    for column, gain in product(range(COLUMNS), np.arange(0.6, 1.7, 0.01)):
        codes = by_column.copy()
        codes[column] *= gain
        assert columns_seen(by_column, own, codes)[column] in (column, -1), (column, gain)
    rng = np.random.default_rng(28)
    for _ in range(200):
        wired = rng.permutation(COLUMNS)
        assert np.array_equal(columns_seen(by_column, own, by_column[wired]), wired)


@pytest.mark.parametrize(("seed", "spread"), [(1, ""), (2, SPREAD), (3, SPREAD)])
def test_a_good_carrier_is_good(seed: int, spread: str) -> None:
    result = check(spread, seed=seed)
    assert result.is_good, result.faults
    result.require_good()


def test_several_faults_at_once() -> None:
    result = check(f"open=2,dead=21,missing=30,swap=10:11,rail=sl_inhibit:0.95,noisy=17:5,{SPREAD}")
    assert [(fault.kind, fault.where.split(",")[0]) for fault in result.faults] == [
        (Kind.OPEN_COLUMN, "column 2"),
        (Kind.SWAPPED, "column 10"),
        (Kind.SWAPPED, "column 11"),
        (Kind.NOISY, "column 17"),
        (Kind.DEAD_CHANNEL, "column 21"),
        (Kind.NO_REFERENCE, "column 30"),
        (Kind.RAIL, "rail sl_inhibit"),
    ]


def test_a_shuffled_carrier_needs_its_own_map(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(32).tolist()
    path = tmp_path / "shuffled.toml"
    path.write_text(f"rows = {order}\ncolumns = {order[::-1]}\n")
    assert check(f"wired-as={path}", Carrier.load(path)).is_good
    wrong = check(f"wired-as={path}")
    moved = sum(channel != column for column, channel in enumerate(order[::-1]))
    assert [fault.kind for fault in wrong.faults] == [Kind.SWAPPED] * moved


def test_a_row_that_conducts_nowhere() -> None:
    bench = TwinBench(ArrayModel(seed=1))
    fresh = np.zeros((32, 32), np.uint8)
    fresh[6] = 3
    bench.twin.array.inject(fresh)
    result = selftest(bench, Progress(quiet=True))
    assert [(fault.kind, fault.where) for fault in result.faults] == [(Kind.OPEN_ROW, "row 6")]


def test_an_array_that_conducts_nowhere_is_said() -> None:
    fresh = {"unformed_fraction": 0.998, "unformed_usiemens": 0.001, "stuck_low_fraction": 0.002}
    fresh["stuck_high_fraction"] = 0.0
    result = check("", **fresh, g_low_usiemens=0.001)
    assert result.is_good
    assert "conducts nowhere" in result.notes[0]
    lost = check("open=5", **fresh, g_low_usiemens=0.001)
    assert [fault.kind for fault in lost.faults] == [Kind.NO_REFERENCE]
    assert "neither array nor reference" in lost.faults[0].detail


FRESH = {"unformed_fraction": 1.0, "stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("stuck", [0.0, 0.002, 0.01, 0.04, 0.1])
@pytest.mark.parametrize("faults", ["", SPREAD])
def test_a_fresh_array_is_no_broken_carrier(seed: int, stuck: float, faults: str) -> None:
    """The guide tests before it forms: the finding is the same whatever the array, and the run."""
    fresh = {"unformed_fraction": 1 - stuck, "stuck_low_fraction": stuck / 2, "stuck_high_fraction": stuck / 2}
    result = check(faults, seed=seed, **fresh)
    assert result.is_good, result.faults
    (note,) = result.notes
    assert ("conducts nowhere" in note) if stuck == 0 else ("conduct nowhere" in note and "unformed? Rows not" in note)
    if stuck == 0.002:
        assert int(note.split()[0]) >= 26


@pytest.mark.parametrize("seed", range(4))
def test_a_fresh_array_hides_no_fault_but_of_rows(seed: int) -> None:
    for faults, kind, where in ONE_FAULT:
        expected = Kind.NO_REFERENCE if kind == Kind.OPEN_COLUMN else kind  # they look alike there
        result = check(f"{SPREAD},{faults}", seed=seed, **FRESH)
        assert [(fault.kind, fault.where) for fault in result.faults] == [(expected, place) for place in where]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("usiemens", [1.0, 3.0, 100.0])
def test_a_formed_array_is_judged_whatever_it_holds(seed: int, usiemens: float) -> None:
    bench = TwinBench(ArrayModel({}, seed), SimulatedCarrier.parse(SPREAD).open())
    held = np.full((32, 32), usiemens * 1e-6)
    held[9] = 1e-9
    bench.twin.array.set_conductance(held)
    result = selftest(bench, Progress(quiet=True))
    rows = [fault.where for fault in result.faults]
    assert rows in (["row 9"], [])  # a stuck cell in it conducts
    assert not result.notes


def test_report(tmp_path: Path) -> None:
    result = check("open=5")
    write_report(result, tmp_path / "check.html")
    page = (tmp_path / "check.html").read_text()
    assert "simulated" in page
    assert "open column" in page
    assert json.loads((tmp_path / "check.json").read_text()) == result.summary()
    with pytest.raises(UsageError, match="Cannot write"):
        write_report(result, tmp_path / "absent/check.html")


@pytest.mark.parametrize("text", ["open", "open=32", "open=x", "rail=foo:1", "swap=1", "colour=3", "noisy=1:-1"])
def test_faults_that_make_no_sense(text: str) -> None:
    with pytest.raises(UsageError, match="is not understood. There are open=|The simulated carrier has no"):
        SimulatedCarrier.parse(text)
