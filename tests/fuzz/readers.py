"""Readers of what comes from outside: good inputs of each, how to spoil them, and what reads them."""

from __future__ import annotations

import gzip
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from tests.fuzz import mutate
from tests.random_networks import random_compressed

from ohmbench.carrier.carrier import Carrier
from ohmbench.compress.compressed import CompressedNetwork
from ohmbench.errors import OhmbenchError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.importing.onnx_file import from_onnx
from ohmbench.instruments.supply_file import SupplyFile
from ohmbench.isa.assembler import assemble_file
from ohmbench.isa.program import listing
from ohmbench.lab.settings import Settings
from ohmbench.link.codec import Decoder, Frame, encode_frame
from ohmbench.link.messages import BoardInfo, Done, Result, State, parse_error, parse_words
from ohmbench.link.packing import RESULT_SIZES
from ohmbench.link.trace import read_trace
from ohmbench.mapping.compressed_file import load_compressed, save_compressed
from ohmbench.mapping.counting import count
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.network.flow import ARRAY, Step
from ohmbench.network.mnist import CHECKSUMS, load_mnist
from ohmbench.network.network import Network
from ohmbench.network.own_data import read_own_data, trained_here
from ohmbench.programming.recipe import Recipe
from ohmbench.record.calibrations import calibrations
from ohmbench.record.records import Cells
from ohmbench.record.store import Store
from ohmbench.sweep.compute import STAGES, PointResult
from ohmbench.sweep.config import SweepConfig
from ohmbench.sweep.networks import MadeNetwork
from ohmbench.sweep.points import expand
from ohmbench.sweep.store import ResultStore

REPO = Path(__file__).resolve().parents[2]
PACKAGE = REPO / "host/ohmbench"


@dataclass(frozen=True)
class Reader:
    """One kind of input.

    Attributes:
        suffix: of its files.
        spoil: the mutation that suits it.
        read: reads a file as the commands do; must return, or raise an OhmbenchError.
    """

    suffix: str
    spoil: mutate.Mutator
    read: Callable[[Path], object]


def _recipe(path: Path) -> None:
    recipe = Recipe.load(path)
    recipe.limits()
    recipe.bands_of_levels(np.arange(8), 7)


def _image(path: Path) -> None:
    count(WeightImage.load(path))


def _compressed(path: Path) -> None:
    network, origin = load_compressed(path)
    map_compressed(network, provenance=origin)


def _device(path: Path) -> None:
    ArrayModel(load_params(path), 1).conductance()


def _array(path: Path) -> None:
    model = ArrayModel.open(path)
    try:
        model.conductance()
        model.rest(1.0)
    finally:
        model.close()


def _frames(path: Path) -> None:
    for frame in Decoder().feed(path.read_bytes()):
        parsers: list[Callable[[Frame], object]] = [State.parse, Result.parse, Done.parse, parse_words, parse_error]
        for parse in (*parsers, partial(BoardInfo.parse, name="x")):
            try:
                parse(frame)
            except OhmbenchError:
                continue


def _record(path: Path) -> None:
    with Store.open(path) as store:
        for array in store.arrays():
            store.wear(array.serial)
            store.runs(array.serial)
        for run in store.find_runs(limit=5):
            store.cells(run.id)
            store.unrecorded(run.id)
            store.last_sample(run.id)
        calibrations(store)


def _results(path: Path) -> None:
    with ResultStore.open(path) as store:
        store.rows()
        store.confusions()
        for key in store.networks():
            store.network(key).weight_image()


def _idx(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in CHECKSUMS:
            data = _idx_file(2, "labels" in name)
            Path(folder, name).write_bytes(path.read_bytes() if name.startswith("train-images") else data)
        load_mnist(folder)


def _own(path: Path) -> None:
    trained_here(read_own_data(str(path)), 4)


def _with_steps(network: CompressedNetwork) -> CompressedNetwork:
    """The first layer of a network as one from elsewhere has it."""
    first = network.layers[0]
    outputs = len(first.bias)
    numbers = {"zero": 0, "low": 0, "high": (1 << first.input_bits) - 1}
    arrays = {"scale": np.ones(outputs, np.float32), "bias": np.zeros(outputs, np.float32)}
    steps = (
        Step("quantise", (0,), numbers, {"scale": np.ones((), np.float32)}),
        Step(ARRAY, (1,), {"bits": first.input_bits, "zero": 0, "groups": 1}),
        Step("affine", (2,), {}, arrays),
    )
    layer = replace(first, scale=np.ones(outputs), bias=np.zeros(outputs), output_scale=None)
    return CompressedNetwork((layer,), network.max_level, steps, (first.inputs,))


def _idx_file(count: int, labels: bool) -> bytes:
    shape = (count,) if labels else (count, 28, 28)
    head = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    return head + bytes(int(np.prod(shape)))


READERS: dict[str, Reader] = {
    "image": Reader(".ohmw", mutate.of_archive, _image),
    "compressed": Reader(".ohmc", mutate.of_archive, _compressed),
    "network": Reader(".npz", mutate.of_archive, Network.load),
    "recipe": Reader(".toml", mutate.of_text, _recipe),
    "carrier": Reader(".toml", mutate.of_text, Carrier.load),
    "supply": Reader(".toml", mutate.of_text, SupplyFile.load),
    "settings": Reader(".toml", mutate.of_text, Settings.load),
    "sweep": Reader(".toml", mutate.of_text, lambda path: expand(SweepConfig.load(path))),
    "device": Reader(".toml", mutate.of_text, _device),
    "program": Reader(".useq", mutate.of_text, lambda path: listing(assemble_file(path))),
    "frames": Reader(".bin", mutate.of_bytes, _frames),
    "fault-map": Reader(".json", mutate.of_text, FaultMap.load),
    "trace": Reader(".jsonl", mutate.of_text, lambda path: list(read_trace(path))),
    "record": Reader(".sqlite", mutate.of_database, _record),
    "results": Reader(".sqlite", mutate.of_database, _results),
    "array": Reader(".ohma", mutate.of_bytes, _array),
    "idx": Reader(".gz", mutate.of_bytes, _idx),
    "onnx": Reader(".onnx", mutate.of_bytes, from_onnx),
    "own-arrays": Reader(".npz", mutate.of_archive, _own),
    "own-table": Reader(".csv", mutate.of_text, _own),
}


def seeds(name: str, folder: Path) -> list[bytes]:
    """Good inputs of a reader; `folder` is for files of a moment."""
    rng = np.random.default_rng(1)
    path = folder / "seed"
    network = random_compressed(rng, [20, 8, 4])
    match name:
        case "image":
            return [map_compressed(network, provenance={"dataset": "mnist", "crop": 20}).to_bytes()]
        case "compressed":
            save_compressed(network, path, {"seed": 1})
            stepped = path.with_name("steps.ohmc")
            save_compressed(_with_steps(network), stepped, {"seed": 1})
            return [path.read_bytes(), stepped.read_bytes()]
        case "network":
            weights = rng.normal(size=(8, 4)), rng.normal(size=(4, 2))
            Network(weights, (np.zeros(4), np.zeros(2)), {"seed": 1}).save(path)
        case "recipe":
            return [file.read_bytes() for file in sorted((PACKAGE / "programming/recipes").glob("*.toml"))]
        case "device":
            return [file.read_bytes() for file in sorted((PACKAGE / "model/presets").glob("*.toml"))]
        case "sweep":
            return [file.read_bytes() for file in sorted((PACKAGE / "sweep/configs").glob("*.toml"))]
        case "carrier":
            return [_CARRIER.encode()]
        case "supply":
            return [b'address = "SIM"\n[[output]]\nchannel = 1\nvolts = 5.0\nlimit_a = 0.5\n']
        case "settings":
            return [b'port = "twin"\nports = ["a", "b"]\ncarrier = "c.toml"\nsupply = "s.toml"\nlab = "lab"\n']
        case "program":
            return [file.read_bytes() for file in sorted((REPO / "firmware").glob("*.useq"))]
        case "frames":
            frames = [Frame(kind, kind, 1, bytes(range(kind % 32))) for kind in [*range(0, 256, 5), *RESULT_SIZES]]
            return [b"".join(map(encode_frame, frames))]
        case "fault-map":
            kinds = np.zeros((32, 32), np.uint8)
            kinds[3, 4], kinds[5, 6] = 1, 2
            FaultMap(kinds, "W3-17").save(path)
        case "trace":
            return [_TRACE.encode()]
        case "idx":
            return [gzip.compress(_idx_file(2, False), mtime=0), _idx_file(2, False)]
        case "onnx":
            from tests.onnx_models import sample

            return [sample()]
        case "own-arrays":
            np.savez(path.with_suffix(".npz"), x=rng.normal(size=(30, 4)), y=np.arange(30) % 2)
            return [path.with_suffix(".npz").read_bytes()]
        case "own-table":
            rows = [f"{a:.3f},{b:.3f},{'no' if a < b else 'yes'}" for a, b in rng.normal(size=(30, 2))]
            return ["\n".join(["a,b,label", *rows]).encode()]
        case "record" | "array":
            return [_recorded(folder)[name]]
        case "results":
            return [_swept(folder)]
    return [path.read_bytes()]


_CARRIER = f"""name = "seven"
rows = {list(range(31, -1, -1))}
columns = {list(range(32))}
bad_rows = [3]
bad_columns = [0, 31]
gain = 1.01
offset = {[0.5] * 32}
[limits]
bl_set_v = 2.5
pulse_us = 5.0
"""

_TRACE = """{"ohmbench_trace": 1, "program": "ohmbench 0.1", "started": "2026-01-31T12:00:00+00:00"}
{"t": 0.0, "what": "open", "port": "p", "baud": 115200}
{"t": 0.1, "what": "baud", "baud": 12000000}
{"t": 0.2, "what": "damaged", "dir": "rx", "raw": "0102"}
{"t": 0.3, "what": "break", "dir": "tx", "raw": "00"}
{"t": 0.4, "what": "error", "text": "lost"}
{"t": 0.5, "what": "close"}
"""


def _recorded(folder: Path) -> dict[str, bytes]:
    """A record with a run and a calibration's table, and the file of an array."""
    with Store.open(folder / "record.sqlite") as store:
        shape = (3, 4)
        store.array("A", "1T1R", *shape)
        everything = np.ones(shape, np.bool_)
        with store.begin_run("program", "A", rung="twin", mask=everything, pulses=9, recipe={"read_v": 0.2}) as run:
            numbers = [np.ones(shape, np.int64)] * 8
            run.record_step(0, {"row": 0}, Cells(everything, *numbers))
    ArrayModel.open(folder / "a.ohma", None, 1).close()
    return {"record": (folder / "record.sqlite").read_bytes(), "array": (folder / "a.ohma").read_bytes()}


def _swept(folder: Path) -> bytes:
    """Results of one point."""
    config = SweepConfig.parse('[all]\nnetwork = "digits-64-10"\n[[grid]]\n', Path("a.toml"))
    point, said = expand(config)[0], np.arange(10, dtype=np.uint8)
    image = map_compressed(random_compressed(np.random.default_rng(1), [20, 8, 4])).to_bytes()
    with ResultStore.open(folder / "r.sqlite", make=True) as store:
        store.add_network(MadeNetwork(point.network, image, said, said, {"cells": 5}, 0.5), {"code": "1"})
        found = PointResult(point, "twin", 7, dict.fromkeys(STAGES, 0.5), [[1, 0], [0, 1]])
        store.add_point(found, store.add_config(config), {"code": "1"})
    return (folder / "r.sqlite").read_bytes()
