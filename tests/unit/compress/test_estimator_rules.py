"""scikit-learn's rules for estimators, and what it leaves to each: parameters, shapes, ranges, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from ohmbench.compress.estimator import CrossbarClassifier
from ohmbench.errors import InputError

X, Y = load_digits(return_X_y=True)
X = X[:300] / 16
Y = Y[:300]
RNG = np.random.default_rng(0)
LAYER = (RNG.normal(size=(64, 10)), np.zeros(10))

DO_NOT_APPLY = {
    "check_classifiers_train": "wants 83 % of standardised features; it takes 0..1, and cuts off the half below 0",
}
"""Checks of scikit-learn that this estimator cannot pass, and why."""


# the checks' features are about 0 with a deviation of 1, and are cut off, with a warning
@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    [CrossbarClassifier(cells=1.0, method="lossless", epochs=30)], expected_failed_checks=lambda _: DO_NOT_APPLY
)
def test_rules_of_scikit_learn(estimator: BaseEstimator, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"weight_bits": 1}, "weight_bits=1 is not a whole number from 2 to 8"),
        ({"weight_bits": 4.0}, "weight_bits=4.0 is not"),
        ({"input_bits": 0}, "input_bits=0 is not"),
        ({"input_bits": 17}, "input_bits=17 is not"),
        ({"activation_bits": 0}, "activation_bits=0 is not"),
        ({"batch": 0}, "batch=0 is not"),
        ({"epochs": -1}, "epochs=-1 is not"),
        ({"epochs": True}, "epochs=True is not"),
        ({"cells": float("nan")}, "cells=nan is not a number above 0 and at most 1"),
        ({"cells": 0}, "cells=0 is not"),
        ({"cells": 2.0}, "cells=2.0 is not"),
        ({"cells": "0.4"}, "cells='0.4' is not"),
        ({"rate": float("inf")}, "rate=inf is not"),
        ({"method": "nonsense"}, "no method nonsense"),
        ({"cells": 0.001}, "below one column for each"),
        ({"random_state": "x"}, "cannot be used to seed"),
        ({"random_state": 2**40}, "random_state=1099511627776: Seed must be between"),
        ({"random_state": -1}, "random_state=-1: Seed must be between"),
        ({"estimator": []}, "a pair [(]weights, bias[)]"),
        ({"estimator": [LAYER[0]]}, "a pair [(]weights, bias[)]"),
        ({"estimator": [(LAYER[0], None)]}, "Layer 0 has weights [(]64, 10[)] and a bias [(][)]"),
        ({"estimator": [(LAYER[0], np.zeros((1, 10)))]}, "Layer 0 has weights"),
        ({"estimator": [(LAYER[0].T, np.zeros(64))]}, "takes 10 features, and X has 64"),
        ({"estimator": [(RNG.normal(size=(64, 20)), np.zeros(20)), LAYER]}, "takes 64 inputs, and the one before"),
        ({"estimator": LogisticRegression().fit(X[:, :32], Y)}, "takes 32 features, and X has 64"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_makes_no_sense_is_refused_in_fit(changed: dict[str, Any], said: str) -> None:
    model = CrossbarClassifier(**{"epochs": 1} | changed)
    with pytest.raises(ValueError, match=said) as refused:
        model.fit(X, Y)
    assert isinstance(refused.value, InputError)


@pytest.mark.parametrize("labels", [Y.astype(str), Y + 1])
def test_labels_of_plain_arrays_are_numbers_of_outputs(labels: Any) -> None:
    with pytest.raises(ValueError, match="not among the classes"):
        CrossbarClassifier([LAYER], epochs=1).fit(X, labels)


def test_several_labels_a_sample_are_refused() -> None:
    model = MLPClassifier((4,), max_iter=500, tol=1.0, random_state=0).fit(X, np.eye(10, dtype=int)[Y])
    with pytest.raises(ValueError, match="several labels a sample"):
        CrossbarClassifier(model, epochs=1).fit(X, Y)


@pytest.mark.parametrize("scaled", [X * 16, (X * 255).astype(np.uint8), X - 0.5])
def test_features_outside_of_the_range_are_said(scaled: Any) -> None:
    model = CrossbarClassifier([LAYER], cells=0.5, epochs=1)
    with pytest.warns(UserWarning, match=r"features are outside 0..1 .* Scale them first"):
        model.fit(scaled, Y)
    with pytest.warns(UserWarning, match=r"features are outside 0..1"):
        model.predict(scaled)


def test_sparse_input_is_refused() -> None:
    with pytest.raises(TypeError, match="dense data is required"):
        CrossbarClassifier([LAYER]).fit(csr_matrix(X), Y)


def test_sparse_coefficients_are_taken() -> None:
    model = LogisticRegression(max_iter=300).fit(X, Y)
    dense = CrossbarClassifier(model, epochs=1).fit(X, Y)
    sparse = CrossbarClassifier(model.sparsify(), epochs=1).fit(X, Y)
    np.testing.assert_array_equal(dense.predict(X), sparse.predict(X))


@pytest.mark.parametrize("state", [0, np.int64(3), 2**32 - 1, None, np.random.RandomState(0)])
def test_every_kind_of_random_state(state: Any) -> None:
    model = CrossbarClassifier([LAYER], cells=0.5, epochs=1, random_state=state).fit(X, Y)
    assert model.n_features_in_ == 64
    assert model.classes_.tolist() == list(range(10))
