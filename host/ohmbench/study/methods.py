"""Train a net on a data set, and compress it by one method at one budget."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench import __version__
from ohmbench.compress.base import train_float, train_levels
from ohmbench.compress.checks import check_labels
from ohmbench.compress.compressed import CompressedNetwork
from ohmbench.compress.forward import predict
from ohmbench.compress.methods import METHODS, Job, compress, method_named
from ohmbench.compress.tied import TiedNetwork, tie_imported
from ohmbench.compress.tuning import Training, tune
from ohmbench.errors import UsageError
from ohmbench.importing.quantise import quantise_network
from ohmbench.mapping.compressed_file import save_compressed
from ohmbench.mapping.counting import Counts, count
from ohmbench.mapping.data_sets import CONTENT, refuse_other_data
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.network.data import share_right
from ohmbench.network.imported import ImportedNetwork
from ohmbench.network.nets import ACTIVATION_BITS, INPUT_BITS, Net, Split, net_named
from ohmbench.network.network import Network, Provenance
from ohmbench.progress import Progress
from ohmbench.study.training_data import net_and_split
from ohmbench.support.array_types import IntArray, NetworkInputs

RATES = {2: 0.02, 4: 0.05}
"""Learning rate of a dense net's latents in level steps for batches of 200, by the bits of a weight."""
IMPORTED_RATE = 0.015
"""The same of a network from elsewhere for batches of 100, as a share of the highest level: steps of equal size in real
weights, whatever the bits are. Of lenet-strided with 2, 4 and 8 bits, whose best of those tried were 0.02, 0.014 and
0.009 in validation."""
LONGEST = 3.0
"""Trainings that the method with the most stages gets after the first one: the un-merged network gets as many."""


@dataclass(frozen=True, eq=False)
class TrainResult:
    """A network in floating point and its accuracies."""

    net: Net
    network: Network
    accuracy_validation: float
    accuracy_test: float

    def summary(self) -> dict[str, Any]:
        return {
            "net": self.net.name,
            "accuracy_validation": self.accuracy_validation,
            "accuracy": self.accuracy_test,
        }

    def describe(self) -> str:
        return f"{self.net.name}: {100 * self.accuracy_test:.2f} % of the test images, in floating point"


def train_net(
    name: str,
    *,
    seed: int = 0,
    data: str | None = None,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> TrainResult:
    """Train a dense network in floating point.

    Args:
        name: its widths, inputs first; on MNIST one of `ohmbench.network.nets.NETS`.
        data, folder: as `net_and_split` has them.

    Raises:
        UsageError: there is no such net, or it does not fit the data.
        DataError: the data are missing or damaged.
    """
    net, split = net_and_split(name, data, folder, progress)
    network = train_float(
        split.train_x,
        split.train_y,
        net.sizes,
        input_bits=INPUT_BITS,
        epochs=net.end_epochs,
        batch=min(net.batch, Training.batch),
        seed=seed,
        progress=progress,
    )
    top = (1 << INPUT_BITS) - 1
    origin = {"ohmbench": __version__, **split.known, CONTENT: split.content, "seed": seed}
    network = replace(network, provenance=origin)
    return TrainResult(
        net,
        network,
        share_right(network.predict(split.validation_x / top), split.validation_y),
        share_right(network.predict(split.test_x / top), split.test_y),
    )


@dataclass(frozen=True, eq=False)
class Start:
    """What all methods start from, for one net, width and seed.

    Attributes:
        name: of the net; known: what a compressed network's provenance has to say of it, besides the data.
        base: the un-merged network in whole levels, trained; `reference` trained on, for as long as any method trains.
        accuracy_float: of the network in floating point; accuracy_base: of `reference`; both of the test images.
    """

    name: str
    bits: int
    seed: int
    split: Split
    training: Training
    base: TiedNetwork
    reference: TiedNetwork
    accuracy_float: float
    accuracy_base: float
    accuracy_base_validation: float
    known: Provenance = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        network: Network,
        bits: int,
        split: Split,
        *,
        seed: int = 0,
        net: Net | None = None,
        weight_noise: float = 0.0,
        progress: Progress | None = None,
    ) -> Start:
        """Train `network` in whole levels.

        Args:
            net: what it is, if it is none of `ohmbench.network.nets.NETS`.
            weight_noise: of every training, as `Training` has it.

        Raises:
            UsageError: `bits` is neither 2 (ternary) nor 4, or no net has these sizes.
            DataError: the network or the labels are of no use, see `ohmbench.compress.checks`; or it was trained on
                other data.
        """
        if bits not in RATES:
            raise UsageError(f"Weights have 2 bits (ternary) or 4 here, not {bits}.")
        if not refuse_other_data(network.provenance, split.content, "The network") and progress is not None:
            progress.say("the network does not say which data it was trained on; taken for these")
        net = net or net_named("-".join(map(str, network.sizes)))
        training = Training(net.epochs, net.batch, RATES[bits] * net.batch / 200, weight_noise=weight_noise)
        base = train_levels(
            network,
            split.train_x,
            split.train_y,
            max_level=(1 << (bits - 1)) - 1,
            input_bits=INPUT_BITS,
            activation_bits=ACTIVATION_BITS,
            training=training,
            seed=seed,
            progress=progress,
        )
        real = share_right(network.predict(split.test_x / ((1 << INPUT_BITS) - 1)), split.test_y)
        return cls._trained(net.name, bits, seed, split, training, base, real, progress)

    @classmethod
    def of_imported(
        cls,
        network: ImportedNetwork,
        name: str,
        split: Split,
        *,
        bits: int | None = None,
        epochs: int = 4,
        seed: int = 0,
        batch: int = Training.batch,
        weight_noise: float = 0.0,
        progress: Progress | None = None,
    ) -> Start:
        """Train a network from elsewhere in whole levels; one in floating point is quantised first.

        Args:
            split: its inputs as the network takes them.
            bits: of a weight; None: those that the network has, or 4.
            epochs, batch: of each training.

        Raises:
            UsageError: `bits` makes no sense, or are not those of a network that is whole.
            DataError: the labels are of no use, a step lets no gradient pass, or it was made with other data.
        """
        check_labels(split.train_y, tie_imported(network).outputs)
        refuse_other_data(network.provenance, split.content, "The network")
        whole = network
        if not network.is_whole:
            whole = quantise_network(network, split.train_x[:_CALIBRATION], weight_bits=bits or IMPORTED_BITS)
        elif bits is not None and bits != bits_of(tie_imported(whole)):
            raise UsageError(
                f"The network has weights of {bits_of(tie_imported(whole))} bits already, not {bits}.",
                "Leave --bits out, or import the model again with --bits.",
            )
        tied = tie_imported(whole)
        bits = bits_of(tied)
        rate = IMPORTED_RATE * tied.max_level * batch / 100
        training = Training(epochs, batch, rate, weight_noise=weight_noise)
        base = tune(tied, split.train_x, split.train_y, training, seed=seed, progress=progress)
        said = network.provenance.get("accuracy_float")
        real = (
            float(said)
            if isinstance(said, float)
            else share_right(classes_of_imported(network, split.test_x), split.test_y)
        )
        known = {k: v for k, v in whole.provenance.items() if k not in (CONTENT, "accuracy_float")}
        if whole.input_range is not None:
            known |= {"input_low": whole.input_range[0], "input_high": whole.input_range[1]}
        return cls._trained(name, bits, seed, split, training, base, real, progress, known)

    @classmethod
    def _trained(
        cls,
        name: str,
        bits: int,
        seed: int,
        split: Split,
        training: Training,
        base: TiedNetwork,
        accuracy_float: float,
        progress: Progress | None,
        known: Provenance | None = None,
    ) -> Start:
        longest = replace(training, epochs=round(LONGEST * training.epochs))
        reference = tune(base, split.train_x, split.train_y, longest, seed=seed, progress=progress)
        test = share_right(predict(reference, split.test_x), split.test_y)
        validation = share_right(predict(reference, split.validation_x), split.validation_y)
        return cls(
            name, bits, seed, split, training, base, reference, accuracy_float, test, validation, dict(known or {})
        )


IMPORTED_BITS = 4
"""Of a weight of a network from elsewhere that is in floating point, where nobody says."""
_CALIBRATION = 1000
"""Training inputs that set the ranges of activations."""
_AT_ONCE = 500


def bits_of(network: TiedNetwork) -> int:
    """Bits of a signed weight of these levels."""
    return network.max_level.bit_length() + 1


def classes_of_imported(network: ImportedNetwork, inputs: NetworkInputs) -> IntArray:
    """The largest output's number (n,) of inputs (n, ...)."""
    parts = [network.forward(inputs[start : start + _AT_ONCE]) for start in range(0, len(inputs), _AT_ONCE)]
    return np.asarray(np.concatenate([part.reshape(len(part), -1) for part in parts]).argmax(axis=1), np.int64)


@dataclass(frozen=True, eq=False)
class Outcome:
    """A network that a method made, and what it is worth; accuracies are shares of the test images."""

    start: Start
    method: str
    budget: float | None
    network: CompressedNetwork
    image: WeightImage
    accuracy: float
    accuracy_validation: float
    cpu_s: float

    @cached_property
    def counts(self) -> Counts:
        """What the image costs on arrays."""
        return count(self.image)

    def summary(self) -> dict[str, Any]:
        return {
            "net": self.start.name,
            "bits": self.start.bits,
            "seed": self.start.seed,
            "method": self.method,
            "stages": METHODS[self.method].stages,
            "budget": self.budget,
            "cells_saved": self.counts.cells_saved,
            "accuracy_base": self.start.accuracy_base,
            "accuracy": self.accuracy,
            "loss_points": 100 * (self.start.accuracy_base - self.accuracy),
            "accuracy_base_validation": self.start.accuracy_base_validation,
            "accuracy_validation": self.accuracy_validation,
            "cells": self.counts.cells,
            "cells_as_pairs": self.counts.cells_as_pairs,
            "images": self.counts.images,
            "passes": self.counts.passes,
            "conversions": self.counts.conversions,
            "row_additions": self.counts.row_additions,
            "cpu_s": self.cpu_s,
        }

    def describe(self) -> str:
        s = self.summary()
        return (
            f"{s['net']}, {s['bits']} bits, {s['method']}: {100 * s['cells_saved']:.1f} % of {s['cells_as_pairs']} "
            f"cells saved, {100 * s['accuracy']:.2f} % recognised, {s['loss_points']:+.2f} points lost"
        )

    def save(self, path: Path) -> None:
        """Write the network as a file of `ohmbench map`.

        Raises:
            DataError: the folder cannot be written.
        """
        known = {k: v for k, v in self.summary().items() if v is not None}
        data = {**self.start.known, **self.start.split.known, CONTENT: self.start.split.content}
        known["accuracy_float"] = self.start.accuracy_float
        save_compressed(self.network, path, {"ohmbench": __version__, **data, **known})


def run_method(start: Start, method: str, budget: float | None, progress: Progress | None = None) -> Outcome:
    """Compress by `method` to a share `budget` of the cells of plain pairs.

    Methods that have no choice ignore the budget and take the reference as it is.

    Raises:
        UsageError: no such method, no budget where one is needed, or one that the method cannot keep.
    """
    free = method_named(method).free
    if not free and not (budget is not None and 0 < budget <= 1):
        raise UsageError(f"{method} needs a budget: the share of the cells to keep, above 0 and at most 1.")
    began = time.process_time()
    split = start.split
    job = Job(
        start.reference if free else start.base,
        split.train_x,
        split.train_y,
        start.training,
        0,
        start.seed,
        progress=progress,
    )
    job = replace(job, cells=int((budget or 1.0) * job.pair_cells))
    network = compress(method, job)
    cpu_s = time.process_time() - began
    test, validation = (split.test_x, split.test_y), (split.validation_x, split.validation_y)
    return Outcome(
        start,
        method,
        None if free else budget,
        network,
        map_compressed(network),
        share_right(network.predict(test[0]), test[1]),
        share_right(network.predict(validation[0]), validation[1]),
        cpu_s,
    )
