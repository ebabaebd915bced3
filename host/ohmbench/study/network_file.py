"""A network in a file, with the data that it is compressed with: what `ohmbench compress` and sweeps begin with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ohmbench.compress.methods import check_budget
from ohmbench.compress.tied import tie_imported
from ohmbench.errors import DataError
from ohmbench.mapping.data_sets import NAMES, require_named
from ohmbench.network.data import CONTENT_DIGITS
from ohmbench.network.imported import IMPORTED, ImportedNetwork
from ohmbench.network.nets import INPUT_BITS, Net, Split
from ohmbench.network.network import Network
from ohmbench.progress import Progress
from ohmbench.study.methods import IMPORTED_BITS, Start, bits_of, classes_of_imported
from ohmbench.study.training_data import imported_split, net_and_split, tuning_of
from ohmbench.support.archive import archive_kind
from ohmbench.support.array_types import IntArray, NetworkInputs

BITS = 2
"""Of a weight of a dense network, where nobody says: ternary."""


@dataclass(frozen=True, eq=False)
class NetworkFile:
    """What `ohmbench train` or `ohmbench import` wrote, checked.

    Attributes:
        content: hash of the file.
    """

    path: Path
    network: Network | ImportedNetwork
    content: str

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            DataError: it is missing, damaged, or no network that can be compressed.
        """
        network: Network | ImportedNetwork
        if archive_kind(path) == IMPORTED:
            network = ImportedNetwork.load(path)
            _check_passes(network, path)
        else:
            network = Network.load(path)
        return cls(path, network, hashlib.sha256(path.read_bytes()).hexdigest()[:CONTENT_DIGITS])

    def bits_of(self, bits: int | None) -> int:
        """Of a weight, where `bits` are asked for: BITS or those that an imported network has, where they are None."""
        if isinstance(self.network, Network):
            return bits or BITS
        return bits or (bits_of(tie_imported(self.network)) if self.network.is_whole else IMPORTED_BITS)

    def classes_of(self, inputs: NetworkInputs) -> IntArray:
        """Class (n,) that the network as it is names for inputs (n, ...) of `with_data`."""
        if isinstance(self.network, Network):
            return self.network.predict(inputs / ((1 << INPUT_BITS) - 1))
        return classes_of_imported(self.network, inputs)

    def check_budgets(self, budgets: list[float]) -> None:
        """Raise UsageError if shares of the cells of plain pairs are below one cell for each output of all layers."""
        if isinstance(self.network, ImportedNetwork):
            sizes = [y.plus.shape for y in tie_imported(self.network).layers]
        else:
            sizes = [w.shape for w in self.network.weights]
        pair_cells, outputs = sum(2 * a * b for a, b in sizes), sum(b for _a, b in sizes)
        for budget in budgets:
            check_budget(int(budget * pair_cells), outputs)

    def with_data(
        self, data: str | None, folder: Path | None = None, progress: Progress | None = None
    ) -> tuple[Net | None, Split]:
        """The data as the network takes them; and of a dense one, how it is trained.

        Args:
            data, folder: as `net_and_split` has them; None: the data that the file names.

        Raises:
            ImageError, UsageError, DataError: as `net_and_split` and `imported_split`.
        """
        if data is None:
            default = "" if isinstance(self.network, ImportedNetwork) else "mnist"
            data = str(self.network.provenance.get("dataset", default))
            if data not in NAMES:
                require_named(self.network.provenance, "The network")
        if isinstance(self.network, ImportedNetwork):
            return None, imported_split(self.network, data, folder)
        return net_and_split("-".join(map(str, self.network.sizes)), data, folder, progress)

    def start(
        self,
        net: Net | None,
        split: Split,
        *,
        bits: int | None = None,
        seed: int = 0,
        weight_noise: float = 0.0,
        progress: Progress | None = None,
    ) -> Start:
        """The network trained in whole levels on the data of `with_data`.

        Args:
            bits: of a weight; None: BITS, or those that an imported network has.

        Raises:
            UsageError, DataError: as `Start.of` and `Start.of_imported`.
        """
        if isinstance(self.network, Network):
            return Start.of(
                self.network,
                self.bits_of(bits),
                split,
                seed=seed,
                net=net,
                weight_noise=weight_noise,
                progress=progress,
            )
        epochs, batch = tuning_of(len(split.train_y))
        return Start.of_imported(
            self.network,
            self.path.stem,
            split,
            bits=bits,
            epochs=epochs,
            batch=batch,
            seed=seed,
            weight_noise=weight_noise,
            progress=progress,
        )


def _check_passes(network: ImportedNetwork, path: Path) -> None:
    """Raise DataError if no input can pass the steps of a damaged file, or what comes out are no classes."""
    if not network.products:
        raise DataError(f"Cannot compress {path}: the network has no product, and so nothing on an array.")
    try:
        outputs = network.forward(np.zeros((1, *network.input_shape))).size
    except Exception as error:  # numpy raises whatever it likes for shapes that do not fit
        raise DataError(
            f"Cannot compress {path}: an input cannot pass its steps ({type(error).__name__}: {error}).",
            "Import the model again.",
        ) from error
    if outputs != (last := tie_imported(network).outputs):
        raise DataError(
            f"Cannot compress {path}: its {outputs} outputs are not the {last} of its last product.",
            "Map the network as it is.",
        )
