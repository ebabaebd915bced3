"""Outputs of a network without classes, through an array: how far they are from targets and from exact integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ohmbench.report.results import SummaryRow
from ohmbench.support.array_types import FloatArray
from ohmbench.support.words import counted


@dataclass(frozen=True, eq=False)
class OutputErrors:
    """All (n, outputs), in the targets' unit.

    Attributes:
        exact: the network in exact integers.
        raw, trimmed: through the array as it is, and with its corrections, if it was trimmed.
        rmse_float: error of the network before quantisation over its whole test set, if the image says it of these.
    """

    targets: FloatArray
    exact: FloatArray
    raw: FloatArray
    trimmed: FloatArray | None
    rmse_float: float | None = None

    def summary(self) -> dict[str, Any]:
        """Root mean squares over inputs and outputs; `rmse` alone is against the targets."""
        trimmed = self.trimmed
        return {
            "rmse": rms(self.raw - self.targets),
            "rmse_trimmed": None if trimmed is None else rms(trimmed - self.targets),
            "rmse_float": self.rmse_float,
            "rmse_quantised": rms(self.exact - self.targets),
            "rmse_to_integers": rms(self.raw - self.exact),
            "rmse_to_integers_trimmed": None if trimmed is None else rms(trimmed - self.exact),
            "target_deviation": rms(self.targets - self.targets.mean(axis=0)),
            "outputs": self.raw.tolist(),
            "outputs_trimmed": None if trimmed is None else trimmed.tolist(),
        }

    def line(self, name: str) -> str:
        """The errors of the array's outputs, of a data set of this name."""
        s = self.summary()
        said = f"{counted(len(self.targets), 'input')} of {name}: an error of {s['rmse']:.4g}"
        return said if s["rmse_trimmed"] is None else f"{said} raw, {s['rmse_trimmed']:.4g} trimmed"

    def rows(self) -> Sequence[SummaryRow]:
        """The same for a page, of which a terminal says the lines."""
        s = self.summary()
        before = [] if self.rmse_float is None else [_float_row(self.rmse_float)]
        return [
            *before,
            SummaryRow(
                "Error in integers", f"{s['rmse_quantised']:.4g}", "root mean square, as an ideal array gives it"
            ),
            *(
                SummaryRow(
                    f"Error through the array, {name}",
                    f"{s[f'rmse{key}']:.4g}",
                    f"{s[f'rmse_to_integers{key}']:.4g} from exact integers",
                )
                for name, key in (("raw", ""), ("trimmed", "_trimmed"))
                if s[f"rmse{key}"] is not None
            ),
            SummaryRow("Deviation of the targets", f"{s['target_deviation']:.4g}", "the error of their mean"),
        ]


def _float_row(rmse: float) -> SummaryRow:
    return SummaryRow("Error in floating point", f"{rmse:.4g}", "root mean square, over its whole test set")


def rms(values: FloatArray) -> float:
    """Root mean square of all."""
    return float(np.sqrt(np.mean(np.square(values))))
