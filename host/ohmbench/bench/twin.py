"""The twin as a bench: no port, no clock but run time."""

from __future__ import annotations

import os
from collections.abc import Callable

from ohmbench import tables as t
from ohmbench.bench.base import Bench, BenchInfo
from ohmbench.errors import UsageError
from ohmbench.isa import Program, load_firmware
from ohmbench.link.messages import Done, State
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import CarrierModel
from ohmbench.model.twin import SOME_ROWS, Twin
from ohmbench.model.twin_blocks import BLOCK, run_in_blocks
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import Inputs, Words
from ohmbench.support.build_id import build_id
from ohmbench.tables import Register


def usable_cores() -> int:
    """Those that the system lets this process have."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class TwinBench(Bench):
    """The instruction-set model over an array model, in this process.

    Attributes:
        cores: threads that many inputs pass in at once; results do not depend on it.
    """

    def __init__(self, array: ArrayModel, carrier: CarrierModel | None = None, kind: str = t.DEFAULT_CARRIER) -> None:
        self.cores = usable_cores()
        self.array = array
        self.twin = Twin(array, carrier, kind)
        self.info = BenchInfo(
            "twin", "twin", t.PROTOCOL_VERSION, build_id(None, kind), t.CLOCK_HZ, t.ROWS, t.COLUMNS, t.ARRAY_TYPE, kind
        )

    def state(self) -> State:
        return self.twin.state()

    def write_vectors(self, address: int, data: Words) -> None:
        self.twin.write_vectors(address, data)

    def write_register(self, register: int, value: int) -> None:
        if not self.twin.write_register(register, value):
            raise UsageError(
                f"The guard refuses {value} for register {Register(min(register, Register.MAX_READ)).name.lower()}."
            )

    def safe(self) -> None:
        self.twin.write_register(Register.CONTROL, 0)

    def close(self) -> None:
        self.safe()

    def _rest(self, seconds: float, progress: OnProgress) -> None:
        self.array.rest(seconds)

    def _run(
        self,
        program: Program,
        entry: int,
        args: list[int],
        inputs: Inputs | None,
        on_words: Callable[[Words], None],
        result_bytes: int = 4,
    ) -> Done:
        del result_bytes  # there is no link
        self.twin.load(program.words)
        self._count_program()
        if self._in_blocks(program, inputs):
            assert inputs is not None
            each = args[program.args["outputs"]]
            done = run_in_blocks(self.twin, entry, args, inputs, on_words, each=each, cores=self.cores)
            if done is not None:
                return done
        slices = {"slice_": SOME_ROWS} if self._allowed else {}
        return self.twin.run(entry, args, inputs, on_words, **slices)[0]

    def _in_blocks(self, program: Program, inputs: Inputs | None) -> bool:
        """Whether a program may run in blocks, and it is worth it."""
        if self.cores < 2 or inputs is None or len(inputs) < 2 * BLOCK or self._allowed:
            return False
        return program is load_firmware("mvm") and type(self.array).pulse is ArrayModel.pulse
