"""Own data through the commands, on the twin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from tests.system.command_line import as_json, refused, run
from tests.unit.network.test_own_data import csv, npz

from ohmbench import from_sklearn, quantise_network
from ohmbench.compress.estimator import CrossbarClassifier
from ohmbench.errors import DataError, UsageError
from ohmbench.mapping.imported import map_imported
from ohmbench.mapping.mapper import map_compressed


@pytest.mark.parametrize(
    ("load", "net", "kind", "least"),
    [
        (load_wine, "13-16-3", "npz", 0.9),
        (load_breast_cancer, "30-2", "csv", 0.85),
        pytest.param(load_iris, "4-16-3", "parts", 0.85, marks=pytest.mark.slow),
    ],
)
def test_own_data_from_training_to_the_array(
    load: Callable[[], Any], net: str, kind: str, least: float, tmp_path: Path
) -> None:
    bundled = load()
    x, y = bundled.data, bundled.target
    if kind == "csv":
        data = csv(tmp_path / "d.csv", x, [str(bundled.target_names[k]) for k in y])
    elif kind == "npz":
        data = npz(tmp_path / "d.npz", x=x, y=y)
    else:
        data = npz(tmp_path / "d.npz", x_train=x[::2], y_train=y[::2], x_test=x[1::2], y_test=y[1::2])
    network, compressed, image = (tmp_path / f"net.{end}" for end in ("npz", "ohmc", "ohmw"))
    trained = as_json("train", net, "--data", data, "-o", network)
    assert trained["accuracy"] >= least
    refused(UsageError.exit_code, "compress", network)  # where its data are is not in its file
    as_json("compress", network, "--data", data, "--bits", "4", "--method", "pairs", "-o", compressed)
    as_json("map", compressed, "-o", image)
    found = as_json("infer", image, "--port", "twin", "--data", data, "--trim", "60")
    assert (found["dataset"], found["data_known"]) == (data.name, True)
    assert min(found["accuracy"], found["accuracy_trimmed"], found["accuracy_quantised"]) >= least - 0.1
    assert found["accuracy_float"] == trained["accuracy"]
    assert found["images"] == {"npz": 36, "csv": 113, "parts": 75}[kind]
    said = refused(UsageError.exit_code, "infer", image, "--port", "twin")
    assert f"was made with your own data, {data.name}" in said
    other = npz(tmp_path / "other.npz", x=x + 1, y=y)
    assert "was made with other data" in refused(DataError.exit_code, "infer", image, "--port", "twin", "--data", other)
    out, array = tmp_path / "t.ohmt", tmp_path / "chip.ohma"
    trimmed = as_json("trim", image, "--port", "twin", "--array", array, "--data", data, "-o", out)
    assert trimmed["dataset_content"] == found["dataset_content"]


def test_a_fitted_classifier_is_tested_on_own_data(tmp_path: Path) -> None:
    bundled = load_wine()
    x = (bundled.data - bundled.data.min(0)) / np.ptp(bundled.data, axis=0)
    model = CrossbarClassifier(LogisticRegression(max_iter=1000), method="pairs", cells=1.0).fit(x, bundled.target)
    map_compressed(model.compressed_).save(tmp_path / "wine.ohmw")
    data = npz(tmp_path / "wine.npz", x=x, y=bundled.target)
    found = as_json("infer", tmp_path / "wine.ohmw", "--port", "twin", "--data", data)
    assert (found["images"], found["data_known"]) == (178, False)
    assert found["accuracy_quantised"] == model.score(x, bundled.target)
    assert found["accuracy"] > 0.85
    said = refused(
        UsageError.exit_code, "infer", tmp_path / "wine.ohmw", "--port", "twin", "--data", data, "--trim", "60"
    )
    assert "no part to train on" in said
    raw = npz(tmp_path / "raw.npz", x=bundled.data, y=bundled.target)
    said = refused(DataError.exit_code, "infer", tmp_path / "wine.ohmw", "--port", "twin", "--data", raw)
    assert "where 0..1 is meant" in said


def test_in_the_loop_on_own_data(tmp_path: Path) -> None:
    bundled = load_iris()
    data = npz(tmp_path / "iris.npz", x=bundled.data, y=bundled.target)
    network, compressed, image = (tmp_path / f"net.{end}" for end in ("npz", "ohmc", "ohmw"))
    run("train", "4-8-3", "--data", data, "-o", network)
    run("compress", network, "--data", data, "--bits", "4", "--method", "pairs", "-o", compressed)
    run("map", compressed, "-o", image)
    out = tmp_path / "out.ohmw"
    found = as_json("program", image, "--port", "twin", "--in-the-loop", "100", "-o", out, "--data", data)
    assert found["accuracy_trimmed"] > 0.7


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_network_without_classes_is_judged_by_its_outputs(tmp_path: Path) -> None:
    x, y = load_diabetes(return_X_y=True)
    y = np.stack([y, -y / 2], axis=1)
    model = make_pipeline(
        MinMaxScaler(), MLPRegressor(hidden_layer_sizes=(8,), max_iter=300, random_state=0, learning_rate_init=0.02)
    )
    network = quantise_network(from_sklearn(model.fit(x[:300], y[:300])), x[:300], weight_bits=6, activation_bits=8)
    map_imported(network).save(tmp_path / "d.ohmw")
    data = npz(tmp_path / "d.npz", x_train=x[:300], y_train=y[:300], x_test=x[300:], y_test=y[300:])
    page = tmp_path / "page.html"
    arguments = ["infer", tmp_path / "d.ohmw", "--port", "twin", "--data", data, "--trim", "200"]
    arguments += ["--array", tmp_path / "chip.ohma"]
    found = as_json(*arguments, "--report", page)
    assert (found["accuracy"], found["accuracy_quantised"], found["predictions"]) == (None, None, [])
    assert (found["images"], np.shape(found["outputs"])) == (142, (142, 2))
    exact = np.asarray(network.forward(x[300:].astype(np.float32)))
    for outputs, said, reference in (
        (exact, "rmse_quantised", y[300:]),
        (np.array(found["outputs_trimmed"]), "rmse_trimmed", y[300:]),
        (np.array(found["outputs"]), "rmse_to_integers", exact),
    ):
        assert found[said] == pytest.approx(np.sqrt(np.mean(np.square(outputs - reference))), rel=1e-5)
    assert found["rmse_quantised"] < found["target_deviation"]
    assert found["rmse_to_integers_trimmed"] < found["rmse_to_integers"]
    assert "Confusion" not in page.read_text()
    assert "142 inputs of d.npz, 2 outputs each (twin)" in run(*arguments).stdout
    said = refused(UsageError.exit_code, "program", *arguments[1:6], "--in-the-loop", "100", "-o", tmp_path / "o.ohmw")
    assert "fitted in the loop to classes" in said
