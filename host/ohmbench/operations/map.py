"""`ohmbench map`: a network mapped onto arrays, and what it costs there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench import __version__
from ohmbench.errors import UsageError
from ohmbench.faults.avoid import avoid_faults
from ohmbench.faults.fault_map import FaultMap
from ohmbench.inference.wires import column_current_error
from ohmbench.mapping.compressed_file import load_compressed
from ohmbench.mapping.counting import Counts, count
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.imported import map_imported
from ohmbench.mapping.mapper import map_compressed
from ohmbench.network.imported import IMPORTED, ImportedNetwork
from ohmbench.operations.digits import train_and_map
from ohmbench.progress import Progress
from ohmbench.support.archive import archive_kind


@dataclass(frozen=True, eq=False)
class MapResult:
    """A weight image, what is known of its network, and what it costs.

    Attributes:
        known: of the network: its widths, data set, accuracies; for a network from a file, what the file says.
        wire_error_mean, wire_error_max: shares of the column currents that wires take, by the array model.
    """

    image: WeightImage
    known: dict[str, Any]
    counts: Counts
    wire_error_mean: float
    wire_error_max: float

    @classmethod
    def of(cls, image: WeightImage, known: dict[str, Any]) -> MapResult:
        return cls(image, known, count(image), *column_current_error(image))

    def summary(self) -> dict[str, Any]:
        errors = {"wire_error_mean": self.wire_error_mean, "wire_error_max": self.wire_error_max}
        return {**self.known, **self.counts.summary(), **errors}

    def describe(self) -> str:
        counted = self.counts.summary()
        known = "\n".join(
            f"{name.replace('_', ' '):26} {_text(name, value):>9}"
            for name, value in self.known.items()
            if name not in counted  # the file says it of the same network
        )
        wires = (
            f"{'wire error, mean':26} {100 * self.wire_error_mean:>9.2f} % of a column's current (simulated)\n"
            f"{'wire error, max':26} {100 * self.wire_error_max:>9.2f} %"
        )
        return "\n".join(part for part in (known, self.counts.describe(), wires) if part)


def map_file(path: Path, faults: FaultMap | None = None, *, share_images: bool = True) -> MapResult:
    """Map a compressed network from a file, or one from elsewhere.

    Args:
        share_images: see `map_compressed`.
        faults: bad cells of the array that the image is for; it is laid out around them.

    Raises:
        DataError: the file is missing, damaged, or contradicts itself.
        ImageError: the network does not fit, see `map_compressed`; or the fault map is of another kind of array.
    """
    if archive_kind(path) == IMPORTED:
        imported = ImportedNetwork.load(path)
        provenance = dict(imported.provenance)
        image = map_imported(imported, share_images=share_images, provenance={"ohmbench": __version__})
    else:
        network, provenance = load_compressed(path)
        image = map_compressed(network, share_images=share_images, provenance={"ohmbench": __version__, **provenance})
    return MapResult.of(image if faults is None else avoid_faults(image, faults), provenance)


def map_digits(*, hidden: int = 32, bits: int = 4, seed: int = 0, faults: FaultMap | None = None) -> MapResult:
    """Train the demo's network on the digits and map it as pairs; see `train_and_map`."""
    trained = train_and_map(hidden=hidden, bits=bits, seed=seed, faults=faults)
    return MapResult.of(trained.image, trained.known())


def map_network(
    path: Path | None,
    progress: Progress,
    *,
    training: Mapping[str, int],
    faults: FaultMap | None = None,
    apart: bool = False,
) -> MapResult:
    """Map the compressed network in a file, or one that is trained on the digits if there is no file.

    Args:
        training: what `map_digits` is to do otherwise than by default.
        apart: an image for every tile.

    Raises:
        UsageError: what is asked for is of no use for this kind of network.
        OhmbenchError: as `map_file` or `map_digits`.
    """
    if path is None:
        if apart:
            raise UsageError(
                "--apart is for a compressed network; the digits' network fills its images.", "Leave it out."
            )
        progress.say("training the network")
        return map_digits(**training, faults=faults)
    if training:
        raise UsageError("The network in a file is mapped as it is.", "Leave out --hidden, --bits and --network-seed.")
    return map_file(path, faults, share_images=not apart)


def _text(name: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{100 * value:.2f} %" if name.startswith("accuracy") else f"{value:.4f}"
