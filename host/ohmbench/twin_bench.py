"""The twin as a bench: no port, no clock but run time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ohmbench import _tables as t
from ohmbench._tables import Register
from ohmbench.array import ArrayModel
from ohmbench.bench import Bench, BenchInfo, Inputs, Report, Words
from ohmbench.build_id import build_id
from ohmbench.errors import UsageError
from ohmbench.isa import Program
from ohmbench.link.messages import Done, State
from ohmbench.twin import Twin


class TwinBench(Bench):
    """The instruction-set model over an array model, in this process."""

    def __init__(self, array: ArrayModel) -> None:
        self.twin = Twin(array)
        self.info = BenchInfo(
            "twin", "twin", t.PROTOCOL_VERSION, build_id(), t.CLOCK_HZ, t.ROWS, t.COLUMNS, t.ARRAY_TYPE
        )

    def state(self) -> State:
        twin = self.twin
        guard, busy_cycles = twin.guard, twin.carrier.busy_cycles
        return State(False, guard.armed, guard.fault, twin.run_cycles, 0, twin.pulses, busy_cycles)

    def write_vectors(self, address: int, data: Words) -> None:
        self.twin.memory[address : address + len(data)] = data

    def write_register(self, register: int, value: int) -> None:
        if not self.twin.write_register(register, value):
            raise UsageError(f"The guard refuses {value} for register {Register(min(register, 12)).name.lower()}")

    def safe(self) -> None:
        self.twin.write_register(Register.CONTROL, 0)

    def close(self) -> None:
        self.safe()

    def _rest(self, seconds: float, progress: Report) -> None:
        self.twin.array.rest(seconds)

    def _run(
        self,
        program: Program,
        entry: int,
        args: list[int],
        inputs: Inputs | None,
        on_words: Callable[[Words], None],
    ) -> Done:
        self.twin.program[: len(program.words)] = program.words
        vectors = () if inputs is None else inputs.astype(np.uint32)
        done, words = self.twin.run(entry, args, vectors)
        if len(words):
            on_words(words)
        return done
