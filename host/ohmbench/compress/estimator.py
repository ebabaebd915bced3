"""The compression as a scikit-learn classifier: in pipelines, in searches over the budget, from fitted models."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils.validation import check_is_fitted, validate_data

from ohmbench.compress.base import train_levels
from ohmbench.compress.methods import Job, check_budget, compress, method_named
from ohmbench.compress.tuning import Training
from ohmbench.errors import DataError, UsageError
from ohmbench.network.network import Network
from ohmbench.support.array_types import FloatArray, IntArray


class CrossbarClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier whose weights are compressed to a budget of cells, and which computes in the array's integers.

    Args:
        estimator: LogisticRegression or MLPClassifier with ReLU; if it is not fitted, a clone is. None: a
            LogisticRegression. Plain arrays: a list of (weights, bias), one a layer; or an
            `ohmbench.network.network.Network`.
        method: one of `ohmbench.compress.methods.METHODS`.
        cells: budget, as a share of the cells of plain pairs.
        weight_bits: of a signed weight: 2 is ternary.
        input_bits: of the inputs: features 0..1 become 0..2^input_bits - 1. Scale them before, in the pipeline.
        activation_bits: of hidden layers.
        epochs, rate: of the training in whole levels and of each tuning.

    Attributes:
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
        random_state: int = 0,
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
            UsageError: an estimator, method or budget that does not fit.
            DataError: weights that are no numbers, or labels that the estimator does not know.
        """
        features, targets = validate_data(self, X, y)
        network, classes = self._network(features, targets)
        unknown = np.setdiff1d(targets, classes)
        if len(unknown):
            raise DataError(
                f"The labels {unknown[:5].tolist()} are not among the classes of the estimator. Nothing was compressed "
                "or sent to the array. Give the labels that it was fitted with."
            )
        labels = np.searchsorted(classes, targets)
        inputs = self._integers(features)
        cells = int(self.cells * sum(2 * w.size for w in network.weights))
        method_named(self.method)
        check_budget(cells, sum(network.sizes[1:]))
        training = Training(self.epochs, self.batch, self.rate)
        base = train_levels(
            network,
            inputs,
            labels,
            max_level=(1 << (self.weight_bits - 1)) - 1,
            input_bits=self.input_bits,
            activation_bits=self.activation_bits,
            training=training,
            seed=self.random_state,
        )
        self.classes_ = classes
        self.compressed_ = compress(self.method, Job(base, inputs, labels, training, cells, self.random_state))
        return self

    def decision_function(self, X: ArrayLike) -> FloatArray:
        """Logits (n, classes); with two classes their difference (n,), as scikit-learn has it."""
        check_is_fitted(self)
        logits = self.compressed_.forward_integer(self._integers(validate_data(self, X, reset=False)))
        decision = logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits
        return np.asarray(decision, np.float64)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Labels (n,)."""
        check_is_fitted(self)
        inputs = self._integers(validate_data(self, X, reset=False))
        return np.asarray(self.classes_[self.compressed_.predict(inputs)])

    def _integers(self, X: NDArray[np.floating]) -> IntArray:
        top = (1 << self.input_bits) - 1
        return np.asarray(np.clip(np.rint(X * top), 0, top), np.int64)

    def _network(self, X: NDArray[np.floating], y: NDArray[Any]) -> tuple[Network, NDArray[Any]]:
        """The network to compress, and the labels of its outputs."""
        model = LogisticRegression(max_iter=1000) if self.estimator is None else self.estimator
        if isinstance(model, list | tuple):
            weights, biases = (tuple(np.asarray(a, np.float64) for a in part) for part in zip(*model, strict=True))
            model = Network(weights, biases)
        if isinstance(model, Network):
            return model, np.arange(model.sizes[-1])
        try:
            check_is_fitted(model)
        except NotFittedError:
            model = clone(model).fit(X, y)
        return as_network(model), model.classes_


def as_network(model: LogisticRegression | MLPClassifier) -> Network:
    """The weights of a fitted model; one output a class, also where scikit-learn has a single one for two.

    Raises:
        UsageError: another kind of model, or an MLPClassifier without ReLU.
    """
    if isinstance(model, LogisticRegression):
        weights, biases = [model.coef_.T], [model.intercept_]
    elif isinstance(model, MLPClassifier) and model.activation == "relu":
        weights, biases = list(model.coefs_), list(model.intercepts_)
    else:
        raise UsageError(
            f"{type(model).__name__} has no dense layers with ReLU. Nothing was compressed or sent to the array. Give "
            "a LogisticRegression, or an MLPClassifier with activation='relu'."
        )
    if weights[-1].shape[1] == 1:  # the logit of the second class, of two
        weights[-1] = np.concatenate([-weights[-1] / 2, weights[-1] / 2], axis=1)
        biases[-1] = np.concatenate([-biases[-1] / 2, biases[-1] / 2])
    return Network(tuple(np.asarray(w, np.float64) for w in weights), tuple(np.asarray(b, np.float64) for b in biases))
