"""A bench behind the link: a board, or the simulator."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Self

from ohmbench.bench.base import Bench, BenchInfo
from ohmbench.errors import ArrayState, OhmbenchError, ProtocolError
from ohmbench.isa import Program
from ohmbench.link.client import Link
from ohmbench.link.messages import Done, Result, State
from ohmbench.link.trace import Trace
from ohmbench.model.simulator import Simulator
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import Inputs, Words
from ohmbench.tables import ARRAY_TYPES, CARRIERS, Register

_PATIENCE = 5.0  # a simulator on a busy machine gets a tenth of a core now and then


def _carrier_kind(number: int, port: str) -> str:
    """Raises:
    ProtocolError: no carrier of that number is known here.
    """
    for kind, carrier in CARRIERS.items():
        if carrier.number == number:
            return kind
    raise ProtocolError(
        f"The FPGA on {port} is built for carrier number {number}, and this program does not know it.",
        f"It knows {', '.join(f'{one.number} ({kind})' for kind, one in CARRIERS.items())}. Update ohmbench, or flash "
        "the bitstream of the carrier that is connected.",
        array=ArrayState.NOT_TOUCHED,
    )


class LinkBench(Bench):
    """A bench over an open link.

    Args:
        check: called when the link fails, to raise what it knows about the cause (the simulator's end, say).
        rest: lets bench time in seconds pass at a simulated array; without it, it passes by itself.
    """

    def __init__(
        self,
        link: Link,
        port: str,
        rung: str,
        check: Callable[[], None] | None = None,
        rest: Callable[[float], None] | None = None,
    ) -> None:
        board = link.info
        self._link = link
        self._loaded: int | None = None  # digest of the program in the FPGA
        self._check = check
        self._rest_simulated = rest
        self.info = BenchInfo(
            rung,
            port,
            board.version,
            board.build_id,
            board.clock_hz,
            board.rows,
            board.columns,
            ARRAY_TYPES.get(board.array_type, f"unknown ({board.array_type})"),
            _carrier_kind(board.carrier, port),
        )

    @classmethod
    def open(cls, port: str, *, baud: int, trace: Trace | None = None) -> Self:
        """Open the board on a port.

        Raises:
            PortError, LinkError, ProtocolError: as `Link.open`.
        """
        return cls(Link.open(port, baud=baud, trace=trace), port, "board")

    @classmethod
    def of(cls, simulator: Simulator, *, baud: int, trace: Trace | None = None) -> Self:
        """Open the bench in a simulator that runs.

        Raises:
            PortError, LinkError, ProtocolError: as `Link.open`.
        """
        port = simulator.port
        link = Link.open(port, baud=baud, trace=trace, patience=_PATIENCE)
        return cls(link, port, "sim", simulator.check, simulator.rest)

    @property
    def link(self) -> Link:
        """The link itself, for what is not a bench's business: rates, traces."""
        return self._link

    def state(self) -> State:
        return self._link.status()

    def write_vectors(self, address: int, data: Words) -> None:
        self._link.write_vectors(address, data, wait=False)

    def load(self, program: Program) -> None:
        if self._loaded != program.digest:
            self._loaded = None
            self._link.write_program(0, program.words)
            self._loaded = program.digest

    def write_register(self, register: int, value: int) -> None:
        self._link.write_register(register, value, wait=register == Register.CONTROL)

    def safe(self) -> None:
        self._link.abort()

    def close(self) -> None:
        try:
            self.safe()
        finally:
            self._link.close()

    def _rest(self, seconds: float, progress: OnProgress) -> None:
        if self._rest_simulated is not None:
            self._rest_simulated(seconds)
            return
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if seconds > 1:
                progress("rest, seconds", int(seconds - left), math.ceil(seconds))
            time.sleep(min(left, 1.0))
            self.state()  # a board that is gone had better be missed now than after hours

    def _run(
        self,
        program: Program,
        entry: int,
        args: list[int],
        inputs: Inputs | None,
        on_words: Callable[[Words], None],
        result_bytes: int = 4,
    ) -> Done:
        try:
            self.load(program)
            self._count_program()
            self._link.run(entry, args, result_bytes=result_bytes)
            if inputs is not None:
                self._link.send_vectors(inputs)
            for event in self._link.events():
                if isinstance(event, Result):
                    on_words(event.words)
                else:
                    return event
        except OhmbenchError:
            if self._check is not None:
                self._check()
            raise
        raise AssertionError("events end with the program's Done")
