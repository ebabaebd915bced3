"""How a recorded run reads: when it was by this machine's clock, how long it took, and what it came to."""

from __future__ import annotations

from datetime import datetime

from ohmbench.record.journal import EXPERIMENT
from ohmbench.record.outcomes import Outcome
from ohmbench.record.records import RunRecord

_REACHED = {"form": "formed", "characterise": "good"}
"""What it means for cells not to have failed, in kinds of runs without windows."""


def local(at: datetime) -> str:
    """A time by this machine's clock, with its zone."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def duration(run: RunRecord) -> str:
    """From its begin to its end by the clock on the wall; "" for one that did not end."""
    if run.ended is None:
        return ""
    seconds = max(0.0, (run.ended - run.started).total_seconds())
    if seconds < 59.95:  # what one decimal shows as less than 60 s
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def came_to(run: RunRecord, outcome: Outcome) -> str:
    """The result in a few words; "" where the record has none."""
    said = []
    if run.kind.startswith(EXPERIMENT):
        said.append(f"{outcome.samples} of {run.provenance.get('steps', '?')} steps")
    elif outcome.share is not None:
        said.append(f"{100 * outcome.share:.2f} % of {outcome.cells} cells {_REACHED.get(run.kind, 'in window')}")
    if outcome.pulses:
        said.append(f"{outcome.pulses} pulses")
    return ", ".join([*said, *outcome.inference_lines])
