"""What the record knows of an array's window and its bad cells, in records of before too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ohmbench.lab.known_bad import cells_left_out
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.window import characterised_window
from ohmbench.record.store import Store

SHAPE = (2, 3)


@pytest.fixture
def ledgered(tmp_path: Path) -> Iterator[Ledgered]:
    with Store.open(tmp_path / "record.sqlite") as store:
        store.array("W1", "1T1R", *SHAPE)
        yield Ledgered(store, "W1")


def begin(ledgered: Ledgered, kind: str, provenance: dict[str, Any] | None = None) -> Any:
    mask = np.zeros(SHAPE, np.bool_)
    return ledgered.store.begin_run(kind, "W1", rung="sim", mask=mask, pulses=0, provenance=provenance)


def found(low: float, *cells: list[int]) -> dict[str, Any]:
    return {"name": "characterise", "window_usiemens": [low, 200.0], "bad": [], "left_out": list(cells)}


def known(ledgered: Ledgered) -> tuple[float, list[list[int]]]:
    window = characterised_window(ledgered)
    assert window is not None
    return window.low_usiemens, np.argwhere(cells_left_out(SHAPE, None, ledgered, None)).tolist()


def test_the_last_one_that_came_to_its_end_says_it(ledgered: Ledgered) -> None:
    assert characterised_window(ledgered) is None
    with begin(ledgered, "characterise") as run:
        run.record_step(0, found(10.0, [0, 1]))
    assert known(ledgered) == (10.0, [[0, 1]])
    with begin(ledgered, "characterise") as run:
        run.record_step(0, found(20.0, [1, 2]))
    begin(ledgered, "characterise")  # killed
    assert known(ledgered) == (20.0, [[1, 2]])


def test_a_record_of_before_has_two_runs_of_each(ledgered: Ledgered) -> None:
    for low, cell in ((10.0, [0, 1]), (20.0, [1, 2])):
        with begin(ledgered, "characterise"):
            pass
        with begin(ledgered, "characterised", found(low, cell)):
            pass
    assert known(ledgered) == (20.0, [[1, 2]])
