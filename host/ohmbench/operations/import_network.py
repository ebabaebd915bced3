"""`ohmbench import`: a network that was made elsewhere, quantised if need be, and what it costs on arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.bench.twin import TwinBench
from ohmbench.errors import UsageError
from ohmbench.importing.onnx_file import from_onnx
from ohmbench.importing.quantise import quantise_network
from ohmbench.inference.exact import classes_of
from ohmbench.inference.on_bench import Inference
from ohmbench.mapping.counting import Counts, count
from ohmbench.mapping.data_sets import CONTENT, imported_data
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.imported import map_imported
from ohmbench.model.array import ArrayModel
from ohmbench.network.data import Dataset, share_right, some_inputs
from ohmbench.network.imported import ImportedNetwork
from ohmbench.operations.output_errors import rms
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.tables import CLOCK_HZ

CALIBRATION = 1000
"""Training inputs that set the ranges of activations."""


@dataclass(frozen=True, eq=False)
class Quantisation:
    """What a network with products in floating point becomes.

    Attributes:
        weight_bits: sign included; activation_bits: of what goes into each product.
        ranges: how the ranges of activations are found, "percentile" or "mse".
        single_cells: layers whose weights get one cell each instead of a pair, or "all".
    """

    weight_bits: int = 4
    activation_bits: int = 8
    ranges: str = "percentile"
    single_cells: tuple[int, ...] | str = ()


@dataclass(frozen=True)
class Tested:
    """What a network reaches over the test inputs of the data that were given: neither without data.

    Attributes:
        accuracy: of a network that tells classes apart.
        rmse: root mean square error of others, against targets.
    """

    accuracy: float | None = None
    rmse: float | None = None


@dataclass(frozen=True, eq=False)
class ImportResult:
    """A network from elsewhere, and what it costs.

    Attributes:
        was_whole: its products were in integers already.
        before, after: in floating point, or as the file has it, and in integers.
        product_s: bench time of an input's products.
    """

    network: ImportedNetwork
    was_whole: bool
    image: WeightImage
    counts: Counts
    product_s: float
    before: Tested
    after: Tested

    def summary(self) -> dict[str, Any]:
        image = self.image
        return {
            "input_shape": list(self.network.input_shape),
            "layers": [
                {"inputs": y.inputs, "outputs": y.outputs, "input_bits": y.input_bits, "places": places}
                for y, places in zip(image.layers, image.places, strict=True)
            ],
            "weights": sum(int(step.arrays["weights"].size) for step in self.network.products),
            "max_level": image.max_level,
            "quantised_already": self.was_whole,
            "cells_as_pairs": self.counts.cells_as_pairs,
            "images": self.counts.images,
            "loads": self.counts.loads,
            "products_per_input": self.counts.products,
            "bench_time_per_input_s": self.product_s,
            "accuracy_float": self.before.accuracy,
            "accuracy_quantised": self.after.accuracy,
            "rmse_float": self.before.rmse,
            "rmse_quantised": self.after.rmse,
            "said": list(self.network.said),
            "unsupported": [],
        }

    def describe(self) -> str:
        s = self.summary()
        lines = [
            f"layer {i}: {y['inputs']} inputs of {y['input_bits']} bits, {y['outputs']} outputs"
            + (f", at {y['places']} places" if y["places"] > 1 else "")
            for i, y in enumerate(s["layers"])
        ]
        lines += [
            f"{s['weights']:,} weights of -{s['max_level']}..{s['max_level']}",
            f"{s['cells_as_pairs']:,} cells as pairs on {s['images']} images of an array",
            f"{s['products_per_input']:,} products an input, {1e3 * self.product_s:.3g} ms of bench time",
            *self.network.said,
        ]
        if self.after.accuracy is not None and self.before.accuracy is not None:
            before, after = 100 * self.before.accuracy, 100 * self.after.accuracy
            lines.append(
                f"{after:.2f} % of the test inputs recognised in integers"
                + ("" if self.was_whole else f", {before:.2f} % in floating point")
            )
        if self.after.rmse is not None and self.before.rmse is not None:
            lines.append(
                f"an error of {self.after.rmse:.4g} over the test inputs in integers"
                + ("" if self.was_whole else f", {self.before.rmse:.4g} in floating point")
            )
        return "\n".join(lines)


def import_onnx(
    path: Path,
    progress: Progress,
    *,
    quantisation: Quantisation | None = None,
    data: str | None = None,
    folder: Path | None = None,
    check: bool = False,
) -> ImportResult:
    """Read an ONNX model, and make its products whole if they are not.

    Args:
        quantisation: None: as by default, of a network in floating point; one that is whole stays as it is.
        data: set whose training inputs calibrate, and whose test inputs are recognised before and after.
        folder: of MNIST's files; None: OHMBENCH_MNIST.
        check: only what it costs: ranges are then calibrated on noise, and no accuracy is known.

    Raises:
        DataError: the model is damaged or has nodes that cannot be taken; or the data do not fit.
        UsageError: no data to calibrate with, bits that make no sense, or an extra is missing.
        ImageError: the network has no product, or is too large.
    """
    network = from_onnx(path)
    was_whole = network.is_whole
    if was_whole and quantisation is not None:
        raise UsageError("The model's products are in integers already.", "Leave --bits and its like out.")
    found = None if data is None or check else imported_data(network, data, folder)
    before = Tested()
    if not was_whole:
        if found is None and not check:
            raise UsageError(
                f"{path.name} has products in floating point, and quantising them needs inputs to calibrate with.",
                "Give --data; or --check to see what it costs.",
            )
        chosen = quantisation or Quantisation()
        if found is not None:
            progress.say("quantising, and the test set before and after")
            before = _tested(network, found, progress, "in floating point")
        alone = range(len(network.products)) if isinstance(chosen.single_cells, str) else chosen.single_cells
        inputs = _noise(network) if found is None else some_inputs(found.train_x, min(CALIBRATION, len(found.train_x)))
        network = quantise_network(
            network,
            inputs,
            weight_bits=chosen.weight_bits,
            activation_bits=chosen.activation_bits,
            ranges=chosen.ranges,
            single_cells=alone,
        )
    after = Tested() if found is None else _tested(network, found, progress, "in integers")
    if was_whole:
        before = after
    network = _described(network, found, before)
    image = map_imported(network)
    return ImportResult(
        network,
        was_whole,
        image,
        count(image),
        _product_s(image),
        before,
        after,
    )


def _noise(network: ImportedNetwork) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).random((16, *network.input_shape), np.float32)


_AT_ONCE = 500


def _tested(network: ImportedNetwork, data: Dataset, progress: Progress, what: str) -> Tested:
    parts = []
    for start in range(0, len(data.test_x), _AT_ONCE):
        progress(f"test set {what}", start, len(data.test_x))
        outputs = network.forward(data.test_x[start : start + _AT_ONCE])
        parts.append(np.asarray(outputs.reshape(len(outputs), -1), np.float64))
    progress(f"test set {what}", len(data.test_x), len(data.test_x))
    outputs = np.concatenate(parts)
    if data.targets is not None:
        return Tested(rmse=rms(outputs - data.targets))
    return Tested(accuracy=share_right(classes_of(outputs), data.test_y))


def _described(network: ImportedNetwork, data: Dataset | None, before: Tested) -> ImportedNetwork:
    """The network with what its image's provenance is to say: data set, its content, and what was reached before."""
    known: dict[str, str | int | float] = dict(network.provenance)
    if data is not None:
        known |= {"dataset": data.name, CONTENT: data.content}
    if before.accuracy is not None:
        known["accuracy_float"] = before.accuracy
    if before.rmse is not None:
        known["rmse_float"] = before.rmse
    if network.input_range is not None:
        known |= {"input_low": network.input_range[0], "input_high": network.input_range[1]}
    return ImportedNetwork(network.steps, network.input_shape, network.input_range, network.said, known)


def _product_s(image: WeightImage) -> float:
    """Bench time of the products of an input, from the clocks of the twin; what an array holds does not change them."""
    total = 0.0
    with TwinBench(ArrayModel({}, 1)) as bench:
        run = Inference(bench, Recipe())
        for index, tile in enumerate(image.tiles):
            run.loaded, clocks = tile.image, []
            for inputs in (2, 6):
                before = run.infer_cycles
                run.run_tile(image, index, np.zeros((inputs, image.rows), np.int64))
                clocks.append(run.infer_cycles - before)
            total += (clocks[1] - clocks[0]) / 4 * image.places[tile.layer]
    return total / CLOCK_HZ
