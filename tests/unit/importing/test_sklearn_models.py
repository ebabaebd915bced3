"""Models of scikit-learn, as they are and through ONNX."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_diabetes, load_iris, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC, LinearSVC

from ohmbench.errors import UsageError
from ohmbench.importing.onnx_file import from_onnx
from ohmbench.importing.sklearn_models import from_sklearn

X, Y = load_wine(return_X_y=True)
NAMES = np.array(["Barolo", "Grignolino", "Barbera"])[Y]
TWO = Y == 1


def mlp(**more: Any) -> MLPClassifier:
    return MLPClassifier((8,), max_iter=20, random_state=0, **more)


CLASSIFIERS = {
    "LogisticRegression": (LogisticRegression(max_iter=300), Y),
    "LogisticRegression, two classes": (LogisticRegression(max_iter=300), TWO),
    "LogisticRegression, names": (LogisticRegression(max_iter=300), NAMES),
    "LinearSVC": (LinearSVC(random_state=0), Y),
    "LinearSVC, two classes": (LinearSVC(random_state=0), TWO),
    "MLP, relu": (mlp(), Y),
    "MLP, tanh": (mlp(activation="tanh"), Y),
    "MLP, logistic": (mlp(activation="logistic"), NAMES),
    "MLP, identity": (mlp(activation="identity"), Y),
    "MLP, two classes": (mlp(), TWO),
}


def fitted(model: Any, y: Any, scaler: Any) -> Any:
    made = make_pipeline(scaler, model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return made.fit(X, y)


SCALERS = [MinMaxScaler(clip=True), MaxAbsScaler()]


@pytest.mark.parametrize(
    ("name", "scaler"),
    [*((name, StandardScaler()) for name in CLASSIFIERS), *(("LinearSVC", scaler) for scaler in SCALERS)],
)
def test_classifiers(name: str, scaler: Any) -> None:
    model, y = CLASSIFIERS[name]
    made = fitted(model, y, scaler)
    network = from_sklearn(made)
    labels = json.loads(str(network.provenance["labels"]))
    got = [labels[i] for i in network.forward(X).argmax(axis=1)]
    assert got == [str(label) for label in made.predict(X)]


@pytest.mark.parametrize(
    "model", [LinearRegression(), Ridge(), MLPRegressor(hidden_layer_sizes=(8,), max_iter=30, random_state=0)]
)
@pytest.mark.parametrize("outputs", [1, 2])
def test_regressors(model: Any, outputs: int) -> None:
    x, y = load_diabetes(return_X_y=True)
    target = y if outputs == 1 else np.stack([y, -2 * y], axis=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = make_pipeline(StandardScaler(with_mean=False), model).fit(x, target)
    wanted = made.predict(x).reshape(len(x), -1)
    np.testing.assert_allclose(from_sklearn(made).forward(x), wanted, rtol=1e-4, atol=1e-3)


def test_others_are_refused_by_name() -> None:
    with pytest.raises(UsageError, match="Normalizer, SVC"):
        from_sklearn(make_pipeline(Normalizer(), SVC()))
    with pytest.raises(UsageError, match="not fitted"):
        from_sklearn(LogisticRegression())


@pytest.mark.parametrize("name", [name for name in CLASSIFIERS if "LinearSVC" not in name])
def test_through_onnx(name: str) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    model, y = CLASSIFIERS[name]
    if y is TWO:
        y = y.astype(np.int64)
    x = load_iris(return_X_y=True)[0].astype(np.float32)
    y = y[:150]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = make_pipeline(StandardScaler(), model).fit(x, y)
        data = skl2onnx.to_onnx(made, x[:1], options={"zipmap": False}).SerializeToString()
    network = from_onnx(data)
    labels = json.loads(str(network.provenance["labels"]))
    assert [labels[i] for i in network.forward(x).argmax(axis=1)] == [str(label) for label in made.predict(x)]


def test_a_regressor_through_onnx() -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    x, y = load_diabetes(return_X_y=True)
    x = x.astype(np.float32)
    made = make_pipeline(StandardScaler(), LinearRegression()).fit(x, y)
    network = from_onnx(skl2onnx.to_onnx(made, x[:1]).SerializeToString())
    np.testing.assert_allclose(network.forward(x).ravel(), made.predict(x), rtol=1e-4)
