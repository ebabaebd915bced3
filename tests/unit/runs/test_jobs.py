"""What the record has a command do: which arrays of the image are left, and which of its runs say what cells hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.mapping import map_pairs
from ohmbench.operations.jobs import ImageFile, Ledgered, plan
from ohmbench.operations.program import program
from ohmbench.progress import Progress
from ohmbench.record.records import RunStatus
from ohmbench.record.store import Store
from ohmbench.rungs import SimulatedArray, open_bench

SERIAL = "chip"
QUIET = Progress(quiet=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ImageFile:
    """A network that takes three arrays."""
    weights = np.random.default_rng(1).integers(-7, 8, (96, 9))
    image = map_pairs(QuantisedNetwork((QuantisedLayer(weights, 0.1, np.zeros(9), 4, None),), 7))
    assert image.images == 3
    path = tmp_path_factory.mktemp("image") / "three.ohmw"
    image.save(path)
    return ImageFile.load(path)


@pytest.fixture
def ledgered(tmp_path: Path) -> Iterator[Ledgered]:
    with Store.open(tmp_path / "record.sqlite") as store:
        yield Ledgered(store, SERIAL)
        store.check()


def test_resume_of_one_array_goes_on_with_that_one_alone(file: ImageFile, ledgered: Ledgered) -> None:
    """Although the run that was broken off was to program the others after it."""
    whole = plan(file, ledgered=ledgered)

    class Stop(Progress):
        def __call__(self, name: str, done: int, total: int) -> None:
            raise KeyboardInterrupt

    with open_bench("twin", array=SimulatedArray()) as bench:
        with pytest.raises(KeyboardInterrupt):
            program(bench, whole, Stop(quiet=True), ledgered)
        assert plan(file, resume=True, ledgered=ledgered).numbers == [0, 1, 2]
        one = plan(file, only=0, resume=True, ledgered=ledgered)
        assert one.numbers == [0]
        program(bench, one, QUIET, ledgered)
    assert [(run.image_number, run.status) for run in ledgered.store.runs(SERIAL)] == [(0, RunStatus.DONE)]
    assert plan(file, only=0, resume=True, ledgered=ledgered).is_done
    assert plan(file, resume=True, ledgered=ledgered).numbers == [1, 2]
