"""The file of a compressed network: round trip, damage, contradictions."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.random_networks import random_compressed

from ohmbench.compress.compressed import CompressedNetwork, as_pairs
from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import DataError, UsageError
from ohmbench.mapping.compressed_file import SCHEMA, load_compressed, save_compressed
from ohmbench.mapping.mapper import map_compressed


def network() -> CompressedNetwork:
    """6-4-3 in three segments, of levels up to 7."""
    rng = np.random.default_rng(5)
    first = QuantisedLayer(rng.integers(-7, 8, (6, 4)), 0.5, np.ones(4), 4, 0.7)
    last = QuantisedLayer(rng.integers(-7, 8, (4, 3)), 0.5, np.ones(3), 4, None)
    return as_pairs(QuantisedNetwork((first, last), 7), 4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "network.ohmc"
    save_compressed(network(), path, {"seed": 5})
    return path


def change(path: Path, edit: Callable[[dict[str, bytes]], None]) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    edit(parts)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), widths=st.lists(st.integers(1, 40), min_size=2, max_size=4))
def test_round_trip(seed: int, widths: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    made = random_compressed(np.random.default_rng(seed), widths, singles=seed % 2 == 1)
    path = tmp_path_factory.mktemp("network") / "network.ohmc"
    save_compressed(made, path, {"seed": seed})
    loaded, provenance = load_compressed(path)
    assert provenance == {"seed": seed}
    # everything that the network is goes into the images
    assert map_compressed(loaded) == map_compressed(made)
    again = path.with_name("again.ohmc")
    save_compressed(loaded, again, provenance)
    assert again.read_bytes() == path.read_bytes()


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damaged_bytes_give_data_error_or_the_same_network(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "network.ohmc"
    save_compressed(network(), path)
    content = bytearray(path.read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[position] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        loaded, _ = load_compressed(path)
    except DataError as error:
        assert error.todo == "Make it with `ohmbench compress`."  # noqa: PT017  # both outcomes are right
    else:
        assert map_compressed(loaded) == map_compressed(network())


@pytest.mark.parametrize(
    ("where", "value", "message"),
    [
        (("max_level",), 6, "level above 6"),
        (("format",), "ohmbench weight image", "it is a weight image, not a compressed network"),
        (("schema",), SCHEMA + 1, "update ohmbench"),
        (("layers",), [], "no list of 1 to 64 layers"),
        (("layers", 0, "outputs"), 5, "part layer0_scale is not"),
        (("layers", 0, "output_scale"), None, "output scale in the wrong place"),
        (("segments", 0, "first_output"), 3, "outputs that its layer lacks"),
        (("segments", 0, "rows"), 99, "part segment0_levels is not"),
        (("segments", 0, "layer"), 2, "layer is 2, not 0..1"),
        (("provenance",), 3, "no section provenance"),
    ],
)
def test_contradicting_header(path: Path, where: tuple[Any, ...], value: Any, message: str) -> None:
    def edit(parts: dict[str, bytes]) -> None:
        header = json.loads(parts["header.json"])
        place = header
        for key in where[:-1]:
            place = place[key]
        place[where[-1]] = value
        parts["header.json"] = json.dumps(header).encode()

    change(path, edit)
    with pytest.raises(DataError, match=message):
        load_compressed(path)


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("segment0_rows", 99, "drives a row that it lacks"),
        ("segment0_p", 99, "wired to a column that it lacks"),
        ("segment0_n", -2, "wired to a column that it lacks"),
        ("segment0_gain", 0, "gain below 1"),
        ("layer0_scale", 0, "scale that is not positive"),
        ("layer1_bias", np.inf, "not a finite number"),
    ],
)
def test_contradicting_parts(path: Path, part: str, value: float, message: str) -> None:
    def edit(parts: dict[str, bytes]) -> None:
        data = parts[f"{part}.npy"]
        start = 10 + int.from_bytes(data[8:10], "little")
        kind = {"ro": "<i2", "_p": "<i2", "_n": "<i2", "ga": "<i4", "sc": "<f8", "bi": "<f8"}
        dtype = np.dtype(next(k for key, k in kind.items() if key in part[6:]))
        parts[f"{part}.npy"] = data[:start] + np.full((len(data) - start) // dtype.itemsize, value, dtype).tobytes()

    change(path, edit)
    with pytest.raises(DataError, match=message):
        load_compressed(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No such file.*Make it with `ohmbench compress`"):
        load_compressed(tmp_path / "absent.ohmc")
    with pytest.raises(UsageError, match="Cannot write"):
        save_compressed(network(), tmp_path / "no" / "folder.ohmc")
