"""The wire solver against badcrossbar, the exact nodal analysis that most published work uses."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.model.wires import transfer
from ohmbench.progress import Progress
from ohmbench.support.array_types import FloatArray
from ohmbench.tables import COLUMNS, ROWS

VECTORS = 1000
WIRE_OHM = 2.0
LOW_SIEMENS, HIGH_SIEMENS = 1e-6, 100e-6
HIGH_V = 0.2
_WIRES = {"wire_bl_ohm": WIRE_OHM, "wire_sl_ohm": WIRE_OHM, "driver_ohm": 0.0, "sense_ohm": 0.0}
_TIMES, _TIMES_BADCROSSBAR = 1000, 5


def wires_speed(progress: Progress) -> dict[str, float]:
    """Time and difference of the two solvers for one array of random cells and VECTORS random inputs.

    Both get the cells and the inputs anew each time, with the same topology: a segment of WIRE_OHM ahead of every cell
    on its row and behind it on its column, sources and amplifiers without resistance. The time is the processor's, the
    shortest of some runs in a row, on one thread: with more, badcrossbar is slower at this size.

    Returns:
        speedup_vs_badcrossbar; max_rel_diff, the largest relative difference of a current; solve_s and badcrossbar_s.

    Raises:
        UsageError: badcrossbar is not installed.
    """
    compute, limits = _badcrossbar()
    rng = np.random.default_rng(1)
    siemens = rng.uniform(LOW_SIEMENS, HIGH_SIEMENS, (ROWS, COLUMNS))
    volts = rng.uniform(0.0, HIGH_V, (VECTORS, ROWS))
    rows_on = np.ones(ROWS, np.bool_)

    def theirs() -> FloatArray:
        solution = compute(volts.T, 1.0 / siemens, r_i=WIRE_OHM, node_voltages=False, all_currents=False)
        return np.asarray(solution.currents.output, np.float64)

    def ours() -> FloatArray:
        return volts @ transfer(siemens, rows_on, _WIRES)

    progress.say(f"{VECTORS} inputs of a {ROWS}x{COLUMNS} array by badcrossbar, {_TIMES_BADCROSSBAR} times")
    with limits(limits=1):
        reference, badcrossbar_s = _fastest(theirs, _TIMES_BADCROSSBAR)
        currents, solve_s = _fastest(ours, _TIMES)
    return {
        "speedup_vs_badcrossbar": badcrossbar_s / solve_s,
        "max_rel_diff": float(np.max(np.abs(currents - reference) / np.abs(reference))),
        "solve_s": solve_s,
        "badcrossbar_s": badcrossbar_s,
    }


def _fastest(solve: Callable[[], FloatArray], times: int) -> tuple[FloatArray, float]:
    """What it returns, and the shortest of some times of the processor: what else the machine does does not count."""
    result, best_s = solve(), float("inf")
    for _ in range(times):
        start = time.process_time()
        solve()
        best_s = min(best_s, time.process_time() - start)
    return result, best_s


def _badcrossbar() -> tuple[Any, Any]:
    """badcrossbar.compute and threadpoolctl.threadpool_limits."""
    # else badcrossbar's own call of basicConfig would send its progress to stdout, where our results go
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        with warnings.catch_warnings(record=True):  # it says that its plots, which need cairo, are not there
            from badcrossbar.compute import compute
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise UsageError(
            f"The comparison needs badcrossbar, which cannot be imported ({error}).",
            "Its plots need cairo, its solver does not: pip install --no-deps badcrossbar, then pip install "
            "pathvalidate sigfig 'ohmbench[train]'.",
        ) from error
    return compute, threadpool_limits
