"""The file of a compressed network (.ohmc): what `ohmbench compress` writes and `ohmbench map` reads.

An archive as `ohmbench.support.archive` has it, so that loading executes nothing. The header lists the layers and, in
their order, the segments; each segment has its parts rows, levels, p, n and gain, as `compressed.Segment` has them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.compress.compressed import CompressedLayer, CompressedNetwork, Segment
from ohmbench.errors import DataError, ImageError
from ohmbench.mapping.image import MAX_INPUT, MAX_TILES, Provenance
from ohmbench.mapping.tile import MAX_INPUT_BITS, MAX_LAYERS, MAX_WIDTH, Layer, require, validate_layers
from ohmbench.network.flow import Step, array_steps
from ohmbench.network.imported import read_steps, step_arrays, steps_header
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
from ohmbench.support.files import write_result
from ohmbench.support.guesses import cannot_read

SCHEMA = 3
"""2 has steps, 3 weights of single cells. A file is written as the lowest that has what it needs."""
_WHAT = "compressed network"
_MAX_INDEX = np.iinfo(np.int16).max


def save_compressed(network: CompressedNetwork, path: str | Path, provenance: Provenance | None = None) -> None:
    """Write the file; an old one is replaced only when the new one is complete. Equal networks give equal bytes.

    Args:
        provenance: where it came from: network, dataset, seed, method, ... text or finite numbers.

    Raises:
        DataError: the network is too large for the format.
        UsageError: the folder is missing or not writable.
    """
    singles = any(segment.middle.any() for layer in network.layers for segment in layer.segments)
    parts: dict[str, NDArray[Any]] = {}
    layers: list[dict[str, Any]] = []
    segments: list[dict[str, Any]] = []
    for index, layer in enumerate(network.layers):
        head = {"inputs": layer.inputs, "outputs": len(layer.bias), "input_bits": layer.input_bits}
        layers.append({**head, "output_scale": layer.output_scale})
        parts |= {f"layer{index}_scale": layer.scale, f"layer{index}_bias": layer.bias}
        for segment in layer.segments:
            name = f"segment{len(segments)}"
            rows, columns = segment.levels.shape
            segments.append(
                {
                    "layer": index,
                    "first_output": segment.first_output,
                    "outputs": len(segment.p),
                    "rows": rows,
                    "columns": columns,
                }
            )
            parts |= {f"{name}_rows": segment.row_of_input, f"{name}_levels": segment.levels}
            parts |= {f"{name}_p": segment.p, f"{name}_n": segment.n, f"{name}_gain": segment.gain}
            if singles:
                parts[f"{name}_middle"] = segment.middle
    extra: dict[str, Any] = {}
    if network.steps is not None and network.input_shape is not None:
        extra = {"steps": steps_header(network.steps), "input_shape": list(network.input_shape)}
        parts |= step_arrays(network.steps)
    header = {
        "format": f"ohmbench {_WHAT}",
        "schema": 3 if singles else 2 if extra else 1,
        "max_level": network.max_level,
        "layers": layers,
        "segments": segments,
        "provenance": dict(provenance or {}),
        **extra,
    }
    try:
        data = pack_archive(header, parts)
    except ArchiveError as error:
        raise DataError(f"Cannot write {path}: the network is too large for one file: {error}.", "Split it.") from error
    write_result(Path(path), data)


def load_compressed(path: str | Path) -> tuple[CompressedNetwork, dict[str, Any]]:
    """Read and check a file: the network, and where it came from.

    Raises:
        DataError: the file is missing, damaged, from a newer ohmbench, or contradicts itself.
    """
    try:
        with open_archive(read_archive(Path(path)), _WHAT, SCHEMA) as archive:
            return _assemble(archive), origin(archive.header)
    except (ArchiveError, ImageError) as error:
        reason = str(error)
    except OSError as error:
        reason = cannot_read(path, error)
    except Exception as error:
        reason = f"the file is damaged ({type(error).__name__}: {error})"
    raise DataError(f"Cannot load the {_WHAT} {path}: {reason}.", "Make it with `ohmbench compress`.")


def _assemble(archive: Archive) -> CompressedNetwork:
    header = archive.header
    max_level = integer(header, "max_level", 1, 255)
    heads = objects(header, "layers", MAX_LAYERS)
    layers = []
    for index, head in enumerate(heads):
        inputs, outputs = (integer(head, name, 1, MAX_WIDTH) for name in ("inputs", "outputs"))
        scale, bias = (archive.array(f"layer{index}_{part}", "<f8", outputs) for part in ("scale", "bias"))
        output_scale = head.get("output_scale")
        require(output_scale is None or isinstance(output_scale, float), f"layer {index} has a bad output scale")
        bits = integer(head, "input_bits", 1, MAX_INPUT_BITS)
        layers.append(Layer(inputs, outputs, bits, scale, bias, output_scale))
    steps, shape = _steps(archive, layers)
    validate_layers(layers, chained=steps is None)
    segments: list[list[Segment]] = [[] for _ in layers]
    for number, head in enumerate(objects(header, "segments", MAX_TILES)):
        layer = integer(head, "layer", 0, len(layers) - 1)
        segments[layer].append(_segment(archive, f"segment{number}", head, layers[layer], max_level))
    for index, of_layer in enumerate(segments):
        require(bool(of_layer), f"layer {index} has no segments")
    return CompressedNetwork(
        tuple(
            CompressedLayer(layer.input_bits, layer.scale, layer.bias, layer.output_scale, tuple(of_layer))
            for layer, of_layer in zip(layers, segments, strict=True)
        ),
        max_level,
        steps,
        shape,
    )


def _steps(archive: Archive, layers: list[Layer]) -> tuple[tuple[Step, ...] | None, tuple[int, ...] | None]:
    """The steps of a network from elsewhere, and the shape of its inputs; the weight image checks that they fit."""
    if "steps" not in archive.header:
        return None, None
    steps, said = read_steps(archive, weights=False), archive.header.get("input_shape")
    shape = tuple(said) if isinstance(said, list) and all(type(n) is int and 1 <= n <= MAX_WIDTH for n in said) else ()
    require(1 <= len(shape) <= 3 and math.prod(shape) <= MAX_INPUT, "its input shape is damaged")
    require(len(list(array_steps(steps))) == len(layers), "its steps are not those of its layers")
    return steps, shape


def _segment(archive: Archive, name: str, head: dict[str, Any], layer: Layer, max_level: int) -> Segment:
    first, outputs = integer(head, "first_output", 0, layer.outputs - 1), integer(head, "outputs", 1, layer.outputs)
    rows, columns = (integer(head, side, 0, _MAX_INDEX) for side in ("rows", "columns"))
    require(first + outputs <= layer.outputs, f"{name} has outputs that its layer lacks")
    row_of_input = archive.array(f"{name}_rows", "<i2", layer.inputs)
    levels = archive.array(f"{name}_levels", "|u1", rows, columns)
    p, n = (archive.array(f"{name}_{side}", "<i2", outputs) for side in ("p", "n"))
    gain = archive.array(f"{name}_gain", "<i4", outputs)
    has_singles = integer(archive.header, "schema", 1, SCHEMA) > 2
    middle = archive.array(f"{name}_middle", "<i2", outputs) if has_singles else np.zeros(outputs, np.int16)
    require(bool(((row_of_input >= -1) & (row_of_input < rows)).all()), f"{name} drives a row that it lacks")
    for wiring in (p, n):
        require(bool(((wiring >= -1) & (wiring < columns)).all()), f"{name} is wired to a column that it lacks")
    require(int(levels.max(initial=0)) <= max_level, f"{name} has a level above {max_level}")
    require(bool((gain >= 1).all()), f"{name} has a gain below 1")
    require(bool(((middle >= 0) & (middle <= max_level)).all()), f"{name} has a middle that is no level")
    require(not middle[(p < 0) | (n >= 0)].any(), f"{name} has a middle where no column is alone")
    return Segment(row_of_input, levels, first, p, n, gain, middle)
