"""The compression in scikit-learn: pipelines, searches, fitted models, plain arrays."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC, LinearSVC

from ohmbench.compress.estimator import CrossbarClassifier, as_network
from ohmbench.errors import DataError, UsageError
from ohmbench.mapping.counting import count
from ohmbench.mapping.mapper import map_compressed

X, Y = load_digits(return_X_y=True)
TRAIN_X, TEST_X, TRAIN_Y, TEST_Y = train_test_split(X, Y, test_size=400, random_state=0, stratify=Y)


def saved(model: CrossbarClassifier) -> float:
    return count(map_compressed(model.compressed_)).cells_saved


def test_in_a_pipeline_it_saves_its_cells_and_recognises() -> None:
    model = make_pipeline(MinMaxScaler(), CrossbarClassifier(cells=0.5)).fit(TRAIN_X, TRAIN_Y)
    assert model.score(TEST_X, TEST_Y) > 0.9
    assert saved(model[-1]) >= 0.5


def test_a_search_over_the_budget_finds_that_more_cells_recognise_more() -> None:
    model = CrossbarClassifier(method="kmeans", epochs=4)
    search = GridSearchCV(model, {"cells": [0.15, 0.6]}, cv=2).fit(TRAIN_X / 16, TRAIN_Y)
    assert search.best_params_ == {"cells": 0.6}


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(max_iter=500), MLPClassifier((16,), max_iter=60, random_state=0)],
    ids=["linear", "mlp"],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fitted_models_and_plain_arrays_are_compressed_as_they_are(model: BaseEstimator) -> None:
    names = np.array([f"digit {k}" for k in range(10)])
    model.fit(TRAIN_X / 16, names[TRAIN_Y])
    compressed = CrossbarClassifier(model, cells=0.6).fit(TRAIN_X / 16, names[TRAIN_Y])
    assert compressed.score(TEST_X / 16, names[TEST_Y]) > 0.88
    network = as_network(model)
    arrays = list(zip(network.weights, network.biases, strict=True))
    same = CrossbarClassifier(arrays, cells=0.6).fit(TRAIN_X / 16, TRAIN_Y)
    assert np.array_equal(names[same.predict(TEST_X / 16)], compressed.predict(TEST_X / 16))


def test_two_classes_have_one_decision() -> None:
    two = np.flatnonzero(TRAIN_Y < 2)
    model = CrossbarClassifier(method="lossless").fit(TRAIN_X[two] / 16, TRAIN_Y[two])
    chosen = np.flatnonzero(TEST_Y < 2)
    decision = model.decision_function(TEST_X[chosen] / 16)
    assert decision.shape == (len(chosen),)
    assert np.array_equal(decision > 0, model.predict(TEST_X[chosen] / 16) == 1)
    assert model.score(TEST_X[chosen] / 16, TEST_Y[chosen]) > 0.98


@pytest.mark.parametrize(
    "model", [LinearSVC(), LinearSVC(fit_intercept=False), RidgeClassifier(), SGDClassifier(random_state=0)]
)
@pytest.mark.parametrize("classes", [2, 10])
def test_linear_models_are_compressed_as_they_are(model: BaseEstimator, classes: int) -> None:
    x, y = TRAIN_X[classes > TRAIN_Y] / 16, TRAIN_Y[classes > TRAIN_Y]
    model = clone(model).fit(x, y)
    found = CrossbarClassifier(model, method="pairs", cells=1.0, weight_bits=8, input_bits=8, epochs=0).fit(x, y)
    assert np.mean(found.predict(x) == model.predict(x)) > 0.97


def test_probabilities_are_in_the_order_of_the_classes() -> None:
    x, labels = TRAIN_X / 16, np.array([f"d{k}" for k in TRAIN_Y])
    for names in (labels, np.where(TRAIN_Y < 5, "low", "high")):
        model = CrossbarClassifier(method="pairs", cells=1.0).fit(x, names)
        shares = model.predict_proba(x)
        np.testing.assert_allclose(shares.sum(axis=1), 1)
        np.testing.assert_array_equal(model.classes_[shares.argmax(axis=1)], model.predict(x))


def test_it_clones() -> None:
    model = CrossbarClassifier(LogisticRegression(), cells=0.2)
    assert clone(model).get_params()["cells"] == 0.2


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="KNeighborsClassifier has no dense layers with ReLU"):
        CrossbarClassifier(KNeighborsClassifier()).fit(TRAIN_X / 16, TRAIN_Y)
    with pytest.raises(UsageError, match="SVC has no dense layers with ReLU"):  # an output for each pair of classes
        CrossbarClassifier(SVC(kernel="linear")).fit(TRAIN_X / 16, TRAIN_Y)
    with pytest.raises(UsageError, match="no method nonsense"):
        CrossbarClassifier(method="nonsense", epochs=1).fit(TRAIN_X / 16, TRAIN_Y)
    with pytest.raises(UsageError, match="below one column for each"):
        CrossbarClassifier(cells=0.001, epochs=1).fit(TRAIN_X / 16, TRAIN_Y)
    known = LogisticRegression(max_iter=500).fit(TRAIN_X / 16, TRAIN_Y)
    with pytest.raises(DataError, match="not among the classes"):
        CrossbarClassifier(known).fit(TRAIN_X / 16, TRAIN_Y + 1)


def test_weights_of_torch_are_told_by_their_shape() -> None:
    x, y = np.random.default_rng(0).uniform(size=(30, 13)), np.arange(30) % 3
    with pytest.raises(UsageError, match="Weights of torch are the other way around: give their transpose"):
        CrossbarClassifier([(np.zeros((3, 13)), np.zeros(3))]).fit(x, y)
    with pytest.raises(UsageError, match="not \\(inputs, outputs\\)") as refused:
        CrossbarClassifier([(np.zeros((3, 13)), np.zeros(4))]).fit(x, y)
    assert "torch" not in str(refused.value)
