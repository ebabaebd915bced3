"""Models of scikit-learn as networks of steps, by what they have learned."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.importing.builder import Builder
from ohmbench.importing.plain import finished, floats, scaled
from ohmbench.importing.values import Live
from ohmbench.network.imported import ImportedNetwork

_ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}
_SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler")
_LINEAR = ("LogisticRegression", "LinearSVC", "LinearRegression", "Ridge")
_MLP = ("MLPClassifier", "MLPRegressor")


def from_sklearn(model: Any) -> ImportedNetwork:
    """A fitted LogisticRegression, LinearSVC, LinearRegression, Ridge, MLPClassifier or -Regressor, or a Pipeline of
    scalers and one of those.

    A classifier's outputs are scores, the largest of which is the class; two classes give two. Their names are in the
    provenance: `labels`, a list in JSON. A regressor's outputs are its values.

    Raises:
        UsageError: the model is another, or not fitted.
    """
    parts = [part for _, part in model.steps] if type(model).__name__ == "Pipeline" else [model]
    *before, last = [part for part in parts if part is not None and not isinstance(part, str)] or [None]
    kinds = [type(part).__name__ for part in before]
    wrong = [kind for kind in kinds if kind not in _SCALERS]
    if type(last).__name__ not in (*_LINEAR, *_MLP):
        wrong.append(type(last).__name__)
    if wrong:
        raise UsageError(
            f"Cannot take {', '.join(wrong)} from scikit-learn.",
            f"ohmbench takes {', '.join(_LINEAR + _MLP)}, after {', '.join(_SCALERS)} in a Pipeline. Or convert the "
            "model with skl2onnx and import that.",
        )
    for part in (*before, last):
        if not hasattr(part, "n_features_in_"):
            raise UsageError(f"The {type(part).__name__} is not fitted.", "Call its fit first.")
    assert last is not None
    features = int((before[0] if before else last).n_features_in_)
    b = Builder()
    x = Live(0, (features,))
    for part in before:
        b.node = type(part).__name__
        x = _scaler(b, x, part)
    b.node = type(last).__name__
    x = _mlp(b, x, last) if b.node in _MLP else _linear(b, x, last)
    provenance: dict[str, str | int | float] = {"source": "scikit-learn", "model": type(last).__name__}
    if hasattr(last, "classes_"):
        provenance["labels"] = json.dumps([str(label) for label in np.ravel(last.classes_)], allow_nan=False)
    return finished(b, x, (features,), provenance)


def _scaler(b: Builder, x: Live, part: Any) -> Live:
    match type(part).__name__:
        case "StandardScaler":
            mean = part.mean_ if part.with_mean else None
            return scaled(b, x, subtract=mean, divide=part.scale_ if part.with_std else None)
        case "MaxAbsScaler":
            return scaled(b, x, divide=part.scale_)
    x = scaled(b, x, subtract=-part.min_ / part.scale_, divide=1.0 / part.scale_)
    if part.clip:
        low, high = part.feature_range
        x = b.put("clip", (x,), x.shape, {"low": float(low), "high": float(high)})
    return x


def _linear(b: Builder, x: Live, model: Any) -> Live:
    weights = np.atleast_2d(model.coef_)
    bias = np.broadcast_to(np.ravel(model.intercept_), len(weights))
    if hasattr(model, "classes_"):
        weights, bias = _two_sided(weights, bias)
    return b.dense(x, floats(weights.T), floats(bias))


def _two_sided(weights: Any, bias: Any) -> tuple[Any, Any]:
    """Scores of two classes out of the one that scikit-learn keeps."""
    if len(weights) > 1:
        return weights, bias
    return np.concatenate([-weights, weights]), np.concatenate([-bias, bias])


def _mlp(b: Builder, x: Live, model: Any) -> Live:
    layers = list(zip(model.coefs_, model.intercepts_, strict=True))
    for number, (weights, bias) in enumerate(layers, 1):
        b.node = f"{type(model).__name__} layer {number}"
        if number == len(layers) and hasattr(model, "classes_"):
            if model.out_activation_ == "logistic" and weights.shape[1] > 1:
                raise UsageError(
                    "Cannot take an MLPClassifier of several labels at once.", "Train one classifier for each label."
                )
            turned, bias = _two_sided(weights.T, bias)
            weights = turned.T
            b.say("dropped at the end: what makes probabilities of scores")
        x = b.dense(x, floats(weights), floats(bias))
        if number < len(layers) and model.activation != "identity":
            x = b.put(_ACTIVATIONS[model.activation], (x,), x.shape)
    return x
