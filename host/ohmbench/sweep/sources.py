"""Where a network of a sweep and its data come from: a name, a file, or widths to be trained on own data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ohmbench.compress.base import train_float, train_imported
from ohmbench.compress.tuning import Training
from ohmbench.errors import UsageError
from ohmbench.mapping.data_sets import NAMES
from ohmbench.network.conv_nets import CONV_NETS, ConvNet
from ohmbench.network.data import load_digits
from ohmbench.network.imported import ImportedNetwork
from ohmbench.network.nets import INPUT_BITS, NETS, Net, Split, load_split, split_last
from ohmbench.network.network import Network
from ohmbench.study.methods import Start, classes_of_imported
from ohmbench.study.network_file import BITS, NetworkFile
from ohmbench.study.training_data import imported_split, net_and_split
from ohmbench.support.array_types import IntArray
from ohmbench.support.home import in_home

_DIGITS = (
    Net((64, 10), (8, 8), None, 50, 800, from_end=True),
    Net((64, 32, 10), (8, 8), None, 100, 300, from_end=True),
)
_DIGITS_VALIDATION = 200

NETWORKS: dict[str, Net | ConvNet] = {
    **{net.name: net for net in (*NETS, *CONV_NETS)},
    **{f"digits-{net.name}": net for net in _DIGITS},
}
"""Those of `ohmbench.network.nets` and `conv_nets` on MNIST, and two on the digits that come with scikit-learn."""

SUFFIXES = (".ohmn", ".npz")
"""Of files with networks."""


@dataclass(frozen=True)
class Places:
    """Where files are: those of MNIST (None: OHMBENCH_MNIST), and those that the file of a sweep names beside it."""

    mnist: Path | None = None
    beside: Path = Path()

    def path(self, name: str) -> Path:
        return self.beside / in_home(Path(name))

    def data(self, name: str | None) -> str | None:
        """As `read_own_data` has it."""
        if name is None or name in NAMES:
            return name
        return ",".join(str(self.path(part)) for part in name.split(","))


@dataclass(frozen=True, eq=False)
class Source:
    """A network, trained or to be trained, and its data.

    Attributes:
        net: how it is trained; None for a file, and with a file of a dense one how it is tuned.
    """

    net: Net | ConvNet | None
    file: NetworkFile | None
    split: Split

    @property
    def content(self) -> str:
        """Hash of the network's file; "" without one."""
        return "" if self.file is None else self.file.content

    def bits_of(self, bits: int | None) -> int:
        """Of a weight; None: the file's own, or 2."""
        return bits or BITS if self.file is None else self.file.bits_of(bits)

    def start(self, bits: int, seed: int, weight_noise: float) -> tuple[Start, IntArray]:
        """What methods start from, and the classes (test inputs,) that the network names in floating point.

        A network that is trained here says them at the end of its training; whole levels may start from a shorter one,
        since their own training goes on from there.

        Raises:
            UsageError, DataError: as `Start.of` and `Start.of_imported`.
        """
        split, net = self.split, self.net
        if self.file is not None:
            dense = net if isinstance(net, Net) else None
            start = self.file.start(dense, split, bits=bits, seed=seed, weight_noise=weight_noise)
            return start, self.file.classes_of(split.test_x)
        if isinstance(net, ConvNet):

            def trained(epochs: int) -> ImportedNetwork:
                fresh = net.fresh(seed)
                return train_imported(fresh, split.train_x, split.train_y, epochs=epochs, batch=net.batch, seed=seed)

            start = Start.of_imported(
                trained(net.float_epochs),
                net.name,
                split,
                bits=bits,
                epochs=net.epochs,
                seed=seed,
                batch=net.batch,
                weight_noise=weight_noise,
            )
            return start, classes_of_imported(trained(net.end_epochs), split.test_x)
        assert net is not None

        def train(epochs: int) -> Network:
            return train_float(
                split.train_x,
                split.train_y,
                net.sizes,
                input_bits=INPUT_BITS,
                epochs=epochs,
                batch=min(net.batch, Training.batch),
                seed=seed,
            )

        network = train(net.end_epochs)
        begun = network if net.from_end else train(net.epochs)
        start = Start.of(begun, bits, split, seed=seed, net=net, weight_noise=weight_noise)
        return start, network.predict(split.test_x / ((1 << INPUT_BITS) - 1))


@lru_cache(maxsize=2)
def source_of(network: str, data: str | None, places: Places) -> Source:
    """The source of what a sweep's file names; the last ones are kept, since a process computes many points of one.

    Raises:
        UsageError: there is no such data set, or the network does not fit it.
        DataError: a file is missing or damaged.
    """
    if is_file(network):
        file = NetworkFile.load(places.path(network))
        found, split = file.with_data(_data_of(file, network, data, places), places.mnist)
        return Source(found, file, split)
    if data is not None:
        return Source(*_trained_on(network, places.data(data), places))
    net = NETWORKS[network]
    if isinstance(net, ConvNet):
        return Source(net, None, imported_split(net.fresh(0), "mnist", places.mnist))
    if not network.startswith("digits-"):
        return Source(net, None, load_split(net, places.mnist))
    return Source(net, None, split_last(load_digits(INPUT_BITS), _DIGITS_VALIDATION, {"dataset": "digits"}))


def _trained_on(network: str, data: str | None, places: Places) -> tuple[Net, None, Split]:
    net, split = net_and_split(network, data, places.mnist, None)
    return net, None, split


def _data_of(file: NetworkFile, name: str, data: str | None, places: Places) -> str | None:
    said = file.network.provenance.get("dataset")
    if data is None and said not in (None, *NAMES):
        raise UsageError(f"{name} was made with your own data, {said}.", 'Say where: data = "FILE".')
    return places.data(data)


def is_file(network: str) -> bool:
    """Whether a sweep's network is in a file."""
    return network.endswith(SUFFIXES)
