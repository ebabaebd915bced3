"""The record of inputs that pass arrays: as they come, to the end, and broken off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.random_networks import random_compressed

from ohmbench.bench.twin import TwinBench
from ohmbench.inference.on_bench import Inference
from ohmbench.lab import recorded_arrays
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.recorded_arrays import RecordedArrays, Source, is_loaded
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.array import ArrayModel
from ohmbench.model.twin_blocks import BLOCK
from ohmbench.operations.recognised import recognised
from ohmbench.programming.recipe import Recipe
from ohmbench.record.names import RunStatus
from ohmbench.record.outcomes import outcomes
from ohmbench.record.store import Store
from ohmbench.record.trail import samples
from ohmbench.support.array_types import FloatArray, IntArray

COUNT = 5 * BLOCK
RECIPE = Recipe()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "record.sqlite") as store:
        yield store


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_arrays, "EVERY_S", 0.0)


def network(*widths: int) -> WeightImage:
    return map_compressed(random_compressed(np.random.default_rng(1), list(widths)))


def passed(store: Store, image: WeightImage, break_at: int | None = None) -> tuple[FloatArray, IntArray]:
    """Outputs and labels of inputs through a twin, in the record; broken off at so many inputs in the last tile."""
    rng = np.random.default_rng(2)
    inputs, labels = rng.integers(0, 16, (COUNT, 32)), rng.integers(0, 10, COUNT)

    def judge(raw: FloatArray) -> dict[str, Any]:
        if break_at is not None and len(raw) >= break_at:
            raise KeyboardInterrupt
        return recognised("noise", labels, raw)

    with TwinBench(ArrayModel({}, seed=3)) as bench:
        bench.cores = 2  # in blocks
        ledgered, source = Ledgered(store, "W1"), Source("0" * 64, None, "coarse-fine")
        with RecordedArrays(bench, RECIPE, None, ledgered, "infer", source, judge=judge) as arrays:
            outputs = Inference(bench, RECIPE, load=arrays.load, on_passed=arrays.passed).logits(image, inputs)
            arrays.came_to("all", recognised("noise", labels, outputs))
    return outputs, labels


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("widths", [(32, 10), (32, 20, 10)])
def test_what_comes_is_what_the_end_says_of_the_same_images(store: Store, widths: tuple[int, ...]) -> None:
    image = network(*widths)
    outputs, labels = passed(store, image)
    runs = store.find_runs()
    assert {run.status for run in runs} == {RunStatus.DONE}
    assert len(runs) == image.images
    found = [sample.data for sample in samples(store, runs[0].id)]
    coming = [data for data in found[:-1] if "images" in data]
    assert len({data["images"] for data in coming}) > 2  # it came in parts
    for data in coming:
        expected = recognised("noise", labels, outputs[: data["images"]])
        assert data["passed"] == data["images"]
        assert {key: data[key] for key in expected} == expected
    assert found[-1]["images"] == COUNT


@pytest.mark.usefixtures("at_once")
def test_broken_off_it_has_what_came_and_says_what_is_next(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt) as error:
        passed(store, network(32, 10), break_at=2 * BLOCK)
    assert "recorded as interrupted" in error.value.__notes__[0]
    assert "--no-program passes the inputs without a pulse" in error.value.__notes__[0]
    (run,) = store.find_runs()
    assert run.status is RunStatus.INTERRUPTED
    assert is_loaded(store, run)
    found = outcomes(store, [run])[run.id]
    assert found.passing is not None
    assert 0 < found.passing["passed"] < COUNT
    assert f"{2 * BLOCK} of {COUNT} inputs through tile 2 of 2" in found.inference_lines[0]


@pytest.mark.usefixtures("at_once")
def test_several_arrays_are_programmed_again(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt) as error:
        passed(store, network(32, 32, 32, 10), break_at=1)
    assert "it programs the array anew" in error.value.__notes__[0]
