"""A network that was made elsewhere, as steps, and its file (.ohmn).

Steps "conv" and "dense" are products in floating point, as they come; ARRAY steps are whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError
from ohmbench.network.flow import ARRAY, HOST, FlowError, Step, Value, Walk, rows_of, sums_as_value
from ohmbench.support.archive import (
    Archive,
    ArchiveError,
    integer,
    objects,
    open_archive,
    origin,
    pack_archive,
    read_archive,
)
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.support.files import write_result
from ohmbench.support.guesses import cannot_read

SCHEMA = 1
IMPORTED = "imported network"
"""Kind of the file."""
MAX_STEPS = 4096
FLOAT_PRODUCTS = ("conv", "dense")


@dataclass(frozen=True, eq=False)
class ImportedNetwork:
    """Steps from inputs (n, *input_shape) in the network's own units to outputs.

    An ARRAY step has the numbers `bits` (of its unsigned inputs), `zero` (what stands for 0 among them), `max_level`
    (the largest magnitude of a weight) and `groups`, those of a `Window` if it is a convolution, and the array
    `weights`, int32 (inputs of a group, outputs): inputs ordered channel, kernel row, kernel column; outputs ordered by
    group. `cells` is 1 if a weight is to have a single cell: an output's weights, and 0, then span at most `max_level`.

    Attributes:
        input_range: lowest and highest input that the first layer can tell apart; None: not known.
        said: what was done on the way that a user should know.
    """

    steps: tuple[Step, ...]
    input_shape: tuple[int, ...]
    input_range: tuple[float, float] | None = None
    said: tuple[str, ...] = ()
    provenance: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def products(self) -> list[Step]:
        """Steps that are products, whole or not, in order."""
        return [step for step in self.steps if step.kind == ARRAY or step.kind in FLOAT_PRODUCTS]

    @property
    def is_whole(self) -> bool:
        """Whether all products are in integers."""
        return not any(step.kind in FLOAT_PRODUCTS for step in self.steps)

    def forward(self, inputs: FloatArray) -> Value:
        """Outputs (n, ...) of inputs (n, *input_shape), in exact integers where products are whole.

        Raises:
            FlowError: the inputs do not fit.
        """
        if inputs.shape[1:] != self.input_shape:
            raise FlowError(f"inputs are {inputs.shape[1:]}, the network takes {self.input_shape}")
        walk = Walk(self.steps, np.asarray(inputs, np.float32))
        while walk.step is not None:
            step, waiting = walk.step, walk.waiting
            sums = rows_of(step, waiting).astype(np.float64) @ dense_weights(step).astype(np.float64)
            walk.give(sums_as_value(step, waiting, np.rint(sums).astype(np.int64)))
        return walk.outputs

    def save(self, path: Path) -> None:
        """Write the file; an old one is replaced only when the new one is complete.

        Raises:
            DataError: the network is too large for the format.
            UsageError: the folder is missing or not writable.
        """
        try:
            data = self.to_bytes()
        except ArchiveError as error:
            raise DataError(f"Cannot write {path}: the network is too large for one file: {error}.") from error
        write_result(path, data)

    def to_bytes(self) -> bytes:
        """The bytes of the file; raises ArchiveError if it is too large."""
        header = {
            "format": f"ohmbench {IMPORTED}",
            "schema": SCHEMA,
            "input_shape": list(self.input_shape),
            "input_range": None if self.input_range is None else list(self.input_range),
            "said": list(self.said),
            "steps": steps_header(self.steps),
            "provenance": dict(self.provenance),
        }
        return pack_archive(header, step_arrays(self.steps))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises:
        DataError: the file is missing, damaged, or not a network.
        """
        try:
            with open_archive(read_archive(path), IMPORTED, SCHEMA) as archive:
                header = archive.header
                shape, said, span = header.get("input_shape"), header.get("said"), header.get("input_range")
                if not _whole_list(shape) or not isinstance(said, list) or not all(isinstance(t, str) for t in said):
                    raise ArchiveError("its input shape or remarks are damaged")
                if span is not None and not (isinstance(span, list) and len(span) == 2 and _numbers(span)):
                    raise ArchiveError("its input range is damaged")
                steps = read_steps(archive)
                return cls(
                    steps,
                    tuple(shape or ()),
                    None if span is None else (float(span[0]), float(span[1])),
                    tuple(said),
                    origin(header),
                )
        except ArchiveError as error:
            reason = str(error)
        except OSError as error:
            reason = cannot_read(path, error)
        except Exception as error:
            reason = f"the file is damaged ({type(error).__name__}: {error})"
        raise DataError(f"Cannot load the network {path}: {reason}.", "Make it with `ohmbench import`.")


def dense_weights(step: Step) -> IntArray:
    """int64 (inputs, outputs) of an ARRAY step: groups as blocks."""
    weights, groups = step.arrays["weights"].astype(np.int64), int(step.numbers["groups"])
    if groups == 1:
        return weights
    rows, outputs = weights.shape
    each = outputs // groups
    blocks = np.zeros((groups * rows, outputs), np.int64)
    for group in range(groups):
        part = slice(group * each, (group + 1) * each)
        blocks[group * rows : (group + 1) * rows, part] = weights[:, part]
    return blocks


def spans(weights: IntArray) -> IntArray:
    """How far the weights (inputs, outputs) of each output, and 0, are apart, (outputs,)."""
    return np.asarray(weights.max(axis=0, initial=0) - weights.min(axis=0, initial=0), np.int64)


def steps_header(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Steps as a header holds them; their arrays are parts of the file."""
    return [
        {
            "kind": step.kind,
            "inputs": list(step.inputs),
            "numbers": dict(step.numbers),
            "arrays": {name: [str(array.dtype), list(array.shape)] for name, array in step.arrays.items()},
            "name": step.name,
        }
        for step in steps
    ]


def step_arrays(steps: tuple[Step, ...]) -> dict[str, NDArray[Any]]:
    """Their arrays by the names of the file's parts."""
    return {f"step{number}_{name}": array for number, step in enumerate(steps) for name, array in step.arrays.items()}


_TYPES = ("float32", "float64", "int32", "int64")


def read_steps(archive: Archive, *, weights: bool = True) -> tuple[Step, ...]:
    """The steps of a file, checked: kinds, numbers of values, finite numbers.

    Args:
        weights: whether array steps have their weights; those of a weight image are in its cells.

    Raises:
        ArchiveError: they make no sense.
    """
    steps = []
    for number, head in enumerate(objects(archive.header, "steps", MAX_STEPS)):
        kind, inputs, numbers = head.get("kind"), head.get("inputs"), head.get("numbers")
        if kind != ARRAY and kind not in HOST:
            raise ArchiveError(f"step {number} is of an unknown kind")
        if not _whole_list(inputs) or not inputs or not all(0 <= i <= number for i in inputs):
            raise ArchiveError(f"step {number} takes values that are not there")
        if not isinstance(numbers, dict) or not all(_fits(value) for value in numbers.values()):
            raise ArchiveError(f"step {number} has parameters that are not numbers")
        arrays = {}
        for name, described in dict(head.get("arrays") or {}).items():
            dtype, shape = described
            if dtype not in _TYPES or not _whole_list(shape):
                raise ArchiveError(f"step {number} has a damaged array")
            stored = np.dtype(dtype).newbyteorder("<").str
            array = archive.array(f"step{number}_{name}", stored, *(shape or [1])).reshape(shape)
            if not np.isfinite(array).all():
                raise ArchiveError(f"step {number} holds a number that is not finite")
            arrays[name] = array
        steps.append(Step(kind, tuple(inputs), numbers, arrays, str(head.get("name", ""))[:200]))
        if kind == ARRAY:
            _check_array_step(steps[-1], number, weights)
    return tuple(steps)


def _check_array_step(step: Step, number: int, has_weights: bool) -> None:
    bits = integer(step.numbers, "bits", 1, 16)
    integer(step.numbers, "zero", 0, (1 << bits) - 1)
    groups, weights = integer(step.numbers, "groups", 1, 1 << 14), step.arrays.get("weights")
    if not has_weights:
        if step.arrays:
            raise ArchiveError(f"step {number} has weights besides those of the cells")
        return
    most = integer(step.numbers, "max_level", 1, 255)
    if weights is None or weights.ndim != 2 or weights.dtype.kind != "i" or np.abs(weights).max(initial=0) > most:
        raise ArchiveError(f"step {number} has no weights of whole numbers up to {most}")
    if integer({"cells": 2, **step.numbers}, "cells", 1, 2) == 1 and spans(weights).max(initial=0) > most:
        raise ArchiveError(f"step {number} has weights too far apart for single cells of {most} levels")
    if weights.shape[1] % groups:
        raise ArchiveError(f"step {number} has {weights.shape[1]} outputs in {groups} groups")


def _whole_list(value: object) -> bool:
    return isinstance(value, list) and all(type(v) is int and -(1 << 31) <= v < 1 << 31 for v in value)


def _numbers(value: list[Any]) -> bool:
    return all(type(v) in (int, float) and np.isfinite(v) for v in value)


def _fits(value: object) -> bool:
    return _numbers([value]) or (isinstance(value, list) and _numbers(value)) or isinstance(value, bool)
