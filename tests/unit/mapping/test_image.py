"""Weight images: round trip, damage and contradictions of the file, and what the wiring means."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmbench.errors import ImageError, UsageError
from ohmbench.inference import exact as reference
from ohmbench.mapping.image import SCHEMA, WeightImage
from ohmbench.mapping.tile import Layer, Tile


@dataclass(frozen=True)
class Board:
    rows: int = 32
    columns: int = 32
    array_type: str = "1T1R"


def small_image(**changes: Any) -> WeightImage:
    """One layer, 3 inputs, 2 outputs, 3 of 4 columns used (output 1 has no minus column)."""
    wiring = {"p": np.array([0, 2, -1, -1], np.int16), "n": np.array([1, -1, -1, -1], np.int16)}
    gain = np.array([1, 2, 0, 0], np.int32)
    tile = {"layer": 0, "image": 0, "first_output": 0, "outputs": 2, "row_of_input": np.array([0, 1, 1], np.int16)}
    layer = {"inputs": 3, "outputs": 2, "input_bits": 4, "scale": np.array([0.5, 0.5]), "bias": np.array([1.0, -1.0])}
    layer |= {"output_scale": None}
    mask = np.zeros((1, 4, 4), np.bool_)
    mask[0, :2, :3] = True
    levels = np.zeros((1, 4, 4), np.uint8)
    levels[0, :2, :3] = [[7, 0, 3], [0, 5, 1]]
    parts: dict[str, Any] = {"levels": levels, "mask": mask, "max_level": 7, "provenance": {"seed": 3}}
    tile_changes = {key[5:]: value for key, value in changes.items() if key.startswith("tile_")}
    layer_changes = {key[6:]: value for key, value in changes.items() if key.startswith("layer_")}
    others = {key: value for key, value in changes.items() if not key.startswith(("tile_", "layer_"))}
    parts["layers"] = (Layer(**(layer | layer_changes)),)
    parts["tiles"] = (Tile(**(tile | wiring | {"gain": gain} | tile_changes)),)
    return WeightImage(**(parts | others))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "network.ohmw"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of small_image()."""
    path = tmp_path_factory.mktemp("saved") / "network.ohmw"
    small_image().save(path)
    return path


def rewrite(path: Path, member: str, change: Callable[[bytes], bytes | None]) -> None:
    """Replace or (None) drop one part of the file; its checksum is right again afterwards."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = change(parts.pop(member))
    if changed is not None:
        parts[member] = changed
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def edit_header(path: Path, **changes: Any) -> None:
    rewrite(path, "header.json", lambda data: json.dumps(json.loads(data) | changes).encode())


def npy(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


@st.composite
def weight_images(draw: st.DrawFn) -> WeightImage:
    """Any legal image: random geometry, shared rows and columns, open lanes, gains, tiles that share an image."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, columns = draw(st.integers(1, 32)), draw(st.integers(1, 32))
    widths = draw(st.lists(st.integers(1, 20), min_size=2, max_size=4))
    images = draw(st.integers(1, 3))
    max_level = draw(st.integers(1, 255))
    mask = np.zeros((images, rows, columns), np.bool_)
    layers, tiles = [], []
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        last = number + 2 == len(widths)
        scale, bias = rng.uniform(1e-6, 1e3, outputs), rng.normal(0, 10, outputs)
        layers.append(
            Layer(inputs, outputs, int(rng.integers(1, 9)), scale, bias, None if last else rng.uniform(0.1, 9))
        )
        for _ in range(draw(st.integers(1, 3))):
            first = int(rng.integers(0, outputs))
            count = int(rng.integers(1, min(outputs - first, columns) + 1))
            wired = np.arange(columns) < count
            p, n = (np.where(wired, rng.integers(-1, columns, columns), -1).astype(np.int16) for _ in range(2))
            gain = np.where(wired, rng.integers(1, 1 << 15, columns), 0).astype(np.int32)
            row_of_input = rng.integers(-1, rows, inputs).astype(np.int16)
            middle = np.where((p >= 0) & (n < 0), rng.integers(0, max_level + 1, columns), 0).astype(np.int16)
            tile = Tile(number, int(rng.integers(0, images)), first, count, row_of_input, p, n, gain, middle)
            mask[tile.image][np.ix_(tile.rows_used(rows), tile.columns_used())] = True
            tiles.append(tile)
    levels = np.where(mask, rng.integers(0, max_level + 1, mask.shape), 0).astype(np.uint8)
    values = st.text(max_size=10) | st.integers(1 - 2**63, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    provenance = draw(st.dictionaries(st.text(max_size=8), values, max_size=4))
    return WeightImage(levels, mask, max_level, tuple(layers), tuple(tiles), "1T1R", provenance)


@settings(max_examples=60, deadline=None)
@given(image=weight_images())
def test_round_trip(image: WeightImage, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("image") / "network.ohmw"
    image.save(path)
    loaded = WeightImage.load(path)
    assert loaded == image
    second = path.with_name("again.ohmw")
    loaded.save(second)
    assert second.read_bytes() == path.read_bytes() == image.to_bytes()
    assert WeightImage.from_bytes(image.to_bytes()) == image


def test_equality_sees_every_part() -> None:
    image = small_image()
    changed_level = image.levels.copy()
    changed_level[0, 0, 0] = 6
    assert image == small_image()
    assert image != small_image(levels=changed_level)
    assert image != small_image(tile_gain=np.array([1, 3, 0, 0], np.int32))
    assert image != small_image(layer_bias=np.array([1.0, -1.5]))
    assert image != small_image(provenance={"seed": 4})


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_damaged_bytes_give_image_error_or_the_same_image(data: st.DataObject, saved: Path) -> None:
    image = small_image()
    path = saved.with_name("damaged.ohmw")
    content = bytearray(saved.read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[position] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))]
    path.write_bytes(content)
    try:
        loaded = WeightImage.load(path)
    except ImageError as error:
        assert error.todo == "Make it with `ohmbench map`."  # noqa: PT017  # both outcomes are right
    else:
        assert loaded == image


def test_every_single_byte_matters_or_is_ignored(path: Path) -> None:
    image = small_image()
    image.save(path)
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            assert WeightImage.load(path) == image
        except ImageError:
            continue


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x05\x06" + bytes(18), bytes(4096)])
def test_other_files(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"\. Make it with"):
        WeightImage.load(path)


def test_a_file_of_another_kind_is_no_damaged_image(path: Path) -> None:
    path.write_text("[[grid]]\n")
    with pytest.raises(ImageError, match=r"it is not a zip archive.* Make it with `ohmbench map`\."):
        WeightImage.load(path)


def test_bytes_that_are_no_image() -> None:
    with pytest.raises(ImageError, match=r"weight image of the sweep: it is not a zip archive"):
        WeightImage.from_bytes(b"nothing", "of the sweep")


def test_missing_file_and_folder(path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        WeightImage.load(path)
    with pytest.raises(UsageError, match="Cannot write"):
        small_image().save(path / "no" / "folder.ohmw")


def test_failed_save_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_image().save(path)
    before = path.read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UsageError, match="No space left"):
        small_image(max_level=9).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_newer_schema(path: Path) -> None:
    small_image().save(path)
    edit_header(path, schema=SCHEMA + 1)
    with pytest.raises(ImageError, match=f"format version {SCHEMA + 1}, newer than {SCHEMA}; update ohmbench"):
        WeightImage.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "something"}, "not a weight image"),
        ({"schema": True}, "schema is True"),
        ({"images": 10**12}, "images is 1000000000000"),
        ({"images": 2}, "part levels is not a uint8 array of 2x4x4"),
        ({"max_level": 6}, "level above 6"),
        ({"array": {"rows": 4, "columns": 4, "type": 7}}, "array type is missing"),
        ({"array": []}, "no section array"),
        ({"layers": []}, "no list of 1 to 64 layers"),
        ({"tiles": [{"layer": 1}]}, "layer is 1, not 0..0"),
        ({"tiles": [{"layer": 0, "image": 1, "first_output": 0, "outputs": 2}]}, "image is 1, not 0..0"),
        ({"tiles": [{"layer": 0, "image": 0, "first_output": 1, "outputs": 2}]}, "outputs that its layer lacks"),
        ({"provenance": {"seed": [1]}}, "neither text nor a finite number"),
    ],
)
def test_contradicting_header(path: Path, change: dict[str, Any], message: str) -> None:
    small_image().save(path)
    edit_header(path, **change)
    with pytest.raises(ImageError, match=message):
        WeightImage.load(path)


@pytest.mark.parametrize("member", ["header.json", "levels.npy", "mask.npy", "p.npy", "layer0_rows.npy"])
def test_missing_part(path: Path, member: str) -> None:
    small_image().save(path)
    rewrite(path, member, lambda _data: None)
    with pytest.raises(ImageError):
        WeightImage.load(path)


def test_parts_of_a_wrong_type_or_shape_are_refused_before_they_are_unpacked(path: Path) -> None:
    image = small_image()
    pickled = npy(np.array([{"a": 1}], dtype=object))
    huge = npy(image.levels).replace(b"(1, 4, 4)", b"(9**9,9)")
    for forged in (pickled, huge, npy(image.levels[:, :2]), npy(image.levels.astype(np.float64)), b"", b"\x93NUMPY"):
        image.save(path)
        rewrite(path, "levels.npy", lambda _data, forged=forged: forged)  # type: ignore[misc]
        with pytest.raises(ImageError):
            WeightImage.load(path)


def test_oversized_parts_are_refused_before_they_are_read(path: Path) -> None:
    small_image().save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.npy", bytes(80 << 20))
    assert path.stat().st_size < 1 << 20
    with pytest.raises(ImageError, match="larger than"):
        WeightImage.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tile_p": np.array([4, 2, -1, -1], np.int16)}, "wired to a column that is not there"),
        ({"tile_p": np.array([-2, 2, -1, -1], np.int16)}, "wired to a column that is not there"),
        ({"tile_p": np.array([3, 2, -1, -1], np.int16)}, "reads a cell that is not programmed"),
        ({"tile_n": np.array([1, -1, 0, -1], np.int16)}, "wires a lane without an output"),
        ({"tile_gain": np.array([1, 0, 0, 0], np.int32)}, "gain below 1"),
        ({"tile_gain": np.array([1, 1, 1, 0], np.int32)}, "gain below 1"),
        ({"tile_row_of_input": np.array([0, 1, 4], np.int16)}, "drives a row that the array lacks"),
        ({"tile_row_of_input": np.array([0, 1, 2], np.int16)}, "reads a cell that is not programmed"),
        ({"tile_row_of_input": np.array([0, 1], np.int16)}, "which row an input drives"),
        ({"tile_layer": 1}, "belongs to no layer"),
        ({"tile_image": -1}, "belongs to no image"),
        ({"layer_input_bits": 16}, "wider than 16 bits"),
        ({"layer_scale": np.array([0.5, 0.0])}, "not positive"),
        ({"layer_bias": np.array([np.nan, 0.0])}, "not a finite number"),
        ({"layer_output_scale": 1.0}, "output scale in the wrong place"),
        ({"max_level": 6}, "level above 6"),
        ({"mask": np.zeros((1, 4, 4), np.bool_)}, "outside of the mask"),
        ({"array_type": ""}, "array type is missing"),
        ({"provenance": {"loss": float("nan")}}, "neither text nor a finite number"),
        ({"provenance": {"seed": 2**63}}, "neither text nor a finite number"),
    ],
)
def test_contradicting_parts(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ImageError, match=message):
        small_image(**change)


def test_layers_must_fit_each_other() -> None:
    image = small_image()
    wider = dataclasses.replace(image.layers[0], output_scale=1.0)
    with pytest.raises(ImageError, match="layer 0 does not fit the next one"):
        small_image(layers=(wider, image.layers[0]))


def test_check_fits() -> None:
    levels = np.zeros((1, 32, 32), np.uint8)
    lanes = np.full(32, -1, np.int16)
    p, gain = lanes.copy(), np.zeros(32, np.int32)
    p[0], gain[0] = 0, 1
    mask = np.zeros((1, 32, 32), np.bool_)
    mask[0, 0, 0] = True
    layer = Layer(1, 1, 4, np.ones(1), np.zeros(1), None)
    tile = Tile(0, 0, 0, 1, np.zeros(1, np.int16), p, lanes, gain)
    image = WeightImage(levels, mask, 7, (layer,), (tile,))
    image.check_fits(Board())
    for board in (Board(rows=16), Board(columns=64), Board(array_type="1R")):
        with pytest.raises(ImageError, match=r"32x32 1T1R array, the bench has a"):
            image.check_fits(board)


@settings(max_examples=60, deadline=None)
@given(image=weight_images(), seed=st.integers(0, 2**32 - 1))
def test_bit_serial_wiring_equals_the_plain_formula(image: WeightImage, seed: int) -> None:
    """Shared rows, shared and absent columns, gains and middles, against the definition in docs/weight-image.md."""
    rng = np.random.default_rng(seed)
    for index, tile in enumerate(image.tiles):
        layer = image.layers[tile.layer]
        x = rng.integers(0, 1 << layer.input_bits, layer.inputs)
        rows = [sum(int(x[i]) for i in range(layer.inputs) if tile.row_of_input[i] == r) for r in range(image.rows)]
        levels = image.levels[tile.image].astype(int).tolist()

        def column(c: int, rows: list[int] = rows, levels: list[list[int]] = levels) -> int:
            return sum(rows[r] * levels[r][c] for r in range(len(rows))) if c >= 0 else 0

        lanes = zip(*(part.tolist() for part in (tile.gain, tile.p, tile.n, tile.middle)), strict=True)
        expected = [gain * (column(p) - column(n) - middle * sum(rows)) for gain, p, n, middle in lanes]
        row_values = tile.row_inputs(x[np.newaxis], image.rows)
        assert row_values[0].tolist() == rows
        assert max(rows) < 1 << tile.row_bits(layer.input_bits)
        assert reference.run_tile_exact(image, index, row_values)[0].tolist() == expected
