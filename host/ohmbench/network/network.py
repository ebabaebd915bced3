"""Small dense networks in numpy: training, saving, loading.

Big frameworks would do the same and weigh gigabytes; two dense layers need forty lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from ohmbench.errors import DataError, UsageError
from ohmbench.support.archive import ArchiveError, open_archive, origin, pack_archive, read_archive
from ohmbench.support.array_types import FloatArray, IntArray, Integers
from ohmbench.support.files import write_result
from ohmbench.support.guesses import cannot_read

# Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1 with its default constants.
ADAM_BETA1, ADAM_BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8

SCHEMA = 1
Provenance = Mapping[str, str | int | float]

_WHAT = "network"
_MAKE_IT = "Make it with `ohmbench train`."


def relu(values: FloatArray) -> FloatArray:
    """max(values, 0), element by element."""
    return np.maximum(values, 0.0)


@dataclass(frozen=True, eq=False)
class Network:
    """Dense layers with ReLU between them, none after the last.

    Attributes:
        weights: one float64 array (inputs, outputs) a layer.
        biases: one float64 array (outputs,) a layer.
        provenance: where it came from: data set, seed, ... text or finite numbers; empty: nobody knows.
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    provenance: Provenance = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Widths, inputs first: (64, 32, 10)."""
        return (self.weights[0].shape[0], *(w.shape[1] for w in self.weights))

    def forward(self, inputs: FloatArray) -> FloatArray:
        """Logits (n, outputs) of inputs (n, inputs)."""
        return _activations(self.weights, self.biases, inputs)[-1]

    def predict(self, inputs: FloatArray) -> IntArray:
        """Class (n,) of inputs (n, inputs)."""
        return np.asarray(np.argmax(self.forward(inputs), axis=1), dtype=np.int64)

    def save(self, path: str | Path) -> None:
        """Write an .npz; an old file is replaced only when the new one is complete.

        Raises:
            DataError: the network is too large for the format.
            UsageError: the folder is missing or not writable.
        """
        arrays = {f"weights{i}": w for i, w in enumerate(self.weights)}
        arrays |= {f"bias{i}": b for i, b in enumerate(self.biases)}
        header = {"format": f"ohmbench {_WHAT}", "schema": SCHEMA, "provenance": dict(self.provenance)}
        try:
            data = pack_archive(header, {name: np.asarray(array, "<f8") for name, array in arrays.items()})
        except ArchiveError as error:
            raise DataError(f"Cannot write {path}: the network is too large for one file: {error}.") from error
        write_result(Path(path), data)

    @classmethod
    def load(cls, path: str | Path) -> Network:
        """Read a file written by `save`, or by an ohmbench of old, which says nothing of where it came from.

        Raises:
            DataError: the file is missing, damaged, or not a network.
        """
        try:
            with open_archive(read_archive(Path(path)), _WHAT, SCHEMA, without={"provenance": {}}) as archive:
                weights: list[FloatArray] = []
                biases: list[FloatArray] = []
                while archive.has(f"weights{len(weights)}"):
                    number = len(weights)
                    weights.append(archive.array(f"weights{number}", "<f8", None, None))
                    biases.append(archive.array(f"bias{number}", "<f8", None))
                said = origin(archive.header)
        except OSError as error:
            reason = cannot_read(path, error)
        except ArchiveError as error:
            reason = str(error)
        except Exception:
            # zipfile, zlib and numpy raise a dozen unrelated types for damaged bytes; all mean the same here. Numpy's
            # texts would tell the reader to allow pickle.
            reason = "it is damaged, or a file of another kind"
        else:
            return cls._of(weights, biases, said, path)
        raise DataError(f"Cannot read the network {path}: {reason}.", _MAKE_IT)

    @classmethod
    def _of(
        cls, weights: Sequence[FloatArray], biases: Sequence[FloatArray], said: Provenance, path: str | Path
    ) -> Network:
        """The network of a file's parts, checked."""
        fits = bool(weights) and all(b.shape == w.shape[1:] for w, b in zip(weights, biases, strict=True))
        fits = fits and all(a.shape[1] == b.shape[0] for a, b in pairwise(weights))
        if not fits or not all(a.size and np.isfinite(a).all() for a in (*weights, *biases)):
            raise DataError(f"The layers in {path} do not fit together.", _MAKE_IT)
        return cls(tuple(weights), tuple(biases), said)


def train(
    inputs: FloatArray,
    labels: Integers,
    sizes: Sequence[int],
    *,
    seed: int = 0,
    epochs: int = 60,
    batch: int = 32,
    learning_rate: float = 3e-3,
    weight_decay: float = 1e-4,
    weight_noise: float = 0.0,
) -> Network:
    """Train a dense ReLU network with Adam on softmax cross-entropy; the learning rate falls to 0 as a cosine.

    Args:
        inputs: (n, sizes[0]), scaled to about 0..1.
        labels: (n,), 0..sizes[-1]-1.
        sizes: widths, inputs first.
        weight_decay: L2 factor on the weights; keeps outliers small, which quantisation would pay for.
        weight_noise: standard deviation of noise on the weights at every step, as a share of a layer's largest one:
            what the cells will add, so that the network learns to live with it (Wan et al., Nature 608, 2022).

    Raises:
        UsageError: the sizes do not fit the data.
    """
    if len(sizes) < 2 or inputs.shape[1] != sizes[0] or int(labels.max()) >= sizes[-1]:
        raise UsageError(
            f"A network of sizes {'-'.join(map(str, sizes))} does not fit data with {inputs.shape[1]} inputs and "
            f"{int(labels.max()) + 1} classes."
        )
    rng = np.random.default_rng(seed)
    # He et al., "Delving Deep into Rectifiers", ICCV 2015: standard deviation sqrt(2 / inputs) ahead of a ReLU.
    weights = [rng.normal(0.0, np.sqrt(2.0 / a), (a, b)) for a, b in pairwise(sizes)]
    biases = [np.zeros(b) for b in sizes[1:]]
    parameters = [*weights, *biases]
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    steps = epochs * -(-len(inputs) // batch)
    step = 0
    for _ in range(epochs):
        order = rng.permutation(len(inputs))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            noisy = [w + weight_noise * np.abs(w).max() * rng.standard_normal(w.shape) for w in weights]
            gradients = _gradients(noisy, biases, inputs[chosen], labels[chosen], weight_decay)
            step += 1
            rate = learning_rate * 0.5 * (1.0 + np.cos(np.pi * step / steps))
            for value, gradient, m, v in zip(parameters, gradients, first, second, strict=True):
                m += (1.0 - ADAM_BETA1) * (gradient - m)
                v += (1.0 - ADAM_BETA2) * (np.square(gradient) - v)
                corrected = m / (1.0 - ADAM_BETA1**step)
                value -= rate * corrected / (np.sqrt(v / (1.0 - ADAM_BETA2**step)) + ADAM_EPSILON)
    return Network(tuple(weights), tuple(biases))


def _activations(weights: Sequence[FloatArray], biases: Sequence[FloatArray], inputs: FloatArray) -> list[FloatArray]:
    """Input, every hidden layer after its ReLU, logits."""
    values = [np.asarray(inputs, dtype=np.float64)]
    for index, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = values[-1] @ w + b
        values.append(relu(z) if index + 1 < len(weights) else z)
    return values


def _gradients(
    weights: Sequence[FloatArray],
    biases: Sequence[FloatArray],
    inputs: FloatArray,
    labels: Integers,
    weight_decay: float,
) -> list[FloatArray]:
    """Gradients of the mean cross-entropy plus decay: of all weights, then of all biases."""
    values = _activations(weights, biases, inputs)
    shifted = np.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
    delta = shifted / shifted.sum(axis=1, keepdims=True)
    delta[np.arange(len(labels)), labels] -= 1.0
    delta /= len(labels)
    of_weights: list[FloatArray] = []
    of_biases: list[FloatArray] = []
    for index in range(len(weights) - 1, -1, -1):
        of_weights.insert(0, values[index].T @ delta + weight_decay * weights[index])
        of_biases.insert(0, delta.sum(axis=0))
        if index:
            delta = (delta @ weights[index].T) * (values[index] > 0.0)
    return [*of_weights, *of_biases]
