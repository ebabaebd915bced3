"""Fault maps: file, damage, and what a characterisation run says of each cell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ohmbench.errors import DataError, UsageError
from ohmbench.faults.fault_map import FaultKind, FaultMap, classify
from ohmbench.record.cell_records import CellRecords

kinds = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda s: arrays(np.uint8, s, elements=st.integers(0, 4))
)
serials = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faults.json"


@pytest.fixture
def saved(path: Path) -> Path:
    """Eight rows of six columns; row 2, column 3 is stuck high."""
    cells = np.zeros((8, 6), np.uint8)
    cells[2, 3] = FaultKind.STUCK_HIGH
    FaultMap(cells, "die-4").save(path)
    return path


def test_numbers_are_those_of_the_array_model() -> None:
    assert {kind.name: int(kind) for kind in FaultKind} == {
        "NONE": 0,
        "STUCK_LOW": 1,
        "STUCK_HIGH": 2,
        "UNFORMED": 3,
        "WEAK": 4,
    }


@settings(max_examples=50)
@given(kinds, serials)
def test_a_saved_map_loads_as_it_was(tmp_path_factory: pytest.TempPathFactory, cells: Any, serial: str) -> None:
    path = tmp_path_factory.mktemp("faults") / "map.json"
    faults = FaultMap(cells, serial)
    faults.save(path)
    assert FaultMap.load(path) == faults
    np.testing.assert_array_equal(FaultMap.load(path).kinds, cells)


def test_file_can_be_read_by_a_person(saved: Path) -> None:
    content = json.loads(saved.read_text())
    assert content["serial"] == "die-4"
    assert content["cells"][2] == "...H.."
    assert content["legend"]["H"] == "stuck high"
    assert '\n  "...H..",\n' in saved.read_text()


def test_bad_and_description(saved: Path) -> None:
    faults = FaultMap.load(saved)
    assert np.argwhere(faults.bad).tolist() == [[2, 3]]
    assert faults.describe() == "die-4: 1 of 48 cells bad: 1 stuck high"
    assert FaultMap(np.zeros((2, 2), np.uint8)).describe() == "array: 0 of 4 cells bad"
    with pytest.raises(ValueError, match="read-only"):
        faults.kinds[0, 0] = 1
    assert faults != FaultMap(faults.kinds, "die-5")
    assert faults != "die-4"


def change_cells(row: int, line: Any) -> Callable[[dict[str, Any]], None]:
    def change(content: dict[str, Any]) -> None:
        content["cells"][row] = line

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_cells(5, "....x."), r"row 5, column 4: 'x'"),
        (change_cells(5, "....."), "row 5 has 5 columns, row 0 has 6"),
        (change_cells(0, ""), "row 0 has 0 columns"),
        (change_cells(3, ["."] * 6), "row 3 is not a text"),
        (lambda content: content.update(cells=[]), "1 to 128 rows"),
        (lambda content: content.update(cells="......"), "1 to 128 rows"),
        (lambda content: content.update(cells=["."] * 129), "1 to 128 rows"),
        (lambda content: content.update(cells=["." * 129] * 2), "row 0 has 129 columns"),
        (lambda content: content.pop("cells"), "1 to 128 rows"),
        (lambda content: content.update(schema=2), "update ohmbench"),
        (lambda content: content.update(schema=True), "schema is True"),
        (lambda content: content.update(format="recipe"), "not a fault map"),
        (lambda content: content.update(serial=7), "serial number is not a text"),
        (lambda content: content.update(serial="a\nb"), "serial number"),
        (lambda content: content.update(serial="s" * 129), "serial number"),
    ],
)
def test_damage_is_named(saved: Path, change: Callable[[dict[str, Any]], object], message: str) -> None:
    content = json.loads(saved.read_text())
    change(content)
    saved.write_text(json.dumps(content))
    with pytest.raises(DataError, match=message) as caught:
        FaultMap.load(saved)
    assert str(saved) in str(caught.value)
    assert caught.value.todo == "Correct the file or characterise the array again."


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 100_000, b"[]", b"null", b"{}", b"." * (2 << 20)])
def test_other_bytes_are_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(DataError, match="Correct the file or characterise the array again"):
        FaultMap.load(path)


def test_missing_file_and_folder(path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        FaultMap.load(path)
    with pytest.raises(UsageError, match="Cannot write"):
        FaultMap(np.zeros((2, 2), np.uint8)).save(path / "deeper.json")


def test_impossible_kinds_are_refused() -> None:
    with pytest.raises(DataError, match="row 1, column 0: 5"):
        FaultMap(np.array([[0, 1], [5, 0]]))
    for shape in ((4,), (0, 3), (129, 1)):
        with pytest.raises(DataError, match="rows and columns"):
            FaultMap(np.zeros(shape, np.uint8))


def runs(at_low: list[int], at_high: list[int]) -> tuple[CellRecords, CellRecords]:
    """One row of cells; accepted are 85..145 at the lowest level and 757..817 at the highest."""
    shape = (1, len(at_low))
    low, high = np.array([at_low]), np.array([at_high])
    every = np.ones(shape, np.bool_)
    return (
        CellRecords.of_codes(every, np.full(shape, 85), np.full(shape, 145), low),
        CellRecords.of_codes(every, np.full(shape, 757), np.full(shape, 817), high),
    )


@pytest.mark.parametrize(
    ("at_low", "at_high", "kind"),
    [
        (100, 800, FaultKind.NONE),
        (85, 757, FaultKind.NONE),
        (145, 817, FaultKind.NONE),
        (998, 1001, FaultKind.STUCK_HIGH),
        (760, 800, FaultKind.STUCK_HIGH),
        (12, 11, FaultKind.STUCK_LOW),
        (100, 120, FaultKind.STUCK_LOW),
        (2, -3, FaultKind.UNFORMED),
        (2, 11, FaultKind.STUCK_LOW),
        (100, 500, FaultKind.WEAK),  # does not reach the top
        (300, 800, FaultKind.WEAK),  # does not come down
        (300, 400, FaultKind.WEAK),
        (11, 800, FaultKind.WEAK),  # fell through the lowest window and did not come back
        (100, 900, FaultKind.WEAK),
        (900, 100, FaultKind.WEAK),  # moves, the wrong way round
    ],
)
def test_classify(at_low: int, at_high: int, kind: FaultKind) -> None:
    faults = classify(*runs([100, at_low], [790, at_high]), unformed_code=6, serial="die-4")
    assert faults.kinds.tolist() == [[FaultKind.NONE, kind]]
    assert faults.serial == "die-4"


@given(st.lists(st.tuples(st.integers(-40, 1100), st.integers(-40, 1100)), min_size=1, max_size=40))
def test_classify_keeps_its_promises(codes: list[tuple[int, int]]) -> None:
    lowest, highest = runs([c[0] for c in codes], [c[1] for c in codes])
    faults = classify(lowest, highest, unformed_code=6)
    accepted = (lowest.low <= lowest.code) & (lowest.code <= lowest.high)
    accepted &= (highest.low <= highest.code) & (highest.code <= highest.high)
    np.testing.assert_array_equal(faults.bad, ~accepted)
    kinds = faults.kinds
    assert (np.minimum(lowest.code, highest.code)[kinds == FaultKind.STUCK_HIGH] >= 757).all()
    assert (np.maximum(lowest.code, highest.code)[np.isin(kinds, [1, 3])] <= 145).all()


def test_runs_that_do_not_belong_together_are_refused() -> None:
    lowest, highest = runs([100], [800])
    with pytest.raises(DataError, match="no fault map was made"):
        classify(highest, lowest, unformed_code=6)
    with pytest.raises(DataError, match="no fault map was made"):
        classify(lowest, runs([100, 100], [800, 800])[1], unformed_code=6)
