"""A program on the twin step by step: each instruction with its line of source, and what it changed."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np

from ohmbench.bench.base import volts_of
from ohmbench.isa import Program
from ohmbench.model.twin import Twin, View
from ohmbench.tables import CLOCK_HZ, Rail

_LANES_SHOWN = 6


@dataclass(frozen=True, eq=False)
class Step:
    """One instruction.

    Attributes:
        number: from 1, of those that were executed. address: of its word. line, text: of the source, from 1.
        begun_cycles, cycles: clocks since the program's start, and that it took.
        registers: those that it changed, as it left them; v0 to v15 are lists, signed.
        rails_v: rails that it told another voltage. lines: of the array as it set them; None if it did not.
        pulses: that it gave.
    """

    number: int
    address: int
    line: int
    text: str
    begun_cycles: int
    cycles: int
    registers: dict[str, Any]
    rails_v: dict[str, float]
    lines: dict[str, Any] | None
    pulses: int

    def summary(self) -> dict[str, Any]:
        return {**vars(self), "begun_us": round(self.begun_cycles / CLOCK_HZ * 1e6, 3)}

    def describe(self) -> str:
        """One line."""
        said = [f"{name} {_short(value)}" for name, value in self.registers.items()]
        said += [f"{rail} {volts:.4f} V" for rail, volts in self.rails_v.items()]
        if self.lines is not None:
            masks = ", ".join(f"{name} {value:08x}" for name, value in self.lines.items() if name != "mode")
            said.append(f"{self.lines['mode']}: {masks}")
        said += ["a pulse"] if self.pulses else []
        begun_us = self.begun_cycles / CLOCK_HZ * 1e6
        return f"{begun_us:10.3f} us {self.line:4}  {self.text:36}  {'; '.join(said)}".rstrip()


class StepRecorder:
    """Keeps the first instructions of the programs that a twin runs within its context.

    Args:
        most: how many; the twin goes on at its own speed then.
    """

    def __init__(self, twin: Twin, program: Program, most: int) -> None:
        self.steps: list[Step] = []
        self._twin = twin
        self._program = program
        self._most = most
        self._before: View | None = None
        self._begun = 0

    def __enter__(self) -> Self:
        self._twin.on_step = self._look
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._twin.on_step = None

    def _look(self, now: View) -> bool:
        before, self._before = self._before, now
        if before is None:
            self._begun = now.state.run_cycles
        else:
            self.steps.append(self._step(before, now))
        return len(self.steps) < self._most

    def _step(self, before: View, now: View) -> Step:
        program, address = self._program, before.pc
        line = program.lines[address] if address < len(program.lines) else 0
        text = program.source[line - 1].partition(";")[0].strip() if line else "outside of the program"
        registers: dict[str, Any] = {}
        for kind, old, new in (("r", before.scalars, now.scalars), ("m", before.masks, now.masks)):
            changed = np.flatnonzero(old != new)
            registers |= {f"{kind}{i}": int(new[i]) if kind == "r" else f"{int(new[i]):08x}" for i in changed}
        for i in np.flatnonzero((before.vectors != now.vectors).any(axis=1)):
            registers[f"v{i}"] = now.vectors[i].view(np.int32).tolist()
        moved = {
            rail.name.lower(): round(volts_of(int(now.rails[rail])), 6) for rail in Rail if _moved(rail, before, now)
        }
        set_lines = {"mode": now.mode.name.lower(), "wl": now.word_lines, "bl": now.bit_lines, "columns": now.columns}
        was = (before.mode, before.word_lines, before.bit_lines, before.columns)
        begun = before.state.run_cycles
        return Step(
            len(self.steps) + 1,
            address,
            line,
            text,
            begun - self._begun,
            now.state.run_cycles - begun,
            registers,
            moved,
            None if was == (now.mode, now.word_lines, now.bit_lines, now.columns) else set_lines,
            now.state.pulses - before.state.pulses,
        )


def _moved(rail: Rail, before: View, now: View) -> bool:
    return bool(before.rails[rail] != now.rails[rail])


def _short(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    more = ", ..." if len(value) > _LANES_SHOWN else ""
    return f"[{', '.join(map(str, value[:_LANES_SHOWN]))}{more}]"
