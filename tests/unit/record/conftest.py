"""A record in a new folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.unit.record.making import SHAPE, Mask

from ohmbench.record.store import Store


@pytest.fixture
def everything() -> Mask:
    return np.ones(SHAPE, np.bool_)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lab" / "record.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A record that knows array A."""
    with Store.open(path) as store:
        store.array("A", "1T1R", *SHAPE)
        yield store
        store.check()
