"""Drives ohm_seq a clock at a time: program memory, vector unit, carrier and host."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from tests.rtl.seq.seq_model import LINES, STREAMS, Event, Model, encode

from ohmbench.tables import PROGRAM_WORDS


class End(NamedTuple):
    code: int
    why: int
    fault: int
    pc: int
    cycles: int


class Bench:
    def __init__(self, dut: Any, seed: int) -> None:
        self.dut = dut
        self.rng = random.Random(seed)
        self.program = [0] * PROGRAM_WORDS
        self.inputs: dict[str, int] = {}
        self.fetched = 0  # what memory gave in the clock before: in an instruction's first clock, its word
        self.readiness = 1.0  # chance that the carrier takes a command, in each clock
        self.is_idle: Callable[[int], bool] = lambda clock: True  # carrier_idle_i in clock 1, 2, ... of a program
        self.totals = dict.fromkeys(
            ("run", "busy", "pulses", "reads", "read", "read_wait"), 0
        )  # what the counters for the host must show

    async def start(self) -> None:
        for name in ("rst_ni", "run_valid_i", "run_entry_i", "arg_we_i", "arg_index_i", "arg_data_i", "abort_i"):
            self.drive(name, 0)
        for name in ("fault_i", "done_ready_i", "prog_data_i", "cmd_ready_i", "carrier_idle_i", "read_bias_i"):
            self.drive(name, 0)
        self.drive("vec_done_i", 0)
        self.drive("vec_mask_i", 0)
        Clock(self.dut.clk_i, 20, unit="ns").start()
        for _ in range(3):
            await RisingEdge(self.dut.clk_i)
        self.drive("rst_ni", 1)
        for _ in range(16):  # the masks get their first values
            assert not self.get("run_ready_o")
            await RisingEdge(self.dut.clk_i)

    def drive(self, name: str, value: int) -> None:
        if self.inputs.get(name) != value:
            self.inputs[name] = value
            getattr(self.dut, name).value = value

    def get(self, name: str) -> int:
        return int(getattr(self.dut, name).value)

    def load(self, words: list[int], at: int = 0) -> None:
        self.program = [encode(0x3F)] * PROGRAM_WORDS  # illegal: nothing else may be executed
        for i, word in enumerate(words):
            self.program[(at + i) % PROGRAM_WORDS] = word

    async def clock(self) -> None:
        """One clock to its middle, where outputs are looked at; a memory answers in the next one."""
        await FallingEdge(self.dut.clk_i)
        self._address = self.get("prog_addr_o")

    async def next(self) -> None:
        await RisingEdge(self.dut.clk_i)
        self.fetched = self.inputs["prog_data_i"]
        self.drive("prog_data_i", self.program[self._address])

    async def begin(self, args: list[int], entry: int = 0) -> None:
        """Arguments and start; returns in the first clock of the program."""
        for i, arg in enumerate(args):
            self.drive("arg_we_i", 1)
            self.drive("arg_index_i", i)
            self.drive("arg_data_i", arg)
            await self.clock()
            assert not self.get("running_o")
            await self.next()
        self.drive("arg_we_i", 0)
        self.drive("run_valid_i", 1)
        self.drive("run_entry_i", entry)
        await self.clock()
        assert self.get("run_ready_o")
        await self.next()
        self.drive("run_valid_i", 0)
        self.drive("run_entry_i", self.rng.randrange(PROGRAM_WORDS))

    async def run(
        self,
        args: list[int],
        answers: list[tuple[int, int]] | None = None,
        entry: int = 0,
        at_clock: Callable[[int], None] | None = None,
    ) -> End:
        """One program to its end. `at_clock(n)` may drive abort and fault in its clock n = 1, 2, ...

        Leaves `events`, `stalls` (clocks that a command waited) and `clocks` (to the end, with the link's waits).
        """
        await self.begin(args, entry)
        self.events: list[Event] = []
        self.stalls = self.clocks = stream_clocks = 0
        pending = iter(answers or [])
        operation: Event | None = None
        left = mask = 0
        waiting: int | None = None  # command that was shown and not taken
        ended = False  # an abort or a fault was shown: the rest of the bench stops, too
        while True:
            self.clocks += 1
            assert self.clocks < 100_000, "the program never ends"
            if at_clock:
                at_clock(self.clocks)
            self.drive("cmd_ready_i", self.rng.random() < self.readiness)
            self.drive("carrier_idle_i", self.is_idle(self.clocks))
            self.drive("read_bias_i", self.rng.random() < 0.5)
            self.drive("vec_done_i", operation is not None and left == 1)
            self.drive("vec_mask_i", mask if self.inputs["vec_done_i"] else self.rng.getrandbits(32))
            await self.clock()
            assert self.get("running_o")
            assert not self.get("run_ready_o")
            self.totals["read"] += self.inputs["read_bias_i"]
            if self.get("done_valid_o"):
                self.totals["read_wait"] += self.inputs["read_bias_i"]
                break
            assert not ended, "goes on after an abort or a fault"
            is_streaming = operation is not None and operation[0] in STREAMS
            stream_clocks += is_streaming
            self.totals["busy"] += not self.inputs["carrier_idle_i"] and not is_streaming
            self.totals["read_wait"] += self.inputs["read_bias_i"] and is_streaming
            waiting = self._watch_commands(waiting)
            if operation is not None:
                assert self._operation() == operation, "operands changed"
                assert not self.get("vec_start_o"), "started twice"
                left -= 1
                operation = operation if left else None
            elif self.get("vec_start_o"):
                operation = self._operation()
                self.events.append(operation)
                left, mask = next(pending)
            ended = bool(self.inputs["abort_i"] or self.inputs["fault_i"])
            await self.next()
        self.totals["run"] += self.clocks - 1 - stream_clocks
        await self.next()
        end = await self._finish()
        assert end.cycles == self.clocks - 1 - stream_clocks, "run time"
        return end

    def _watch_commands(self, waiting: int | None) -> int | None:
        if not self.get("cmd_valid_o"):
            assert waiting is None, "a command was withdrawn"
            return None
        cmd = self.get("cmd_o")
        assert waiting in (None, cmd), "a command was changed"
        if not self.inputs["cmd_ready_i"]:
            self.stalls += 1
            return cmd
        self.events.append((cmd,))
        self.totals["pulses"] += cmd >> LINES + 21 == 2
        self.totals["reads"] += cmd >> LINES + 21 == 3 and self.inputs["read_bias_i"]
        return None

    def _operation(self) -> Event:
        names = ("op", "d", "a", "b", "imm", "scalar", "pred")
        return tuple(self.get(f"vec_{name}_o") for name in names)

    async def _finish(self) -> End:
        """From the first clock of done_valid_o on; the end must stay as it is until the host has taken it."""
        ends = set()
        self.drive("read_bias_i", 0)
        for ready in [*[False] * self.rng.randrange(3), True]:
            self.drive("done_ready_i", ready)
            await self.clock()
            assert self.get("done_valid_o")
            assert not self.get("cmd_valid_o")
            assert not self.get("vec_start_o")
            ends.add(End(*(self.get(f"done_{name}_o") for name in ("code", "why", "fault", "pc", "cycles"))))
            await self.next()
            self.drive("abort_i", 0)
        self.drive("done_ready_i", 0)
        self.drive("fault_i", 0)
        await self.clock()
        assert not self.get("running_o")
        assert self.get("run_cycles_o") == self.totals["run"]
        assert self.get("busy_cycles_o") == self.totals["busy"]
        assert self.get("pulses_o") == self.totals["pulses"]
        assert self.get("reads_o") == self.totals["reads"]
        assert self.get("read_cycles_o") == self.totals["read"]
        assert self.get("read_wait_cycles_o") == self.totals["read_wait"]
        await self.next()
        (end,) = ends
        return end

    def arguments(self) -> list[int]:
        """For a random program."""
        return [*(self.rng.choice([0, 1, 0xFFFF, self.rng.getrandbits(16)]) for _ in range(15)), 3]

    def answers(self) -> list[tuple[int, int]]:
        return [(self.rng.randrange(1, 30), self.rng.choice([0, self.rng.getrandbits(32)])) for _ in range(300)]

    def model(self, args: list[int], answers: list[tuple[int, int]] | None = None) -> Model:
        return Model(self.program, list(args), answers or [])
