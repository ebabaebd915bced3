"""The conductance window of the array in the socket."""

from __future__ import annotations

from ohmbench.bench.opening import SimulatedArray
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.simulated import nominal
from ohmbench.model.array import default_params
from ohmbench.programming.window import ConductanceWindow

CHARACTERISED = "characterised"
"""Kind of the runs that say in their provenance what `window_usiemens` an array has, the lowest and the highest."""


def characterised_window(ledgered: Ledgered) -> ConductanceWindow | None:
    """The window that the array's last characterisation found; None if there was none."""
    if not ledgered.is_known:
        return None
    for run in ledgered.store.runs(ledgered.serial):
        if run.kind == CHARACTERISED:
            low, high = run.provenance["window_usiemens"]
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
