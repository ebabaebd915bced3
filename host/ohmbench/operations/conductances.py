"""What an array holds, back to where networks are made: reached conductances and the weights that they stand for."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import StoreError, UsageError
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.record import record_to_read
from ohmbench.lab.settings import record_path
from ohmbench.mapping.image import WeightImage
from ohmbench.network.flow import ARRAY, Step
from ohmbench.operations.fusion_file import FusionFile
from ohmbench.operations.image_file import ImageFile
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.resume import recipe_of
from ohmbench.record.records import RunRecord
from ohmbench.support.array_types import FloatArray, Mask
from ohmbench.support.files import write_result


@dataclass(frozen=True, eq=False)
class Held:
    """What the record says that arrays of an image hold; arrays (images, rows, columns).

    Attributes:
        usiemens: as they were read last; the target where a cell was never read.
        known: cells that were read.
        runs: by the image's number, the run that read it last.
    """

    image: WeightImage
    recipe: Recipe
    usiemens: FloatArray
    known: Mask
    runs: dict[int, int]

    def levels(self) -> FloatArray:
        """As steps above Gmin (images, rows, columns): whole numbers on an ideal array."""
        low, high = self.recipe.targets_usiemens(np.array([0, self.image.max_level]), self.image.max_level)
        return np.asarray((self.usiemens - low) / (high - low) * self.image.max_level, np.float64)

    def weights(self, number: int) -> FloatArray:
        """The matrix (inputs, outputs) of a layer that the cells stand for, in steps of a level."""
        return _matrix(self.image, number, self.levels())

    def targets(self, number: int) -> FloatArray:
        """The same of the image."""
        return _matrix(self.image, number, self.image.levels.astype(np.float64))


def _matrix(image: WeightImage, number: int, levels: FloatArray) -> FloatArray:
    layer = image.layers[number]
    total = np.zeros((layer.inputs, layer.outputs))
    for tile in (image.tiles[index] for index in image.tiles_of(number)):
        # a column of zeros behind the last one, which -1 reaches
        cells = np.pad(levels[tile.image], ((0, 0), (0, 1)))
        part = slice(tile.outputs)
        lanes = (cells[:, tile.p[part]] - cells[:, tile.n[part]] - tile.middle[part]) * tile.gain[part]
        driven = np.flatnonzero(tile.row_of_input >= 0)
        total[driven, tile.lanes_of] += lanes[tile.row_of_input[driven]]
    return total


def held(file: ImageFile, ledgered: Ledgered) -> Held:
    """What the last runs of an image on an array read of its cells.

    Raises:
        StoreError: the record has no such run.
    """
    image, found = file.image, {}
    for run in ledgered.store.runs(ledgered.serial):
        if run.image_sha256 == file.sha256 and run.image_number is not None and run.image_number not in found:
            found[run.image_number] = run
    if not found:
        raise StoreError(
            f"The record has no run of {file.path.name} on array {ledgered.serial}.", "Program or verify it first."
        )
    recipe = recipe_of(next(iter(found.values())))
    usiemens = recipe.targets_usiemens(image.levels, image.max_level)
    known = np.zeros(image.mask.shape, np.bool_)
    for number, run in found.items():
        _take(ledgered, run, recipe_of(run), usiemens[number], known[number])
    return Held(image, recipe, usiemens, known, {number: run.id for number, run in sorted(found.items())})


def _take(ledgered: Ledgered, run: RunRecord, recipe: Recipe, usiemens: FloatArray, known: Mask) -> None:
    cells = ledgered.store.cells(run.id)
    usiemens[cells.mask] = cells.usiemens(recipe.codes_per_siemens)[cells.mask]
    known |= cells.mask


def state(found: Held, names: list[str]) -> dict[str, NDArray[Any]]:
    """The weights in the shapes and units of a PyTorch state_dict: NAME.weight, and NAME.bias where the host has one.

    Args:
        names: of the layers in the module, in their order.

    Raises:
        UsageError: another number of names than layers, or the image does not say what a level is worth.
    """
    image = found.image
    if len(names) != len(image.layers):
        raise UsageError(f"{len(names)} names were given for {len(image.layers)} layers.", "Give one for each.")
    arrays: dict[str, NDArray[Any]] = {}
    for number, (name, layer) in enumerate(zip(names, image.layers, strict=True)):
        matrix = found.weights(number)
        if image.steps is None:
            step = (
                1.0 / ((1 << image.layers[0].input_bits) - 1) if number == 0 else image.layers[number - 1].output_scale
            )
            assert step is not None
            arrays[f"{name}.weight"] = (matrix * layer.scale / step).T.astype(np.float32)
            arrays[f"{name}.bias"] = layer.bias.astype(np.float32)
        else:
            arrays |= {f"{name}.{part}": array for part, array in _of_steps(image, number, matrix).items()}
    return arrays


def _of_steps(image: WeightImage, number: int, matrix: FloatArray) -> dict[str, NDArray[Any]]:
    """Weight and bias of a layer of a network from elsewhere."""
    steps = image.walk_steps
    at = [i for i, step in enumerate(steps, 1) if step.kind == ARRAY][number]
    step, after = steps[at - 1], steps[at] if at < len(steps) else None
    if after is None or after.kind != "affine" or after.inputs != (at,):
        raise UsageError(f"The image does not say what a level of layer {number} is worth.", "Export without --names.")
    worth = after.arrays["scale"].astype(np.float64).ravel() / _input_scale(steps, step.inputs[0])
    weight, groups = (matrix * worth).T, int(step.numbers["groups"])
    if "kernel" in step.numbers:
        kernel, each, height = step.numbers["kernel"], len(weight) // groups, matrix.shape[0] // groups
        rows = [weight[o, (o // each) * height : (o // each + 1) * height] for o in range(len(weight))]
        weight = np.stack(rows).reshape(len(weight), -1, *kernel)
    found = {"weight": weight.astype(np.float32)}
    if "bias" in after.arrays:
        found["bias"] = after.arrays["bias"].astype(np.float32).ravel()
    return found


def _input_scale(steps: tuple[Step, ...], value: int) -> float:
    """Real value of one step of the whole numbers in a value, from the quantiser that made them."""
    while value:
        step = steps[value - 1]
        if step.kind == "quantise":
            return float(step.arrays["scale"].ravel()[0])
        value = step.inputs[0]
    raise UsageError("The image does not say what an input step is worth.", "Export without --names.")


@dataclass(frozen=True, eq=False)
class ExportResult:
    """A file that was written."""

    found: Held
    out: Path
    names: list[str]

    def summary(self) -> dict[str, Any]:
        return {
            "out": str(self.out),
            "runs": {str(number): run for number, run in self.found.runs.items()},
            "cells_read": int(np.count_nonzero(self.found.known)),
            "cells": self.found.image.cells,
            "arrays": self.names,
        }

    def describe(self) -> str:
        s = self.summary()
        return (
            f"{s['cells_read']} of {s['cells']} cells as they were read; written: {', '.join(self.names)} to {self.out}"
        )


def export_conductances(
    lab: Path | None,
    serial: str,
    path: Path,
    out: Path,
    names: list[str] | None = None,
    like: Path | None = None,
) -> ExportResult:
    """Write what an array holds of a weight image to an .npz, or to a CSV for aihwkit.

    Without names: `conductance_usiemens`, `target_usiemens`, `read` and `programmed` (images, rows, columns), and for
    each layer k `layer<k>_weights` and `layer<k>_targets` (inputs, outputs) in steps of a level.

    Args:
        lab: folder of the record; None: the usual one.
        names: of the layers in a torch module: then the file is shaped as its state_dict.
        like: file of aihwkit's `fusion_export`: then the file is one that `fusion_import` reads.

    Raises:
        DataError: `like` is missing, damaged, or of another network.
        ImageError: the image is missing or damaged.
        StoreError: the record knows of no such run.
        UsageError: as `state`, or the file cannot be written.
    """
    file = ImageFile.load(path)
    with record_to_read(record_path(lab)) as store:
        found = held(file, Ledgered(store, serial))
    if like is not None:
        exported, layers = FusionFile.load(like), range(len(found.image.layers))
        write_result(out, exported.filled([found.weights(n) for n in layers], [found.targets(n) for n in layers]))
        return ExportResult(found, out, exported.names)
    arrays = {} if names is None else state(found, names)
    if names is None:
        image = found.image
        arrays = {
            "conductance_usiemens": found.usiemens,
            "target_usiemens": found.recipe.targets_usiemens(image.levels, image.max_level),
            "read": found.known,
            "programmed": image.mask,
        }
        for number in range(len(image.layers)):
            arrays |= {f"layer{number}_weights": found.weights(number), f"layer{number}_targets": found.targets(number)}
    data = io.BytesIO()
    np.savez_compressed(data, allow_pickle=False, **arrays)
    write_result(out, data.getvalue())
    return ExportResult(found, out, list(arrays))
