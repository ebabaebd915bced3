"""The networks of a sweep: trained, compressed and mapped once for all points that differ only in the array."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench import __version__
from ohmbench.compress.base import train_float, train_imported
from ohmbench.compress.methods import METHODS
from ohmbench.errors import DataError, OhmbenchError, UsageError
from ohmbench.mapping.data_sets import CONTENT
from ohmbench.mapping.image import WeightImage
from ohmbench.network.conv_nets import CONV_NETS, ConvNet
from ohmbench.network.data import load_digits
from ohmbench.network.mnist import ENVIRONMENT
from ohmbench.network.nets import INPUT_BITS, NETS, Net, Split, load_split, split_last
from ohmbench.study.methods import Start, run_method
from ohmbench.study.training_data import imported_split

_DIGITS = (Net((64, 10), (8, 8), None, 50), Net((64, 32, 10), (8, 8), None, 100))
_DIGITS_VALIDATION = 200

NETWORKS: dict[str, Net | ConvNet] = {
    **{net.name: net for net in (*NETS, *CONV_NETS)},
    **{f"digits-{net.name}": net for net in _DIGITS},
}
"""Those of `ohmbench.network.nets` and `conv_nets` on MNIST, and two on the digits that come with scikit-learn."""


@dataclass(frozen=True)
class NetworkSpec:
    """A network, and how it is compressed. Networks of one `start` share their training.

    Attributes:
        content: of the data that it is trained and tested on, as `Dataset.content` has it; "" in files of old, which
            did not keep it.
    """

    network: str
    bits: int
    method: str
    budget: float | None
    seed: int
    weight_noise: float
    content: str = ""

    @property
    def start(self) -> tuple[str, int, int, float, str]:
        return self.network, self.bits, self.seed, self.weight_noise, self.content


@dataclass(frozen=True, eq=False)
class MadeNetwork:
    """A network on its weight image.

    Attributes:
        image: bytes of the file (.ohmw).
        said_float, said_quantised: uint8 (test images,), the classes that the network names in floating point, and in
            whole levels before it is compressed.
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


@lru_cache(maxsize=2)
def split_of(network: str, folder: Path | None) -> Split:
    """The images of a network; the last ones are kept, since a process computes many points of one network.

    Raises:
        DataError: the data set is missing or damaged.
    """
    net = NETWORKS[network]
    if isinstance(net, ConvNet):
        return imported_split(net.fresh(0), "mnist", folder)
    if not network.startswith("digits-"):
        return load_split(net, folder)
    return split_last(load_digits(INPUT_BITS), _DIGITS_VALIDATION, {"dataset": "digits"})


@lru_cache(maxsize=len(NETWORKS))
def content_of(network: str, folder: Path | None) -> str:
    """`Dataset.content` of the data of a network.

    Raises:
        DataError: the data set is missing or damaged.
    """
    return split_of(network, folder).content


def checked_split(spec: NetworkSpec, folder: Path | None) -> Split:
    """The images of a network, which must be those that its spec was made for: other machines have folders of theirs.

    Raises:
        DataError: they are others, missing or damaged.
    """
    split = split_of(spec.network, folder)
    if spec.content != split.content:
        raise DataError(
            f"The data of {spec.network} are not those of the sweep here: their content is {split.content}, not "
            f"{spec.content or 'known'}.",
            f"Let {ENVIRONMENT} name the same files on every machine.",
        )
    return split


def make_networks(specs: Sequence[NetworkSpec], folder: Path | None) -> list[MadeNetwork | Refused]:
    """Train once what `specs`, all of one start, have in common, and compress it by each.

    A method that cannot keep its budget is Refused and does not stop the others.

    Raises:
        DataError: the data set is missing or damaged.
    """
    first = specs[0]
    split = checked_split(first, folder)
    start, said_float = _start(first, split)
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


def _start(spec: NetworkSpec, split: Split) -> tuple[Start, NDArray[np.uint8]]:
    """What the methods start from, and the classes that the network names in floating point."""
    net = NETWORKS[spec.network]
    if isinstance(net, ConvNet):
        real = train_imported(
            net.fresh(spec.seed),
            split.train_x,
            split.train_y,
            epochs=net.float_epochs,
            batch=net.batch,
            seed=spec.seed,
        )
        start = Start.of_imported(
            real,
            net.name,
            split,
            bits=spec.bits,
            epochs=net.epochs,
            seed=spec.seed,
            batch=net.batch,
            weight_noise=spec.weight_noise,
        )
        parts = [real.forward(split.test_x[at : at + _AT_ONCE]) for at in range(0, len(split.test_x), _AT_ONCE)]
        return start, np.concatenate(parts).argmax(axis=1).astype(np.uint8)
    network = train_float(
        split.train_x, split.train_y, net.sizes, input_bits=INPUT_BITS, epochs=net.epochs, seed=spec.seed
    )
    start = Start.of(network, spec.bits, split, seed=spec.seed, net=net, weight_noise=spec.weight_noise)
    return start, network.predict(split.test_x / ((1 << INPUT_BITS) - 1)).astype(np.uint8)


_AT_ONCE = 500


def describe(spec: NetworkSpec) -> str:
    budget = "" if spec.budget is None else f" at {spec.budget:g} of the cells"
    return f"{spec.network}, {spec.bits} bits, {spec.method}{budget}, seed {spec.seed}"


def normalised(spec: NetworkSpec) -> NetworkSpec:
    """The spec without a budget that its method does not heed, so that equal networks have equal specs.

    Raises:
        UsageError: a budget is missing.
    """
    if METHODS[spec.method].free:
        return replace(spec, budget=None)
    if spec.budget is None:
        raise UsageError(f"method {spec.method!r} needs a budget, the share of the cells to keep")
    return spec


def _named(image: WeightImage, spec: NetworkSpec, split: Split) -> WeightImage:
    """The image with what the network is in its provenance."""
    known = {CONTENT if k == "content" else k: v for k, v in asdict(spec).items() if v is not None}
    return replace(image, provenance={"ohmbench": __version__, **split.known, **known})
