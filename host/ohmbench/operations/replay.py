"""`ohmbench replay`: a trace of a link sent to the simulator again."""

from __future__ import annotations

from pathlib import Path

from ohmbench.bench.opening import SimulatedArray, simulator_of
from ohmbench.errors import UsageError
from ohmbench.lab.setup import Setup
from ohmbench.link.replay import Outcome, replay
from ohmbench.progress import Progress


def replay_file(setup: Setup, trace: Path, progress: Progress) -> Outcome:
    """Send what a trace holds to the simulator, and compare its answers.

    Raises:
        UsageError: another port than sim.
        BuildError: the simulator cannot be built or started.
        OhmbenchError: as `link.replay.replay`.
    """
    if setup.port != "sim":
        raise UsageError(
            f"A trace cannot be replayed on {setup.port}: the twin has no link, and a board's array would get all "
            "pulses of the trace again, with no record of its wear.",
            "Give --port sim.",
        )
    with simulator_of(setup.array or SimulatedArray(), say=progress.say) as simulator:
        return replay(trace, simulator.port)
