"""Compressed networks through the RTL: on cells of exactly a code a level, the integers of their dense matrices.

The twin runs every tile too, and has to agree in every code and clock.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import numpy as np
import pytest
from tests.random_networks import calibrated, random_compressed
from tests.system.lockstep import counters

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.bench.twin import TwinBench
from ohmbench.compress.compressed import CompressedNetwork
from ohmbench.inference.exact import evaluate, middles
from ohmbench.inference.on_bench import run_tile
from ohmbench.isa import load_firmware
from ohmbench.mapping.counting import count
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.array import ArrayModel
from ohmbench.network.mnist import ENVIRONMENT, load_mnist
from ohmbench.programming.recipe import Recipe


class SimAndTwin(ExitStack):
    """A TileRunner on both, with an array for each image.

    Attributes:
        amplified: tiles whose gains the FPGA has multiplied by.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.amplified = 0
        self._image = -1
        self._benches: tuple[Bench, Bench]

    def __enter__(self) -> Self:
        return self

    def __call__(self, image: WeightImage, index: int, row_values: np.ndarray) -> np.ndarray:
        tile = image.tiles[index]
        if tile.image != self._image:
            self._load(image, tile.image)
        bits = tile.row_bits(image.layers[tile.layer].input_bits)
        sim, twin = self._benches
        codes, cycles = run_tile(sim, tile, row_values, bits, Recipe())
        twin_codes, twin_cycles = run_tile(twin, tile, row_values, bits, Recipe())
        np.testing.assert_array_equal(codes, twin_codes)
        assert (cycles, counters(sim)) == (twin_cycles, counters(twin))
        self.amplified += 1 < tile.gain.max() < 1 << load_firmware("mvm").constants["GAIN_BITS"]
        lanes = np.zeros((len(codes), image.columns), np.int64)
        lanes[:, : tile.outputs] = codes
        return lanes - middles(tile, row_values)

    def _load(self, image: WeightImage, number: int) -> None:
        """Put cells at their levels, a code each; write-verify would leave them anywhere in their windows."""
        self.close()
        siemens = image.levels[number] / Recipe().codes_per_siemens
        file = self.folder / f"image-{number}"
        array = ArrayModel.open(file, "ideal")
        array.set_conductance(siemens)
        array.close()
        twin = ArrayModel("ideal")
        twin.set_conductance(siemens)
        sim = self.enter_context(open_bench("sim", array=SimulatedArray(file=file)))
        self._benches, self._image = (sim, TwinBench(twin)), number


def assert_equal_through_the_rtl(network: CompressedNetwork, x: np.ndarray, folder: Path) -> None:
    network = calibrated(network, x[:1000])
    image = map_compressed(network)
    with SimAndTwin(folder) as both:
        np.testing.assert_array_equal(evaluate(image, x, both), network.forward_integer(x))
    # it has what compression makes
    assert both.amplified > 0
    assert count(image).extra_input_bits > 0
    assert len(image.tiles) > image.images
    assert any(np.intersect1d(tile.p[tile.p >= 0], tile.n).size for tile in image.tiles)


def random_inputs(count: int, width: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 16, (count, width))


def test_two_layers_with_all_that_compression_makes(executable: Path, tmp_path: Path) -> None:
    network = random_compressed(np.random.default_rng(1), [64, 16, 10], rows=12, singles=True)
    assert any(segment.middle.any() for layer in network.layers for segment in layer.segments)
    assert_equal_through_the_rtl(network, random_inputs(4, 64), tmp_path)


@pytest.mark.slow
def test_large_network(executable: Path, tmp_path: Path) -> None:
    """Inputs of more than 8 bits, and outputs of several tiles."""
    network = random_compressed(np.random.default_rng(2), [784, 64, 10])
    assert_equal_through_the_rtl(network, random_inputs(200, 784), tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(ENVIRONMENT not in os.environ, reason=f"needs MNIST: set {ENVIRONMENT} to its folder")
def test_all_images_of_mnist(executable: Path, tmp_path: Path) -> None:
    network = random_compressed(np.random.default_rng(17), [784, 10])
    assert_equal_through_the_rtl(network, load_mnist().test_x, tmp_path)
