"""The file of a trimming: what goes in comes out, and what belongs elsewhere is refused."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.random_networks import random_compressed

from ohmbench.errors import DataError
from ohmbench.inference.trimming import Trimming
from ohmbench.inference.trimming_file import OwnedTrimming
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed

SHA256 = "ab" * 32


def mapped() -> WeightImage:
    return map_compressed(random_compressed(np.random.default_rng(1), [60, 20, 8]))


def owned(seed: int = 1, lost: int = 3) -> OwnedTrimming:
    image, rng = mapped(), np.random.default_rng(seed)
    none = Trimming.none(image, 300)
    made = replace(
        none,
        gain=none.gain + rng.normal(0, 0.1, none.gain.shape),
        offsets=tuple(rng.normal(0, 5, part.shape) for part in none.offsets),
        lost=np.column_stack([rng.integers(0, most, lost) for most in (len(image.tiles), image.rows, 8)]),
        missing=rng.normal(0, 7, lost),
    )
    return OwnedTrimming(made, SHA256, "W3-17", {0: 12, 1: 13}, datetime.now(UTC), "mnist", "1234")


@given(st.integers(0, 1000))
def test_a_file_holds_all_of_it(seed: int) -> None:
    one = owned(seed)
    other = OwnedTrimming.from_bytes(one.to_bytes())
    assert other.to_bytes() == one.to_bytes()
    assert (other.serial, other.runs, other.at, other.content) == (one.serial, one.runs, one.at, one.content)
    for name in ("gain", "lost", "missing"):
        np.testing.assert_array_equal(getattr(other.trimming, name), getattr(one.trimming, name))
    for a, b in zip(other.trimming.offsets, one.trimming.offsets, strict=True):
        np.testing.assert_array_equal(a, b)
    other.require(mapped(), SHA256, "W3-17")


def test_without_lost_cells_a_file_is_of_schema_1() -> None:
    data = owned(lost=0).to_bytes()
    assert '"schema": 1' in zipfile.ZipFile(io.BytesIO(data)).read("header.json").decode()
    assert not len(OwnedTrimming.from_bytes(data).trimming.lost)


def test_lost_cells_that_no_image_has_are_refused() -> None:
    bad = owned()
    with pytest.raises(DataError, match="lost cells"):
        OwnedTrimming.from_bytes(replace(bad, trimming=replace(bad.trimming, lost=-bad.trimming.lost - 1)).to_bytes())


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_damage_is_an_error_of_ours(place: int, value: int) -> None:
    data = bytearray(owned().to_bytes())
    data[place % len(data)] = value
    with suppress(DataError):
        OwnedTrimming.from_bytes(bytes(data))


def test_numbers_that_are_none_are_refused() -> None:
    bad = owned()
    gain = bad.trimming.gain.copy()
    gain[0, 0] = np.nan
    with pytest.raises(DataError, match="not finite"):
        OwnedTrimming.from_bytes(replace(bad, trimming=replace(bad.trimming, gain=gain)).to_bytes())


def test_what_belongs_to_others_is_refused() -> None:
    image, one = mapped(), owned()
    with pytest.raises(DataError, match="another weight image"):
        one.require(image, "cd" * 32, "W3-17")
    with pytest.raises(DataError, match="another weight image"):
        one.require(map_compressed(random_compressed(np.random.default_rng(2), [60, 8])), SHA256, "W3-17")
    with pytest.raises(DataError, match="of array W3-17, and array W3-18 is in the socket"):
        one.require(image, SHA256, "W3-18")
    with pytest.raises(DataError, match="without a serial number"):
        replace(one, serial=None).require(image, SHA256, None)
    with pytest.raises(DataError, match="in the future"):
        replace(one, at=datetime.now(UTC) + timedelta(hours=1)).require(image, SHA256, "W3-17")


def test_a_newer_schema_and_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ohmbench.inference import trimming_file

    path = tmp_path / "a.ohmt"
    monkeypatch.setattr(trimming_file, "SCHEMA", 99)
    owned().save(path)
    monkeypatch.undo()
    with pytest.raises(DataError, match="newer than 2"):
        OwnedTrimming.load(path)
    with pytest.raises(DataError, match="No such file"):
        OwnedTrimming.load(tmp_path / "none.ohmt")
