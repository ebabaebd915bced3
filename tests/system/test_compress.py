"""`train`, `compress`, `map` and `results` as commands, on images of MNIST's form that are quick to learn."""

from __future__ import annotations

import json
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.system.command_line import as_json, command, environment, refused

from ohmbench.compress.base import train_imported
from ohmbench.importing.quantise import quantise_network
from ohmbench.mapping.compressed_file import load_compressed
from ohmbench.mapping.image import WeightImage
from ohmbench.network.conv_nets import CONV_NETS
from ohmbench.network.mnist import mnist_bytes
from ohmbench.network.network import Network


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the four files: noisy copies of one pattern a class."""
    folder = tmp_path_factory.mktemp("mnist")
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 200, (10, 7, 7)).repeat(4, axis=1).repeat(4, axis=2)
    for name, count in (("train", 12_000), ("t10k", 1_000)):
        labels = rng.integers(0, 10, count)
        images = np.clip(patterns[labels] + rng.normal(0, 40, (count, 28, 28)), 0, 255).astype(np.uint8)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, count, 28, 28) + images.tobytes())
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(
            struct.pack(">2I", 0x801, count) + labels.astype(np.uint8).tobytes()
        )
    return folder


@pytest.fixture(scope="module")
def trained(mnist: Path) -> Path:
    file = mnist / "net.npz"
    result = as_json("train", "32-16-10", "-o", file, "--mnist", mnist)
    assert result["accuracy"] > 0.5
    return file


def test_a_network_is_trained_compressed_and_mapped(mnist: Path, trained: Path, tmp_path: Path) -> None:
    compressed, image = tmp_path / "net.ohmc", tmp_path / "net.ohmw"
    (result,) = as_json(
        "compress", trained, "--bits", 4, "--method", "kmeans", "--cells", 0.5, "-o", compressed, "--mnist", mnist
    )
    assert result["cells_saved"] >= 0.5
    network, provenance = load_compressed(compressed)
    assert network.max_level == 7
    assert (provenance["method"], provenance["accuracy"]) == ("kmeans", result["accuracy"])
    counted = as_json("map", compressed, "-o", image)
    assert counted["cells"] == result["cells"] == WeightImage.load(image).cells
    # the file says which pixels the network takes, and how well it did in floating point
    found = as_json("infer", image, "--port", "twin", "--images", 50, "--mnist", mnist)
    assert found["accuracy_quantised"] > 0.5
    assert found["accuracy_float"] == provenance["accuracy_float"] > 0.5


def test_several_budgets_give_a_curve(mnist: Path, trained: Path) -> None:
    curve = as_json("compress", trained, "--method", "rows", "--cells", "0.7,0.4", "--mnist", mnist)
    assert [row["budget"] for row in curve] == [0.7, 0.4]
    assert curve[0]["cells_saved"] < curve[1]["cells_saved"]


def test_what_makes_no_sense_is_refused_before_training(mnist: Path, trained: Path, tmp_path: Path) -> None:
    assert "no net 10-10" in refused(2, "train", "10-10", "-o", tmp_path / "x.npz", "--mnist", mnist)
    assert "no method nonsense" in refused(2, "compress", trained, "--method", "nonsense", "--mnist", mnist)
    assert "above 0 and at most 1" in refused(2, "compress", trained, "--cells", "0", "--mnist", mnist)
    assert "not 3" in refused(2, "compress", trained, "--bits", 3, "--mnist", mnist)
    curve = ("compress", trained, "--cells", "0.5,0.4", "-o", tmp_path / "x.ohmc", "--mnist", mnist)
    assert "not one compressed network" in refused(2, *curve)
    assert "There is no train-images" in refused(11, "compress", trained, "--mnist", tmp_path)
    spoilt = Network.load(trained)
    spoilt.weights[1][:] = 0.0
    spoilt.save(tmp_path / "spoilt.npz")
    assert "no weights left" in refused(11, "compress", tmp_path / "spoilt.npz", "--mnist", mnist)


@pytest.fixture(scope="module")
def imported(mnist: Path) -> Path:
    """A convolutional network in floating point, hardly trained, as an import leaves it."""
    network = CONV_NETS[1].fresh(0)
    data = mnist_bytes(mnist)
    x = (data.train_x[:2000] / np.float32(255)).reshape(-1, *network.input_shape).astype(np.float32)
    trained = train_imported(network, x, data.train_y[:2000], epochs=4, batch=50)
    whole = quantise_network(trained, x[:200], weight_bits=4)
    file = mnist / "conv.ohmn"
    replace(whole, provenance={**whole.provenance, "dataset": "mnist"}).save(file)
    return file


def test_a_convolutional_network_is_compressed_mapped_and_inferred(mnist: Path, imported: Path, tmp_path: Path) -> None:
    compressed, image = tmp_path / "conv.ohmc", tmp_path / "conv.ohmw"
    (result,) = as_json(
        "compress", imported, "--method", "rows", "--cells", 0.5, "--data", "mnist", "--mnist", mnist, "-o", compressed
    )
    assert result["cells_as_pairs"] == 2 * 5960
    assert result["cells_saved"] >= 0.5
    assert result["accuracy"] > 0.8
    counted = as_json("map", compressed, "-o", image)
    assert counted["cells"] == result["cells"]
    assert counted["products"] > counted["tiles"]  # a convolution passes its tiles once a place
    found = as_json("infer", image, "--port", "twin", "--images", 20, "--trim", 50, "--mnist", mnist)
    assert found["accuracy_quantised"] > 0.5
    assert found["accuracy_float"] == load_compressed(compressed)[1]["accuracy_float"]


def test_what_an_imported_network_cannot_be_is_refused(mnist: Path, imported: Path) -> None:
    assert "4 bits already, not 2" in refused(2, "compress", imported, "--bits", 2, "--data", "mnist", "--mnist", mnist)
    assert "below one column" in refused(2, "compress", imported, "--cells", "0.001", "--mnist", mnist)


@pytest.mark.slow
def test_an_interrupted_table_goes_on_where_it_was(mnist: Path, tmp_path: Path) -> None:
    arguments = ("results", "--seeds", "1", "--net", "32-16-10:4", "--mnist", str(mnist), "--out", "results")
    first = subprocess.run(command(*arguments), cwd=tmp_path, env=environment(), capture_output=True, timeout=500)
    assert first.returncode == 0, first.stderr
    (part,) = (tmp_path / "build/results").iterdir()
    written = part.stat().st_mtime_ns
    table = (tmp_path / "results/mnist.json").read_bytes()
    assert {row["method"] for row in json.loads(table)} >= {"lossless", "random", "kmeans", "all"}
    again = subprocess.run(command(*arguments), cwd=tmp_path, env=environment(), capture_output=True, timeout=60)
    assert again.returncode == 0, again.stderr
    assert part.stat().st_mtime_ns == written
    assert (tmp_path / "results/mnist.json").read_bytes() == table
