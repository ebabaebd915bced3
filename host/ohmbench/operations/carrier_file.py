"""`ohmbench carrier`: what a carrier's file says, and a filled-in one to begin with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ohmbench.carrier.carrier import Carrier
from ohmbench.carrier.template import template
from ohmbench.errors import UsageError
from ohmbench.support.files import write_result
from ohmbench.tables import RAIL_MAX_V


@dataclass(frozen=True, eq=False)
class CarrierFile:
    """A carrier's file that makes sense."""

    path: Path
    carrier: Carrier

    def summary(self) -> dict[str, Any]:
        c = self.carrier
        return {
            "file": str(self.path),
            "name": c.name,
            "rows": c.rows.tolist(),
            "columns": c.columns.tolist(),
            "bad_rows": np.flatnonzero(c.bad.all(axis=1)).tolist(),
            "bad_columns": np.flatnonzero(c.bad.all(axis=0)).tolist(),
            "gain": c.gain.tolist(),
            "offset": c.offset.tolist(),
            "reference_ohm": c.reference_ohm.tolist(),
            "self_check": c.self_check,
            "limits_v": {rail.name.lower(): volts for rail, volts in c.limits_v.items()},
            "pulse_us": c.pulse_us if math.isfinite(c.pulse_us) else None,
            "levels": c.max_levels,
        }

    def describe(self) -> str:
        """What is other than on the reference carrier."""
        s, reference = self.summary(), CarrierFile(self.path, Carrier()).summary()
        lines = [f"{self.path}: {self.carrier.name}"]
        for key in ("rows", "columns", "gain", "offset", "reference_ohm"):
            moved = [i for i, (own, other) in enumerate(zip(s[key], reference[key], strict=True)) if own != other]
            if moved:
                lines.append(f"{key:14} other than the reference carrier's at {', '.join(map(str, moved))}")
        lines += [f"{key:14} {', '.join(map(str, s[key]))}" for key in ("bad_rows", "bad_columns") if s[key]]
        lower = [f"{r.name.lower()} {v:g} V" for r, v in self.carrier.limits_v.items() if v < RAIL_MAX_V[r]]
        lower += [f"pulses {s['pulse_us']:g} us"] if s["pulse_us"] is not None else []
        lower += [f"{s['levels']} levels"] if s["levels"] is not None else []
        lines += [f"{'lower limits':14} {', '.join(lower)}"] if lower else []
        lines += [] if s["self_check"] else ["self_check     none: nothing is looked at before pulses"]
        return "\n".join(lines if len(lines) > 1 else [f"{lines[0]}, as the reference carrier"])


def look(path: Path) -> CarrierFile:
    """Read a carrier's file.

    Raises:
        DataError: as `Carrier.load`.
    """
    return CarrierFile(path, Carrier.load(path))


def write_template(path: Path) -> CarrierFile:
    """Write a filled-in file.

    Raises:
        UsageError: it is there, or it cannot be written.
    """
    if path.exists():
        raise UsageError(f"{path} is there already and was not changed.", "Give another name, or remove it.")
    write_result(path, template().encode())
    return look(path)
