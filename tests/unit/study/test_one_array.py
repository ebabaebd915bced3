"""The study of one array: its cases on an array, and that its table is that of its rows."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ohmbench.inference.exact import predict
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset
from ohmbench.operations.image_file import SHIPPED, ImageFile
from ohmbench.operations.one_array import IMAGE, layers_of
from ohmbench.report.one_array import curve_markdown, curve_plot, markdown
from ohmbench.study.one_array import curve
from ohmbench.study.one_array import evaluate as study
from ohmbench.study.one_array.designs import DESIGNS
from ohmbench.study.one_array.results import plan, summary

RESULTS = Path(__file__).parents[3] / "docs" / "results"


@pytest.fixture(scope="module")
def image() -> WeightImage:
    return WeightImage.load(IMAGE)


@pytest.fixture(scope="module")
def images_of_noise(image: WeightImage) -> Dataset:
    """Blurred noise, which what the network says of it labels: an ideal array gets all of it right."""
    rng = np.random.default_rng(1)
    coarse = np.kron(rng.integers(0, 2, (190, 1, 7, 7)), np.ones((4, 4)))
    x = np.clip(coarse * rng.uniform(0.5, 1, coarse.shape), 0, 1).astype(np.float32)
    y = predict(image, x)
    return Dataset("noise", x[:150], y[:150], x[150:], y[150:], 4)


@pytest.mark.parametrize("kind", study.CASES)
def test_a_case_is_as_good_as_integers_once_it_is_trimmed(
    image: WeightImage, images_of_noise: Dataset, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "TRIM_INPUTS", 150)
    found = study.evaluate(study.Case(1024, 2, 1, kind), image, images_of_noise)
    assert found["accuracy_ideal"] == 1.0
    assert found["accuracy_trimmed"] > 0.8 > found["accuracy_raw"]
    assert (found["images"], found["loads"]) == (1, 1)
    assert found["cells"] <= 1024
    assert found["bench_time_an_image_s"] < 0.02
    assert (found["lost_cells"] > 5) == (kind == study.STUCK)


def test_an_image_that_comes_with_ohmbench_is_found_by_its_bare_name(
    image: WeightImage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ImageFile.load(Path(IMAGE.name)).path == SHIPPED / IMAGE.name
    replace(image, provenance={"mine": 1}).save(tmp_path / IMAGE.name)
    assert ImageFile.load(Path(IMAGE.name)).image.provenance == {"mine": 1}


def test_every_cell_has_a_layer(image: WeightImage) -> None:
    layers = layers_of(image)
    assert ((layers >= 0) == image.mask).all()
    assert np.unique(layers[layers >= 0]).tolist() == [0, 1, 2, 3]


def test_the_table_is_that_of_its_rows() -> None:
    written = json.loads((RESULTS / "one-array.json").read_text())
    assert summary(written["rows"]) == written
    assert markdown(written) == (RESULTS / "one-array.md").read_text()
    assert len(written["rows"]) == len(plan())


def test_a_design_takes_no_more_cells_than_its_name_says(image: WeightImage) -> None:
    for cells, design in DESIGNS.items():
        assert 0.9 * cells <= design.weights() <= cells
    assert DESIGNS[1024].weights() == np.count_nonzero(image.mask)


def test_the_curve_is_that_of_its_rows() -> None:
    written = json.loads((RESULTS / "cells.json").read_text())
    assert curve.summary(written["rows"]) == written
    assert curve_markdown(written) == (RESULTS / "cells.md").read_text()
    assert curve_plot(written).svg == (RESULTS / "cells.svg").read_text()
    assert len(written["rows"]) == len(curve.plan())
