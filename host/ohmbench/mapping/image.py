"""WeightImage: a network mapped onto arrays, and its file (.ohmw). The format is described in docs/weight-image.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import ImageError
from ohmbench.mapping.tile import (
    MAX_INPUT_BITS,
    MAX_LAYERS,
    MAX_WIDTH,
    ArrayInfo,
    Layer,
    Tile,
    require,
    validate_layers,
)
from ohmbench.network.flow import ARRAY, Step, Walk, array_steps, rows_of, sums_as_value
from ohmbench.network.imported import read_steps, step_arrays, steps_header
from ohmbench.support.archive import (
    Archive,
    ArchiveError,
    fits_origin,
    integer,
    objects,
    open_archive,
    origin,
    pack_archive,
    read_archive,
    section,
)
from ohmbench.support.array_types import Mask
from ohmbench.support.files import write_result
from ohmbench.support.guesses import cannot_read
from ohmbench.support.notebook import facts, heat_map

SCHEMA = 3
"""2 has steps, 3 has weights of single cells. An image is written as the lowest that has what it needs."""
MAX_INPUT = 3 * 512 * 512
MAX_LINES = 128
MAX_IMAGES = 4096
MAX_TILES = 4096

Provenance = Mapping[str, str | int | float]


_MOST_SHOWN = 8  # arrays of an image in a notebook


@dataclass(frozen=True, eq=False)
class WeightImage:
    """A whole network as targets for 32x32 arrays, with the wiring that turns column sums into layer outputs.

    Attributes:
        levels: uint8 (images, rows, columns): target of each cell in steps above Gmin, 0..max_level.
        mask: bool (images, rows, columns): the cells to program; the others are left alone and hold level 0 here.
        layers, tiles: in the order of execution; tiles are sorted by layer.
        provenance: where it came from: ohmbench version, network, dataset, seed, command, ... text or finite numbers.
        steps: of a network from elsewhere, what the host does between layers; array step k stands for layer k, whose
            weights are in the cells. None: dense layers with ReLU between them, as `Layer` says.
        input_shape: of an input of such a network; None without steps.

    Raises:
        ImageError: on creation, if the parts contradict each other.
    """

    levels: NDArray[np.uint8]
    mask: Mask
    max_level: int
    layers: tuple[Layer, ...]
    tiles: tuple[Tile, ...]
    array_type: str = "1T1R"
    provenance: Provenance = field(default_factory=dict)
    steps: tuple[Step, ...] | None = None
    input_shape: tuple[int, ...] | None = None

    def __repr__(self) -> str:
        count, rows, columns = self.levels.shape
        cells, layers = int(np.count_nonzero(self.mask)), len(self.layers)
        return (
            f"WeightImage({count} arrays of {rows}x{columns} {self.array_type}, {cells} cells, "
            f"levels 0..{self.max_level}, {len(self.tiles)} tiles of {layers} layers)"
        )

    def _repr_html_(self) -> str:
        """A map of each array, of the first of many."""
        shown = min(len(self.levels), _MOST_SHOWN)
        maps = "".join(
            heat_map(self.levels[i], self.mask[i], float(self.max_level), f"array {i}") for i in range(shown)
        )
        left = f"<p>and {len(self.levels) - shown} more</p>" if shown < len(self.levels) else ""
        return facts(repr(self), self.provenance, maps + left)

    def __post_init__(self) -> None:
        _validate(self)

    @cached_property
    def walk_steps(self) -> tuple[Step, ...]:
        """Steps from inputs to outputs."""
        if self.steps is not None:
            return self.steps
        steps: list[Step] = []
        for number, layer in enumerate(self.layers):
            steps.append(Step(ARRAY, (len(steps),), {"bits": layer.input_bits, "zero": 0, "groups": 1}))
            steps.append(Step("scaled", (len(steps),), {}, {"scale": layer.scale, "bias": layer.bias}))
            if layer.output_scale is not None:
                bits = self.layers[number + 1].input_bits
                steps.append(Step("requantise", (len(steps),), {"scale": layer.output_scale, "bits": bits}))
        return tuple(steps)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """How often an input passes each layer: 1, or as often as a convolution's outputs have pixels.

        Raises:
            ImageError: an input cannot pass the steps.
        """
        if self.input_shape is None:
            return (1,) * len(self.layers)
        try:
            found: list[int] = []
            walk = Walk(self.walk_steps, np.zeros((1, *self.input_shape), np.float32))
            for layer in self.layers:
                require(walk.step is not None, "its steps end before its layers")
                assert walk.step is not None
                rows = rows_of(walk.step, walk.waiting)
                require(rows.shape[1] == layer.inputs, f"layer {len(found)} takes {rows.shape[1]} inputs of its steps")
                found.append(len(rows))
                walk.give(sums_as_value(walk.step, walk.waiting, np.zeros((len(rows), layer.outputs))))
            require(walk.step is None, "its steps go on after its layers")
            require(len(walk.outputs) == 1, "its steps make several outputs of an input")
        except ImageError:
            raise
        except Exception as error:
            raise ImageError(f"an input cannot pass its steps ({type(error).__name__}: {error})") from error
        return tuple(found)

    def tiles_of(self, number: int) -> list[int]:
        """Numbers of a layer's tiles."""
        return [index for index, tile in enumerate(self.tiles) if tile.layer == number]

    @property
    def cells_as_pairs(self) -> int:
        """Cells of its layers as a pair for every weight: 2 x inputs of a group x outputs."""
        groups = [int(step.numbers["groups"]) for step in array_steps(self.walk_steps)]
        return sum(2 * y.inputs // g * y.outputs for y, g in zip(self.layers, groups, strict=True))

    @property
    def images(self) -> int:
        """Number of arrays, or of loads of one array."""
        return int(self.levels.shape[0])

    @property
    def rows(self) -> int:
        return int(self.levels.shape[1])

    @property
    def columns(self) -> int:
        return int(self.levels.shape[2])

    @property
    def cells(self) -> int:
        """Number of cells to program, over all images."""
        return int(np.count_nonzero(self.mask))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WeightImage):
            return NotImplemented
        ours, theirs = _members(self), _members(other)
        return (
            ours.keys() == theirs.keys()
            and all(a.shape == theirs[name].shape and bool(np.array_equal(a, theirs[name])) for name, a in ours.items())
            and _header(self) == _header(other)
        )

    __hash__ = None  # type: ignore[assignment]  # holds arrays

    def save(self, path: str | Path) -> None:
        """Write the file; an old one is replaced only when the new one is complete.

        Raises:
            ImageError: the image is too large for the format.
            UsageError: the folder is missing or not writable.
        """
        write_result(Path(path), self.to_bytes(path))

    def to_bytes(self, name: str | Path = "the weight image") -> bytes:
        """The bytes of the file. Equal images give equal bytes.

        Args:
            name: what the error calls the file.

        Raises:
            ImageError: the image is too large for the format.
        """
        try:
            return pack_archive(_header(self), _members(self))
        except ArchiveError as error:
            raise ImageError(
                f"Cannot write {name}: the network is too large for one weight image.", "Split it."
            ) from error

    @classmethod
    def load(cls, path: str | Path) -> WeightImage:
        """Read and check a file.

        Raises:
            ImageError: the file is missing, damaged, from a newer ohmbench, or contradicts itself.
        """
        return cls.from_bytes(read_image(path), path)

    @classmethod
    def from_bytes(cls, data: bytes, name: str | Path = "from memory") -> WeightImage:
        """The image of a file's bytes, checked.

        Args:
            name: what the error calls the file.

        Raises:
            ImageError: as `load`, but for a missing file.
        """
        try:
            with open_archive(data, "weight image", SCHEMA) as archive:
                return _assemble(archive)
        except (ImageError, ArchiveError) as error:
            raise _refused(name, str(error)) from error
        except Exception as error:
            raise _refused(name, f"the file is damaged ({type(error).__name__}: {error})") from error

    def check_fits(self, array: ArrayInfo) -> None:
        """Refuse an array that this image was not made for.

        Raises:
            ImageError: rows, columns or array type differ.
        """
        mine = (self.rows, self.columns, self.array_type)
        if mine != (array.rows, array.columns, array.array_type):
            raise ImageError(
                f"The weight image is for a {self.rows}x{self.columns} {self.array_type} array, the bench has a "
                f"{array.rows}x{array.columns} {array.array_type} array.",
                "Map the network again for this array.",
            )


def read_image(path: str | Path) -> bytes:
    """The bytes of a file, for `WeightImage.from_bytes`; what they mean is not looked at.

    Raises:
        ImageError: the file is missing, cannot be read, or is larger than a weight image may be.
    """
    try:
        return read_archive(Path(path))
    except ArchiveError as error:
        raise _refused(path, str(error)) from error
    except OSError as error:
        raise _refused(path, cannot_read(path, error)) from error


def _validate(image: WeightImage) -> None:
    """Raise ImageError if the parts of `image` contradict each other; every index is in range afterwards."""
    levels, mask = image.levels, image.mask
    require(levels.ndim == 3 and levels.dtype == np.uint8, "the levels are not a stack of 8-bit images")
    require(1 <= image.images <= MAX_IMAGES, f"it has {image.images} images, not 1..{MAX_IMAGES}")
    require(1 <= image.rows <= MAX_LINES and 1 <= image.columns <= MAX_LINES, "the array's size is out of range")
    require(mask.shape == levels.shape and mask.dtype == np.bool_, "the cell mask does not match the levels")
    require(1 <= image.max_level <= 255, f"the highest level is {image.max_level}, not 1..255")
    require(int(levels.max()) <= image.max_level, f"a cell has a level above {image.max_level}")
    require(not levels[~mask].any(), "a cell outside of the mask has a level")
    require(isinstance(image.array_type, str) and 0 < len(image.array_type) <= 16, "the array type is missing")
    for key, value in image.provenance.items():
        good = isinstance(key, str) and fits_origin(value)
        require(good, f"its provenance {key!r} is neither text nor a finite number")
    validate_layers(image.layers, chained=image.steps is None)
    if image.steps is not None:
        _validate_steps(image, image.steps)
    require(1 <= len(image.tiles) <= MAX_TILES, f"it has {len(image.tiles)} tiles, not 1..{MAX_TILES}")
    for index, tile in enumerate(image.tiles):
        _validate_tile(tile, image, f"tile {index}")
    order = [tile.layer for tile in image.tiles]
    require(
        order == sorted(order) and set(order) == set(range(len(image.layers))), "the tiles do not follow the layers"
    )


def _validate_steps(image: WeightImage, steps: tuple[Step, ...]) -> None:
    on_array = list(array_steps(steps))
    require(len(on_array) == len(image.layers), f"its steps have {len(on_array)} layers, its cells {len(image.layers)}")
    shape = image.input_shape
    require(
        shape is not None and 1 <= len(shape) <= 3 and all(1 <= n <= MAX_WIDTH for n in shape), "it has no input shape"
    )
    for number, (step, layer) in enumerate(zip(on_array, image.layers, strict=True)):
        require(step.numbers["bits"] == layer.input_bits, f"step and layer {number} take other inputs")
        require(layer.outputs % int(step.numbers["groups"]) == 0, f"layer {number} has no such groups")
    require(math.prod(shape or ()) <= MAX_INPUT, "its inputs are larger than an image of 512x512 in three colours")
    require(len(image.places) == len(image.layers), "its steps are not those of its layers")


def _validate_tile(tile: Tile, image: WeightImage, name: str) -> None:
    require(0 <= tile.layer < len(image.layers), f"{name} belongs to no layer")
    require(0 <= tile.image < image.images, f"{name} belongs to no image")
    layer = image.layers[tile.layer]
    require(1 <= tile.outputs <= image.columns, f"{name} has {tile.outputs} outputs")
    require(0 <= tile.first_output <= layer.outputs - tile.outputs, f"{name} has outputs that its layer lacks")
    rows = tile.row_of_input
    require(rows.shape == (layer.inputs,) and rows.dtype == np.int16, f"{name} does not say which row an input drives")
    require(bool(((rows >= -1) & (rows < image.rows)).all()), f"{name} drives a row that the array lacks")
    for wiring in (tile.p, tile.n):
        require(wiring.shape == (image.columns,) and wiring.dtype == np.int16, f"{name} has a bad wiring table")
        require(
            bool(((wiring >= -1) & (wiring < image.columns)).all()), f"{name} is wired to a column that is not there"
        )
        require(bool((wiring[tile.outputs :] == -1).all()), f"{name} wires a lane without an output")
    require(
        tile.middle.shape == (image.columns,) and tile.middle.dtype == np.int16, f"{name} has a bad table of middles"
    )
    require(
        bool(((tile.middle >= 0) & (tile.middle <= image.max_level)).all()), f"{name} has a middle that is no level"
    )
    require(not tile.middle[(tile.p < 0) | (tile.n >= 0)].any(), f"{name} has a middle where no column is alone")
    gain = tile.gain
    require(gain.shape == (image.columns,) and gain.dtype == np.int32, f"{name} has a bad table of gains")
    require(bool((gain[: tile.outputs] >= 1).all() and not gain[tile.outputs :].any()), f"{name} has a gain below 1")
    require(tile.row_bits(layer.input_bits) <= MAX_INPUT_BITS, f"{name} needs inputs wider than {MAX_INPUT_BITS} bits")
    used = np.ix_(tile.rows_used(image.rows), tile.columns_used())
    require(bool(image.mask[tile.image][used].all()), f"{name} reads a cell that is not programmed")


def _members(image: WeightImage) -> dict[str, NDArray[Any]]:
    """The arrays of the file by member name, in the file's order."""
    members: dict[str, NDArray[Any]] = {
        "levels": image.levels,
        "mask": image.mask,
        "p": np.stack([tile.p for tile in image.tiles]),
        "n": np.stack([tile.n for tile in image.tiles]),
        "gain": np.stack([tile.gain for tile in image.tiles]),
    }
    if _has_singles(image):
        members["middle"] = np.stack([tile.middle for tile in image.tiles])
    for index, layer in enumerate(image.layers):
        tiles = [tile for tile in image.tiles if tile.layer == index]
        members[f"layer{index}_rows"] = np.stack([tile.row_of_input for tile in tiles])
        members[f"layer{index}_scale"] = layer.scale
        members[f"layer{index}_bias"] = layer.bias
    return members if image.steps is None else members | step_arrays(image.steps)


def _has_singles(image: WeightImage) -> bool:
    return any(tile.middle.any() for tile in image.tiles)


def _header(image: WeightImage) -> dict[str, Any]:
    extra = {}
    if image.steps is not None and image.input_shape is not None:
        extra = {"steps": steps_header(image.steps), "input_shape": list(image.input_shape)}
    return {
        "format": "ohmbench weight image",
        "schema": 3 if _has_singles(image) else 2 if extra else 1,
        "array": {"rows": image.rows, "columns": image.columns, "type": image.array_type},
        "images": image.images,
        "max_level": image.max_level,
        "layers": [
            {"inputs": y.inputs, "outputs": y.outputs, "input_bits": y.input_bits, "output_scale": y.output_scale}
            for y in image.layers
        ],
        "tiles": [
            {"layer": t.layer, "image": t.image, "first_output": t.first_output, "outputs": t.outputs}
            for t in image.tiles
        ],
        "provenance": dict(image.provenance),
        **extra,
    }


def _assemble(archive: Archive) -> WeightImage:
    header, member = archive.header, archive.array
    array = section(header, "array")
    rows, columns = integer(array, "rows", 1, MAX_LINES), integer(array, "columns", 1, MAX_LINES)
    images = integer(header, "images", 1, MAX_IMAGES)
    layer_heads, tile_heads = objects(header, "layers", MAX_LAYERS), objects(header, "tiles", MAX_TILES)
    layer_of = [integer(head, "layer", 0, len(layer_heads) - 1) for head in tile_heads]
    layers: list[Layer] = []
    row_tables: list[NDArray[Any]] = []
    for index, head in enumerate(layer_heads):
        inputs, outputs = integer(head, "inputs", 1, MAX_WIDTH), integer(head, "outputs", 1, MAX_WIDTH)
        scale, bias = (member(f"layer{index}_{part}", "<f8", outputs) for part in ("scale", "bias"))
        output_scale = head.get("output_scale")
        require(output_scale is None or isinstance(output_scale, float), f"layer {index} has a bad output scale")
        layers.append(Layer(inputs, outputs, integer(head, "input_bits", 1, MAX_INPUT_BITS), scale, bias, output_scale))
        row_tables.extend(member(f"layer{index}_rows", "<i2", layer_of.count(index), inputs))
    p, n = (member(name, "<i2", len(tile_heads), columns) for name in ("p", "n"))
    gain = member("gain", "<i4", len(tile_heads), columns)
    middle = np.zeros_like(p) if integer(header, "schema", 1, SCHEMA) < 3 else member("middle", "<i2", *p.shape)
    require(layer_of == sorted(layer_of), "the tiles do not follow the layers")
    tiles = [
        Tile(
            layer_of[i],
            integer(head, "image", 0, images - 1),
            integer(head, "first_output", 0, MAX_WIDTH),
            integer(head, "outputs", 1, columns),
            row_tables[i],
            p[i],
            n[i],
            gain[i],
            middle[i],
        )
        for i, head in enumerate(tile_heads)
    ]
    return WeightImage(
        member("levels", "|u1", images, rows, columns),
        member("mask", "|b1", images, rows, columns),
        integer(header, "max_level", 1, 255),
        tuple(layers),
        tuple(tiles),
        array.get("type", ""),
        origin(header),
        *_steps_of(archive),
    )


def _steps_of(archive: Archive) -> tuple[tuple[Step, ...] | None, tuple[int, ...] | None]:
    if "steps" not in archive.header:
        return None, None
    shape = archive.header.get("input_shape")
    require(isinstance(shape, list) and all(type(n) is int for n in shape), "it has no input shape")
    return read_steps(archive, weights=False), tuple(shape or ())


def _refused(path: str | Path, reason: str) -> ImageError:
    return ImageError(f"Cannot load the weight image {path}: {reason}.", "Make it with `ohmbench map`.")
