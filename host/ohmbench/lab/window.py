"""The conductance window of the array in the socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ohmbench.bench.opening import SimulatedArray
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.simulated import nominal
from ohmbench.model.array import default_params
from ohmbench.programming.window import ConductanceWindow
from ohmbench.record.records import RunRecord

CHARACTERISE = "characterise"
"""Kind of the runs whose result says what `window_usiemens` an array has, the lowest and the highest."""
_OLDER = "characterised"
"""Kind of the runs that said so in their provenance: in records of before, each characterisation has two runs."""


def characterised(ledgered: Ledgered, run: RunRecord) -> Mapping[str, Any] | None:
    """What a run found of the array's cells; None if it is none that characterises, or did not come to its end."""
    if run.kind == _OLDER:
        return run.provenance
    return ledgered.store.last_sample(run.id)[1] if run.kind == CHARACTERISE else None


def characterised_window(ledgered: Ledgered) -> ConductanceWindow | None:
    """The window that the array's last characterisation found; None if there was none."""
    if not ledgered.is_known:
        return None
    for run in ledgered.store.runs(ledgered.serial):
        found = characterised(ledgered, run)
        if found is not None:
            low, high = found["window_usiemens"]
            return ConductanceWindow(float(low), float(high), f"characterised in run {run.id}", measured=True)
    return None


def simulated_window(array: SimulatedArray | None) -> ConductanceWindow:
    """The window that a simulated array has by its parameters.

    Raises:
        DataError: the array's file is damaged or in use.
    """
    params = default_params() | dict(nominal(array).params)
    source = "parameters of the simulated array"
    return ConductanceWindow(params["g_low_usiemens"], params["g_high_usiemens"], source, measured=False)
