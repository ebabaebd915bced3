"""The compression as a scikit-learn classifier: in pipelines, in searches over the budget, from fitted models."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC, NuSVC
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ohmbench.compress.base import train_levels
from ohmbench.compress.methods import Job, check_budget, compress, method_named
from ohmbench.compress.tuning import Training
from ohmbench.errors import DataError, UsageError
from ohmbench.network.network import Network
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.support.numbers import is_number

_WHOLE = {
    "weight_bits": (2, 8),
    "input_bits": (1, 16),
    "activation_bits": (1, 16),
    "epochs": (0, 1_000_000),
    "batch": (1, 1 << 30),
}
"""Parameters that are whole numbers, and their limits."""
_NEW = 0.01  # share of new samples' features that may go beyond those which a scaler was fitted to
_SEEDS = 2**32 - 1024  # clustering starts again with seeds some above the first, and takes 32 bits
_ROUNDING = 1e-6  # what a scaler's arithmetic may leave beyond 0..1


class EstimatorError(UsageError, ValueError):
    """What was given makes no sense; a ValueError, as scikit-learn's rules have it."""


class LabelError(DataError, ValueError):
    """Weights or labels that do not fit; a ValueError, as scikit-learn's rules have it."""


class CrossbarClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier whose weights are compressed to a budget of cells, and which computes in the array's integers.

    Args:
        estimator: MLPClassifier with ReLU, or a linear model with coef_ and intercept_, as LogisticRegression,
            LinearSVC and RidgeClassifier are; if it is not fitted, a clone is. None: a LogisticRegression. Plain
            arrays: a list of (weights, bias), one a layer; or an `ohmbench.network.network.Network`.
        method: one of `ohmbench.compress.methods.METHODS`.
        cells: budget, as a share of the cells of plain pairs.
        weight_bits: of a signed weight: 2 is ternary.
        input_bits: of the inputs: features 0..1 become 0..2^input_bits - 1. Scale them before, in the pipeline; those
            outside are cut off there, with a UserWarning (in prediction where they are more than 1 %).
        activation_bits: of hidden layers.
        epochs: of the training in whole levels and of each tuning.
        rate: of both.
        random_state: an int, None or a numpy RandomState.

    Attributes:
        n_features_in_: number of features of X.
        compressed_: `CompressedNetwork`; `ohmbench.mapping.mapper.map_compressed` takes it.
        classes_: labels in the order of the outputs.
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        method: str = "all",
        cells: float = 0.35,
        weight_bits: int = 4,
        input_bits: int = 4,
        activation_bits: int = 8,
        epochs: int = 8,
        rate: float = 0.05,
        batch: int = 50,
        random_state: Any = 0,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.cells = cells
        self.weight_bits = weight_bits
        self.input_bits = input_bits
        self.activation_bits = activation_bits
        self.epochs = epochs
        self.rate = rate
        self.batch = batch
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit the estimator if it is not fitted, and compress its weights; X (n, features) in 0..1, y (n,).

        Raises:
            EstimatorError: a parameter, estimator, method or budget that does not fit.
            LabelError: weights that are no numbers, or labels that the estimator does not know.
            ValueError, TypeError: X or y that scikit-learn refuses: NaN, sparse, of other lengths, no classes.
        """
        self._check_parameters()
        features, targets = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(targets)
        with _as_scikit_learn():
            network, classes = self._network(features, targets)
            if network.sizes[0] != features.shape[1]:
                raise UsageError(
                    f"The estimator takes {network.sizes[0]} features, and X has {features.shape[1]}.",
                    "Weights are (inputs, outputs); those of torch are the other way around.",
                )
            labels = _numbered(targets, classes)
            inputs = self._integers(features)
            cells = int(self.cells * sum(2 * w.size for w in network.weights))
            check_budget(cells, sum(network.sizes[1:]))
            training, seed = Training(self.epochs, self.batch, self.rate), self._seed()
            base = train_levels(
                network,
                inputs,
                labels,
                max_level=(1 << (self.weight_bits - 1)) - 1,
                input_bits=self.input_bits,
                activation_bits=self.activation_bits,
                training=training,
                seed=seed,
            )
            compressed = compress(self.method, Job(base, inputs, labels, training, cells, seed))
        self.classes_ = classes
        self.compressed_ = compressed
        return self

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Logits (n, classes); with two classes their difference (n,), as scikit-learn has it."""
        check_is_fitted(self)
        logits = self.compressed_.forward_integer(self._integers(self._checked(X), _NEW))
        decision = logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits
        return np.asarray(decision, np.float64)

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Probabilities (n, classes): softmax of the logits. Those of a model that was not fitted by log loss, as
        LinearSVC, are in the right order, and not calibrated.
        """
        check_is_fitted(self)
        logits = self.compressed_.forward_integer(self._integers(self._checked(X), _NEW))
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Labels (n,)."""
        check_is_fitted(self)
        inputs = self._integers(self._checked(X), _NEW)
        return np.asarray(self.classes_[self.compressed_.predict(inputs)])

    def _checked(self, X: ArrayLike) -> FloatArray:
        return np.asarray(validate_data(self, X, reset=False, dtype=np.float64), np.float64)

    def _check_parameters(self) -> None:
        """Raise EstimatorError for a parameter of another type or out of range; scikit-learn wants it here."""
        for name, (low, high) in _WHOLE.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Integral) or not low <= int(value) <= high:
                raise EstimatorError(f"{name}={value!r} is not a whole number from {low} to {high}.")
        for name, most in (("cells", 1.0), ("rate", 1e3)):
            value = getattr(self, name)
            if not is_number(value, 0.0, most) or value == 0:
                raise EstimatorError(f"{name}={value!r} is not a number above 0 and at most {most:g}.")
        with _as_scikit_learn():
            method_named(self.method)
        try:
            check_random_state(self.random_state)
        except ValueError as error:
            raise EstimatorError(f"random_state={self.random_state!r}: {error}.") from error

    def _seed(self) -> int:
        """An int is the seed itself; of a generator, or numpy's own (None), the next number is."""
        state = check_random_state(self.random_state)
        if isinstance(self.random_state, Integral):
            return int(self.random_state) % _SEEDS
        return int(state.randint(np.iinfo(np.int32).max))

    def _integers(self, X: FloatArray, may_be_outside: float = 0.0) -> IntArray:
        """Inputs of the array; a warning where more than a share `may_be_outside` of the features is cut off."""
        top = (1 << self.input_bits) - 1
        outside = int(np.count_nonzero((X < -_ROUNDING) | (X > 1 + _ROUNDING)))
        if outside > may_be_outside * X.size:
            warnings.warn(
                f"{outside} of {X.size} features are outside 0..1 (found {X.min():g} to {X.max():g}) and are cut off "
                "there. Scale them first, as MinMaxScaler does.",
                UserWarning,
                stacklevel=3,
            )
        return np.asarray(np.rint(np.clip(X, 0.0, 1.0) * top), np.int64)

    def _network(self, X: FloatArray, y: NDArray[Any]) -> tuple[Network, NDArray[Any]]:
        """The network to compress, and the labels of its outputs."""
        model = LogisticRegression(max_iter=1000) if self.estimator is None else self.estimator
        if isinstance(model, list | tuple):
            model = _of_arrays(model)
        if isinstance(model, Network):
            return model, np.arange(model.sizes[-1])
        try:
            check_is_fitted(model)
        except NotFittedError:
            model = clone(model).fit(X, y)
        return as_network(model), model.classes_


def _numbered(targets: NDArray[Any], classes: NDArray[Any]) -> IntArray:
    """The place (n,) of each label among the classes.

    Raises:
        DataError: a label is none of them.
    """
    if (targets.dtype.kind in "OUS") != (classes.dtype.kind in "OUS"):
        unknown = np.unique(targets)
    else:
        unknown = np.setdiff1d(targets, classes)
    if len(unknown):
        raise DataError(
            f"The labels {unknown[:5].tolist()} are not among the classes of the estimator.",
            "Give the labels that it was fitted with; for plain arrays, the numbers of outputs.",
        )
    return np.asarray(np.searchsorted(classes, targets), np.int64)


def _of_arrays(layers: Sequence[Any]) -> Network:
    """The network of pairs (weights, bias).

    Raises:
        UsageError: they are no pairs of numbers, or do not fit together.
    """
    try:
        weights, biases = (tuple(np.asarray(a, np.float64) for a in part) for part in zip(*layers, strict=True))
    except (TypeError, ValueError) as error:
        raise UsageError("A list of layers holds a pair (weights, bias) of arrays of numbers each.") from error
    for number, (w, b) in enumerate(zip(weights, biases, strict=True)):
        if w.ndim != 2 or b.shape != w.shape[1:]:
            raise UsageError(
                f"Layer {number} has weights {w.shape} and a bias {b.shape}, not (inputs, outputs) and (outputs,).",
                "Weights of torch are the other way around: give their transpose."
                if w.ndim == 2 and b.shape == w.shape[:1]
                else "",
            )
        if number and weights[number - 1].shape[1] != w.shape[0]:
            raise UsageError(
                f"Layer {number} takes {w.shape[0]} inputs, and the one before it has {weights[number - 1].shape[1]}."
            )
    return Network(weights, biases)


@contextmanager
def _as_scikit_learn() -> Iterator[None]:
    """Errors of ohmbench as scikit-learn's callers catch them, too."""
    try:
        yield
    except ValueError:
        raise
    except UsageError as error:
        raise EstimatorError(error.what, error.todo) from error
    except DataError as error:
        raise LabelError(error.what, error.todo) from error


def as_network(model: Any) -> Network:
    """The weights of a fitted model; one output a class, also where scikit-learn has a single one for two.

    Raises:
        UsageError: another kind of model, or an MLPClassifier without ReLU.
    """
    if _is_linear(model):
        coefficients = model.coef_.toarray() if issparse(model.coef_) else model.coef_  # after sparsify()
        weights = [np.atleast_2d(coefficients).T]
        biases = [np.broadcast_to(model.intercept_, weights[0].shape[1])]  # a single 0 if none was fitted
    elif isinstance(model, MLPClassifier) and model.activation == "relu":
        if model.out_activation_ == "logistic" and model.n_outputs_ > 1:
            raise UsageError("The MLPClassifier was fitted with several labels a sample; only one is recognised here.")
        weights, biases = list(model.coefs_), list(model.intercepts_)
    else:
        raise UsageError(
            f"{type(model).__name__} has no dense layers with ReLU.",
            "Give a linear model with an output a class, as LogisticRegression, or an MLPClassifier with "
            "activation='relu'.",
        )
    if weights[-1].shape[1] == 1:  # the logit of the second class, of two
        weights[-1] = np.concatenate([-weights[-1] / 2, weights[-1] / 2], axis=1)
        biases[-1] = np.concatenate([-biases[-1] / 2, biases[-1] / 2])
    return Network(tuple(np.asarray(w, np.float64) for w in weights), tuple(np.asarray(b, np.float64) for b in biases))


def _is_linear(model: Any) -> bool:
    """Whether a model has an output for each class, a sum of features; SVC has one for each pair of classes."""
    if not all(hasattr(model, name) for name in ("coef_", "intercept_", "classes_", "decision_function")):
        return False
    outputs = np.shape(model.coef_)[0] if np.ndim(model.coef_) == 2 else 1
    pairs = isinstance(model, SVC | NuSVC) and len(model.classes_) > 2
    return not pairs and outputs == (1 if len(model.classes_) == 2 else len(model.classes_))
