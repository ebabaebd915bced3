"""The demo's network: trained on the digits, quantised and mapped as pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ohmbench import __version__
from ohmbench.faults.avoid import avoid_faults
from ohmbench.faults.fault_map import FaultMap
from ohmbench.mapping.data_sets import CONTENT
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import Dataset, load_digits
from ohmbench.network.network import Network
from ohmbench.study.pairs import train_pairs

ACTIVATION_BITS = 8
# a cell anywhere in its window of +-8 of 175 uS is 2.6 % off, and a weight is the difference of two
WEIGHT_NOISE = 0.04


@dataclass(frozen=True, eq=False)
class Trained:
    """A network on its way to the array."""

    dataset: Dataset
    network: Network
    image: WeightImage
    accuracy_float: float
    accuracy_quantised: float

    def known(self) -> dict[str, Any]:
        """What it is and what it reaches without an array."""
        return {
            "network": "-".join(map(str, self.network.sizes)),
            "dataset": self.dataset.name,
            "accuracy_float": self.accuracy_float,
            "accuracy_quantised": self.accuracy_quantised,
        }


def train_and_map(*, hidden: int = 32, bits: int = 4, seed: int = 0, faults: FaultMap | None = None) -> Trained:
    """Train 64-hidden-10 on the digits, quantise it to signed weights of so many bits, map it as pairs.

    Args:
        faults: bad cells of the array that the image is for; it is laid out around them.

    Raises:
        UsageError: widths outside their range.
        DataError: scikit-learn, which holds the digits, is not installed.
    """
    digits = load_digits()
    provenance: dict[str, str | int | float] = {
        "ohmbench": __version__,
        "dataset": digits.name,
        CONTENT: digits.content,
        "seed": seed,
        "weight_bits": bits,
    }
    trained = train_pairs(
        digits,
        (hidden,),
        weight_bits=bits,
        activation_bits=ACTIVATION_BITS,
        seed=seed,
        weight_noise=WEIGHT_NOISE,
        provenance=provenance,
    )
    image = trained.image if faults is None else avoid_faults(trained.image, faults, inputs=digits.train_x)
    return Trained(digits, trained.network, image, trained.accuracy_float, trained.accuracy_quantised)
