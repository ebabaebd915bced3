"""`ohmbench run`: a pulse program of one's own, recorded and charged, and on the twin step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ohmbench.bench.base import Bench, Execution
from ohmbench.bench.twin import TwinBench
from ohmbench.errors import FaultError, UsageError
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.ledgered import charged
from ohmbench.lab.setup import Setup
from ohmbench.operations.pulse_program import PulseProgram
from ohmbench.operations.result import Noted
from ohmbench.operations.steps import Step, StepRecorder
from ohmbench.progress import Progress
from ohmbench.tables import CLOCK_HZ, LANES

KIND = "run"
"""Of its runs in the record."""

_WORDS_A_LINE = LANES // 2
_WORDS_SHOWN = 32 * LANES


@dataclass(frozen=True, eq=False)
class Ran:
    """What a program did.

    Attributes:
        run_id: its run in the record; None for an array that is not recorded.
        steps: the instructions that were looked at; empty if none were asked for.
    """

    asked: PulseProgram
    rung: str
    serial: str | None
    run_id: int | None
    execution: Execution
    steps: Sequence[Step] = field(default_factory=tuple)

    @property
    def words(self) -> list[int]:
        """The words that it sent, signed."""
        return [int(word) - (int(word) >> 31 << 32) for word in self.execution.words]

    def summary(self) -> dict[str, Any]:
        return {
            **self.asked.summary(),
            "rung": self.rung,
            "serial": self.serial,
            "run": self.run_id,
            "code": self.execution.code,
            "run_cycles": self.execution.run_cycles,
            "run_us": round(self.execution.run_cycles / CLOCK_HZ * 1e6, 3),
            "words": self.words,
            **({"steps": [step.summary() for step in self.steps]} if self.steps else {}),
        }

    def describe(self) -> str:
        s, words = self.summary(), self.words
        origin = "measured" if self.rung == "board" else f"simulated, {self.rung}"
        lines = [step.describe() for step in self.steps]
        lines.append(
            f"{s['file']}: {s['entry']} ended with code {s['code']} after {s['run_us']:.2f} us "
            f"({s['run_cycles']} clocks), {len(words)} words ({origin})"
        )
        for first in range(0, min(len(words), _WORDS_SHOWN), _WORDS_A_LINE):
            lines.append(f"{first:5}: " + " ".join(f"{word:6}" for word in words[first : first + _WORDS_A_LINE]))
        if len(words) > _WORDS_SHOWN:
            lines.append(f"and {len(words) - _WORDS_SHOWN} words more, which --json has")
        if self.run_id is not None:
            lines.append(f"recorded for array {self.serial} as run {self.run_id}")
        return "\n".join(lines)


def run_on(bench: Bench, asked: PulseProgram, ledgered: Ledgered | None = None, *, steps: int = 0) -> Ran:
    """Run a program on a bench; every cell is charged with the pulses that the guard allows, before it is armed.

    Args:
        ledgered: None for an array whose runs are not recorded.
        steps: instructions to look at, on the twin.

    Raises:
        UsageError: limits above the carrier's, or steps of another bench than the twin.
        CheckError: reading does not work; the array was not pulsed.
        WearError: a cell's budget could be passed; nothing was sent.
        StoreError: the record cannot be written.
        FaultError: the guard turned the array off.
    """
    if steps and not isinstance(bench, TwinBench):
        raise UsageError(
            f"--steps works only on the twin: {bench.info.port} does not stop between two instructions.",
            "Give --port twin, which runs the same words.",
        )
    bench.require_ready(asked.limits)
    if ledgered is not None:  # one that is refused leaves no run
        ledgered.register(bench.info)
        ledgered.store.require_budget(ledgered.serial, ~bench.carrier.bad, asked.limits.pulses)
    serial = None if ledgered is None else ledgered.serial
    with charged(bench, ledgered, KIND, asked.summary()) as run:
        with bench.armed(asked.limits, asked.rails_v), _reminding(asked):
            if steps and isinstance(bench, TwinBench):
                with StepRecorder(bench.twin, asked.program, steps) as recorder:
                    execution = asked.execute(bench)
                taken: Sequence[Step] = recorder.steps
            else:
                execution, taken = asked.execute(bench), ()
        ran = Ran(asked, bench.info.rung, serial, None if run is None else run.id, execution, taken)
        if run is not None:
            run.record_step(0, {name: ran.summary()[name] for name in ("code", "run_cycles", "words")})
            run.note(f"ended with code {execution.code} after {execution.run_cycles} clocks, {len(ran.words)} words")
        return ran


@contextmanager
def _reminding(asked: PulseProgram) -> Iterator[None]:
    """The first program of one's own pulses, most often, before anybody has read of its limits."""
    try:
        yield
    except FaultError as error:
        if not asked.limits.pulses:
            error.add_note("This run allowed no pulse. If the program is to pulse, give --pulse-us and --pulses.")
        raise


def run_program(setup: Setup, asked: PulseProgram, progress: Progress, *, steps: int = 0) -> Noted[Ran]:
    """Open the bench and run a program on its array.

    Raises:
        OhmbenchError: as `Setup.record`, `Setup.bench` and `run_on`.
    """
    with setup.record(progress) as record, setup.bench(progress, record.store) as bench:
        return Noted(run_on(bench, asked, record.ledgered, steps=steps), bench.carrier.note)
