"""The networks of a sweep: trained, compressed and mapped once for all points that differ only in the array."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench import __version__
from ohmbench.compress.methods import METHODS
from ohmbench.errors import DataError, OhmbenchError, UsageError
from ohmbench.mapping.data_sets import CONTENT
from ohmbench.mapping.image import WeightImage
from ohmbench.network.mnist import ENVIRONMENT
from ohmbench.network.nets import Split
from ohmbench.study.methods import run_method
from ohmbench.study.network_file import BITS
from ohmbench.sweep.sources import NETWORKS, Places, Source, is_file, source_of

_MOST_CLASSES = 256
"""Of a data set: what a network says of an input is kept as a byte."""


@dataclass(frozen=True)
class NetworkSpec:
    """A network, and how it is compressed. Networks of one `start` share their training.

    Attributes:
        network: a name of NETWORKS, a file, or widths such as 13-16-3.
        bits: of a weight; None until `located`: those that the file has.
        content: of the data that it is trained and tested on, as `Dataset.content` has it; "" in files of old, which
            did not keep it.
        data: as the sweep's file names them; None: those of the network.
        network_content: hash of the network's file, if it is in one.
    """

    network: str
    bits: int | None
    method: str
    budget: float | None
    seed: int
    weight_noise: float
    content: str = ""
    data: str | None = None
    network_content: str = ""

    @property
    def start(self) -> tuple[Any, ...]:
        return self.network, self.bits, self.seed, self.weight_noise, self.content, self.data, self.network_content

    def hashed(self) -> dict[str, Any]:
        """What a key is a hash of; networks without data and file of their own keep the keys that they always had."""
        found = asdict(self)
        return {k: v for k, v in found.items() if k not in _OF_FILES or v}


_OF_FILES = ("data", "network_content")


@dataclass(frozen=True, eq=False)
class MadeNetwork:
    """A network on its weight image.

    Attributes:
        image: bytes of the file (.ohmw).
        said_float, said_quantised: uint8 (test images,), the classes that the network names in floating point, trained
            to its end, and in whole levels before it is compressed.
        counts: what it costs on arrays, as `ohmbench.mapping.counting.Counts` names it.
        cpu_s: of the compression, without the training that networks of one start share.
    """

    spec: NetworkSpec
    image: bytes
    said_float: NDArray[np.uint8]
    said_quantised: NDArray[np.uint8]
    counts: dict[str, Any]
    cpu_s: float

    def weight_image(self) -> WeightImage:
        """The image, checked as any file is."""
        return WeightImage.from_bytes(self.image)


@dataclass(frozen=True)
class Refused:
    """A network or a point that cannot be: what, and why."""

    what: str
    why: str
    exit_code: int


@lru_cache(maxsize=256)
def _facts(network: str, data: str | None, bits: int | None, places: Places) -> tuple[int, str, str]:
    """Bits of a weight, and hashes of the data and of the network's file."""
    source = source_of(network, data, places)
    classes = int(source.split.train_y.max()) + 1
    if classes > _MOST_CLASSES:
        raise UsageError(f"{data} has {classes} classes, a sweep takes {_MOST_CLASSES}.")
    return source.bits_of(bits), source.split.content, source.content


def located(spec: NetworkSpec, places: Places) -> NetworkSpec:
    """The spec with what its files hold, which are read.

    Raises:
        UsageError, DataError: as `source_of`; or there are too many classes.
    """
    bits, content, network_content = _facts(spec.network, spec.data, spec.bits, places)
    return replace(spec, bits=bits, content=content, network_content=network_content)


def checked_source(spec: NetworkSpec, places: Places) -> Source:
    """The source of a spec, whose files must be those that it was made for: other machines have folders of theirs.

    Raises:
        DataError: they are others, missing or damaged.
    """
    source = source_of(spec.network, spec.data, places)
    if spec.content != source.split.content:
        raise DataError(
            f"The data of {spec.network} are not those of the sweep here: their content is {source.split.content}, not "
            f"{spec.content or 'known'}.",
            f"Let {ENVIRONMENT}, or the sweep's file, name the same files on every machine.",
        )
    if spec.network_content != source.content:
        raise DataError(
            f"{spec.network} is not the file of the sweep here: its content is {source.content}, not "
            f"{spec.network_content}.",
            "Copy the file to every machine, and do not change it while a sweep is at work.",
        )
    return source


def make_networks(specs: Sequence[NetworkSpec], places: Places) -> list[MadeNetwork | Refused]:
    """Train once what `specs`, all of one start, have in common, and compress it by each.

    A method that cannot keep its budget is Refused and does not stop the others; so are all of a start that cannot be.

    Raises:
        DataError: the data set is missing or damaged.
    """
    first = specs[0]
    source = checked_source(first, places)
    split = source.split
    assert first.bits is not None
    try:
        start, classes = source.start(first.bits, first.seed, first.weight_noise)
    except OhmbenchError as error:
        return [Refused(describe(spec), str(error), error.exit_code) for spec in specs]
    said_float = classes.astype(np.uint8)
    plain = run_method(start, "pairs", None).network
    said_quantised = plain.predict(split.test_x).astype(np.uint8)
    made: list[MadeNetwork | Refused] = []
    for spec in specs:
        began = time.process_time()
        try:
            outcome = run_method(start, spec.method, spec.budget)
            image = _named(outcome.image, spec, split)
        except OhmbenchError as error:
            made.append(Refused(describe(spec), str(error), error.exit_code))
            continue
        cpu_s = time.process_time() - began
        counts = outcome.counts.summary()
        made.append(MadeNetwork(spec, image.to_bytes(), said_float, said_quantised, counts, cpu_s))
    return made


def describe(spec: NetworkSpec) -> str:
    budget = "" if spec.budget is None else f" at {spec.budget:g} of the cells"
    on = "" if spec.data is None else f" on {spec.data}"
    return f"{spec.network}{on}, {spec.bits} bits, {spec.method}{budget}, seed {spec.seed}"


def normalised(spec: NetworkSpec) -> NetworkSpec:
    """The spec without a budget that its method does not heed, so that equal networks have equal specs.

    Raises:
        UsageError: a budget is missing, or the data are.
    """
    if spec.network not in NETWORKS and not is_file(spec.network) and spec.data is None:
        raise UsageError(f'network {spec.network!r} needs data = "FILE", which it is to be trained on.')
    if spec.data == "mnist" and spec.network in NETWORKS:
        spec = replace(spec, data=None)
    if spec.bits is None and not is_file(spec.network):
        spec = replace(spec, bits=BITS)
    if METHODS[spec.method].free:
        return replace(spec, budget=None)
    if spec.budget is None:
        raise UsageError(f"method {spec.method!r} needs a budget, the share of the cells to keep.")
    return spec


def _named(image: WeightImage, spec: NetworkSpec, split: Split) -> WeightImage:
    """The image with what the network is in its provenance."""
    known = {CONTENT if k == "content" else k: v for k, v in spec.hashed().items() if v is not None}
    return replace(image, provenance={"ohmbench": __version__, **split.known, **known})
