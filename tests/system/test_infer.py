"""`ohmbench infer` and `measure infer` on MNIST: small made-up files, and the real ones where they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from tests.system.command_line import as_json, refused, run
from tests.unit.network.test_mnist import contents, write

from ohmbench.bench.twin import TwinBench
from ohmbench.errors import ImageError, UsageError
from ohmbench.measure.infer import inference_speed, mnist_image
from ohmbench.measure.trim import measure_trim
from ohmbench.model.array import ArrayModel
from ohmbench.network.mnist import ENVIRONMENT, load_mnist
from ohmbench.progress import Progress
from ohmbench.report.trim_table import table

SHAPE = (14, 14)
real = pytest.mark.skipif(ENVIRONMENT not in os.environ, reason=f"needs MNIST: set {ENVIRONMENT} to its folder")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("mnist") / "set", contents(train=200, test=40))


@pytest.fixture(scope="module")
def small(folder: Path) -> Path:
    """196-10, trained on noise."""
    path = folder.parent / "small.ohmw"
    mnist_image(load_mnist(folder, shape=SHAPE), SHAPE).save(path)
    return path


def test_test_set_and_what_it_is_compared_with(small: Path, folder: Path) -> None:
    result = as_json("infer", small, "--port", "twin", "--mnist", folder)
    data = load_mnist(folder, shape=SHAPE)
    assert (result["dataset"], result["images"]) == ("mnist", 40)
    assert result["accuracy"] == np.mean(np.array(result["predictions"]) == data.test_y)
    assert 0 <= result["accuracy_float"] <= 1
    assert 0 <= result["accuracy_quantised"] <= 1
    said = run("infer", small, "--port", "twin", "--mnist", folder, "--images", "30", "--quiet").stdout
    assert "of 30 inputs of mnist recognised (twin)" in said
    assert "in exact integers" in said


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (ImageError.exit_code, "--data digits", "was made for the data set mnist, not digits"),
        (UsageError.exit_code, "--images 41", "the test set has 1 to 40"),
        (UsageError.exit_code, "--data svhn", "No data set is called svhn"),
        (UsageError.exit_code, "--twin", "--twin compares a new array behind --port sim"),
    ],
)
def test_what_does_not_fit_is_refused(code: int, arguments: str, said: str, small: Path, folder: Path) -> None:
    assert said in refused(code, "infer", small, "--port", "twin", "--mnist", folder, *arguments.split())


def test_measure_infer_says_what_it_took(folder: Path) -> None:
    figures = inference_speed(TwinBench(ArrayModel({}, 1)), folder, Progress(quiet=True))
    assert (figures["rung"], figures["images"], figures["arrays"]) == ("twin", 40, 25)
    assert min(figures[name] for name in ("program_s", "infer_s", "cpu_s")) > 0
    assert figures["clocks_per_product"] is None
    assert 500 < figures["run_clocks_per_product"] < 700
    assert figures["converged_fraction"] > 0.95
    assert all(0 <= figures[name] <= 1 for name in ("accuracy", "accuracy_float", "accuracy_quantised"))


def test_measure_trim_has_its_figures(folder: Path) -> None:
    found = measure_trim(folder, Progress(quiet=True), inputs=150, rests_s=(10.0,), seeds=(1, 2))
    assert (found["arrays"], found["inputs"], found["test_images"]) == (2, 150, 40)
    assert found["loss_trimmed_worst"] == max(found["losses_trimmed"])
    assert found["loss_raw_mean"] == pytest.approx(np.mean(found["losses_raw"]))
    assert found["bench_time_s"] > 0
    (rest,) = found["rests"]
    assert rest["after_s"] == 10.0
    assert "| 10 s |" in table(found)
    with pytest.raises(UsageError, match="not 50"):
        measure_trim(folder, Progress(quiet=True), inputs=50)


@real
@pytest.mark.slow
def test_ten_arrays_trimmed_lose_next_to_nothing() -> None:
    found = measure_trim(None, Progress(quiet=True))
    assert found["loss_trimmed_mean"] <= 0.2
    assert found["loss_trimmed_worst"] <= 0.5
    assert found["bench_time_s"] <= 1.0


@real
@pytest.mark.slow
def test_whole_mnist_on_the_twin() -> None:
    figures = inference_speed(TwinBench(ArrayModel({}, 1)), None, Progress(quiet=True))
    assert figures["images"] == 10_000
    assert figures["accuracy_quantised"] > 0.92
    assert figures["accuracy"] > 0.85


@real
@pytest.mark.slow
def test_codes_of_1000_images_agree(tmp_path: Path) -> None:
    """Every code, prediction and clock of the RTL, on an array of the default device model."""
    path = tmp_path / "196.ohmw"
    mnist_image(load_mnist(shape=SHAPE), SHAPE).save(path)
    result = as_json("infer", path, "--port", "sim", "--images", "1000", "--twin")
    assert (result["codes_compared"], result["codes_that_differ"]) == (1000 * 7 * 10, 0)
    assert result["cycles_equal"]
    assert result["accuracy_twin"] == result["accuracy"] > 0.8
