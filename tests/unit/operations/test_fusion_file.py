"""Conductances for aihwkit: the file has the exported one's first lines, and the reached weights in its units."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ohmbench.errors import DataError
from ohmbench.operations.fusion_file import FusionFile
from ohmbench.support.array_types import FloatArray

HEADER = "2,5\nAnalogConv2d,AnalogLinear\n54,40\n6,5\n9,8\n"
UNITS = (3.7, 0.02)


def exported(folder: Path, weights: list[FloatArray]) -> Path:
    """As `fusion_export` writes it: the header with plain ends of lines, the rest as the module csv has it."""
    path = folder / "exported.csv"
    with path.open("w", newline="") as file:
        file.write(HEADER)
        writer = csv.writer(file)
        writer.writerow(["conv", "fc"])
        for part, unit in zip(weights, UNITS, strict=True):
            writer.writerow((part.T * unit).ravel().tolist())
    return path


def imported(data: bytes) -> dict[str, list[float]]:
    """As `fusion_import` reads it."""
    rows = csv.reader(data.decode().splitlines())
    assert [",".join(next(rows)) for _ in range(5)] == HEADER.splitlines()
    return {name: [float(word) for word in next(rows)] for name in next(rows)}


def layers(seed: int) -> list[FloatArray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(-7, 8, shape).astype(np.float64) for shape in ((9, 6), (8, 5))]


@given(seed=st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_what_is_reached_comes_back_in_the_exported_units(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    targets = layers(seed)
    held = [part + np.random.default_rng(seed + 1).normal(0, 0.3, part.shape) for part in targets]
    path = exported(tmp_path_factory.mktemp("fusion"), targets)
    back = imported(FusionFile.load(path).filled(held, targets))
    for (name, values), part, unit in zip(back.items(), held, UNITS, strict=True):
        np.testing.assert_allclose(np.reshape(values, part.T.shape), part.T * unit, rtol=1e-9, err_msg=name)


def test_another_network_is_refused(tmp_path: Path) -> None:
    file = FusionFile.load(exported(tmp_path, [abs(layers(0)[0]), -abs(layers(0)[1])]))
    with pytest.raises(DataError, match=r"layers of 54, 40 weights, the image of 40, 54"):
        file.filled(layers(0)[::-1], layers(0)[::-1])
    with pytest.raises(DataError, match="Layer conv of exported.csv does not match the image's"):
        file.filled(layers(0), layers(0))


@pytest.mark.parametrize("text", ["", "a\nb\nc\nd\ne\n", HEADER + "conv,fc\n1,2\n", HEADER + "conv\nnan\n", "\x00"])
def test_other_files_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataError, match="fusion_export"):
        FusionFile.load(tmp_path / "x.csv")
    with pytest.raises(DataError):
        FusionFile.load(tmp_path / "missing.csv")
