"""The self-test of a carrier that reaches one cell at a time: each fault is found, alone, and by its name."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.checks.selftest import Kind
from ohmbench.checks.selftest_cells import READ_V, CellsMeasured, CellsSelfTest, Followed, judge, selftest_cells
from ohmbench.errors import ArrayState, CheckError
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.operations import selftest as operation
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.tables import COLUMNS, ROWS

X1 = "x1_scan"
ONE_FAULT = [
    ("dead=0", Kind.DEAD_CHANNEL, "the shunt's converter"),
    ("noisy=0:5", Kind.NOISY, "the shunt's converter"),
    ("offset=0:200", Kind.OFFSET, "the shunt's converter"),
    ("open=0", Kind.SCAN, "the chip"),
    ("rail=wl_set:0", Kind.SCAN, "the chip"),
    ("socket=10000", Kind.SCAN, "the chip"),
    ("socket=1", Kind.SHUNT, "all cells"),
]


def bench(faults: str, **params: float) -> TwinBench:
    made = TwinBench(ArrayModel(params, 1), SimulatedCarrier.parse(faults).open(), X1)
    made.carrier = Carrier().of_kind(X1)
    return made


def follow(tested: TwinBench, cell: tuple[int, int]) -> Followed:
    return operation.follow(tested, cell, Recipe())


def check(faults: str, cell: tuple[int, int] | None = None, **params: float) -> CellsSelfTest:
    tested = bench(faults, **params)
    result = selftest_cells(tested, Progress(quiet=True), cell=cell, follow=partial(follow, tested))
    pulses = tested.twin.array.pulses()
    assert np.count_nonzero(pulses) == (result.followed is not None)
    return result


@pytest.mark.parametrize(("faults", "kind", "where"), ONE_FAULT)
def test_each_fault_is_named_and_no_cell_is_pulsed(faults: str, kind: Kind, where: str) -> None:
    result = check(faults, (3, 4))
    assert [(fault.kind, fault.where) for fault in result.faults] == [(kind, where)]
    assert result.followed is None
    with pytest.raises(CheckError, match=str(kind)) as raised:
        result.require_good()
    assert raised.value.array == ArrayState.NOT_PULSED


@pytest.mark.parametrize("faults", ["", "gain=0:1.05,offset=0:20", "rail=bl_set:0.97"])
def test_a_good_one_is_good(faults: str) -> None:
    result = check(faults)
    assert result.is_good, result.describe()
    assert "no cell was pulsed" in result.describe()


def test_unformed_cells_look_like_a_chip_that_does_not_answer() -> None:
    (fault,) = check("", unformed_fraction=1.0, stuck_low_fraction=0.0, stuck_high_fraction=0.0).faults
    assert fault.kind == Kind.SCAN
    assert "no cell was ever formed" in fault.detail
    few = check("", unformed_fraction=0.9, stuck_low_fraction=0.0, stuck_high_fraction=0.1)
    assert few.is_good
    assert "unformed? Address and supplies not judged" in few.notes[0]


def test_a_cell_that_does_not_follow_is_named() -> None:
    result = check("", (5, 6), stuck_low_fraction=0.0, stuck_high_fraction=0.0)
    assert result.is_good
    assert result.followed is not None
    stuck = bench("", stuck_low_fraction=0.5)
    cell = tuple(int(x) for x in np.argwhere(stuck.twin.array.kinds() != 0)[0])
    result = selftest_cells(stuck, Progress(quiet=True), cell=(cell[0], cell[1]), follow=partial(follow, stuck))
    (fault,) = result.faults
    assert (fault.kind, fault.where) == (Kind.CELL, f"cell {cell[0]},{cell[1]}")
    with pytest.raises(CheckError) as raised:
        result.require_good()
    assert raised.value.array == ArrayState.OFF


def seen(
    cells: np.ndarray, halved: np.ndarray | None = None, gated: np.ndarray | None = None
) -> list[tuple[Kind, str]]:
    """What readings (rows, columns) that nothing here can give would mean."""
    half = cells / 2 if halved is None else halved
    measured = CellsMeasured(0.0, 1.84, True, cells, half, np.zeros_like(cells) if gated is None else gated)
    return [(fault.kind, fault.where) for fault in judge(bench(""), measured)]


def test_lost_bits_of_the_address_and_supplies_that_do_not_move() -> None:
    assert READ_V == 0.3
    cells = np.random.default_rng(1).uniform(50, 500, (ROWS, COLUMNS))
    assert seen(cells) == []
    assert seen(np.repeat(cells[:1], ROWS, axis=0)) == [(Kind.SCAN, "the chip")]
    assert seen(np.repeat(cells[:, :1], COLUMNS, axis=1)) == [(Kind.SCAN, "the chip")]
    assert seen(cells, halved=cells) == [(Kind.RAIL, "Vcc_set")]
    assert seen(cells, gated=cells) == [(Kind.RAIL, "Vcc_wl_set")]
