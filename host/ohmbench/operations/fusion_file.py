"""The CSV that aihwkit's `fusion_import` reads: what an array holds, in the units of the model that it came from.

`fusion_export` of aihwkit (IBM, src/aihwkit/utils/export.py) writes the conductances that a chip is to reach: five
lines that describe the layers, a line of their names, and for each layer a line of values, outputs by inputs, each the
signed conductance of a weight. `fusion_import` takes a file back only with the very same first lines. So a file of
reached conductances is made after the exported one, which also says what a weight of each layer is worth.
"""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ohmbench.errors import DataError
from ohmbench.support.array_types import FloatArray
from ohmbench.support.text_files import TextFileError, read_text

_HEADER_LINES = 5
_LEAST_ALIKE = 0.8
"""Cosine of the weights of a layer and the exported ones. Rounded to -1, 0 and 1, normal ones have 0.9."""


@dataclass(frozen=True, eq=False)
class FusionFile:
    """A file of `fusion_export`.

    Attributes:
        header: its first lines, as they are.
        names, values: of the layers, and their conductances (outputs * inputs,).
    """

    path: Path
    header: str
    names: list[str]
    values: list[FloatArray]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises:
        DataError: it is missing, or no such file.
        """
        try:
            lines = read_text(path).splitlines()
            rows = [line.split(",") for line in lines[_HEADER_LINES:] if line]
            names, values = rows[0], [np.array([float(word) for word in row], np.float64) for row in rows[1:]]
        except TextFileError as error:
            raise DataError(
                f"Cannot read {path}: {error}.", "Give the file that aihwkit's fusion_export wrote."
            ) from error
        except (ValueError, IndexError):
            names, values = [], []
        if not names or len(names) != len(values) or not all(np.isfinite(row).all() for row in values):
            raise DataError(
                f"{path.name} is not a file of aihwkit's fusion_export: five lines of header, names of layers, and a "
                "line of numbers for each.",
                "Give the file that aihwkit's fusion_export wrote.",
            )
        return cls(path, "".join(f"{line}\n" for line in lines[:_HEADER_LINES]), names, values)

    def filled(self, held: list[FloatArray], targets: list[FloatArray]) -> bytes:
        """The file with what an array holds instead.

        Args:
            held, targets: weights (inputs, outputs) of each layer in steps of a level, as reached and as wanted.

        Raises:
            DataError: the layers are others than those of this file.
        """
        if [part.size for part in targets] != [row.size for row in self.values]:
            there, here = ([str(part.size) for part in parts] for parts in (self.values, targets))
            raise DataError(
                f"{self.path.name} has layers of {', '.join(there)} weights, the image of {', '.join(here)}.",
                "Give the file of the network that the image was made of.",
            )
        text = io.StringIO(newline="")
        text.write(self.header)
        writer = csv.writer(text)
        writer.writerow(self.names)
        for name, row, wanted, reached in zip(self.names, self.values, targets, held, strict=True):
            ours = wanted.T.ravel()
            worth, alike = _line(ours, row)
            if alike < _LEAST_ALIKE:
                raise DataError(
                    f"Layer {name} of {self.path.name} does not match the image's: the cosine of their weights "
                    f"is {alike:.2f}.",
                    "Give the file of the network that the image was made of.",
                )
            writer.writerow([repr(float(value)) for value in reached.T.ravel() * worth])
        return text.getvalue().encode()


def _line(ours: FloatArray, theirs: FloatArray) -> tuple[float, float]:
    """What one of ours is worth in theirs by least squares, and the cosine of the two."""
    power, product = float(ours @ ours), float(ours @ theirs)
    if power == 0.0 or not theirs.any():
        return 0.0, 1.0 if power == 0.0 and not theirs.any() else 0.0
    return product / power, product / math.sqrt(power * float(theirs @ theirs))
