"""What stands around ohm_dispatch: the link's streams, memories, registers and a sequencer, all with random pauses."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from tests.rtl.pins import Pins
from tests.rtl.serial_line import start

from ohmbench.link.codec import Frame
from ohmbench.tables import RUN_RESULT_BYTES_SHIFT, FrameType

INPUTS = [
    "rx_valid_i",
    "rx_data_i",
    "rx_last_i",
    "rx_length_i",
    "tx_ready_i",
    "hello_i",
    "abort_i",
    "mem_rdata_i",
    "reg_refused_i",
    "run_ready_i",
    "seq_running_i",
    "vin_ready_i",
    "vout_valid_i",
    "vout_data_i",
    "done_valid_i",
    "done_code_i",
    "done_why_i",
    "done_fault_i",
    "done_pc_i",
    "done_cycles_i",
]


RESULT_SIZES = {FrameType.RESULT: 0, FrameType.RESULT16: 2, FrameType.RESULT24: 3}


@dataclass
class Done:
    code: int = 0
    why: int = 0
    fault: int = 0
    pc: int = 0
    cycles: int = 0

    @property
    def payload(self) -> bytes:
        return struct.pack("<BBHQ", self.why, self.fault, self.pc, self.cycles)


class Bench:
    """Drives on the falling clock edge, looks at handshakes on the rising one."""

    def __init__(self, dut: Any, seed: int = 1) -> None:
        self.dut = dut
        self.rng = random.Random(seed)
        self.idle = 0.2  # of the streams into the dispatcher
        self.stall = 0.3  # of those out of it
        self.frames_in: list[Frame] = []
        self.frames_out: list[Frame] = []
        self.program: dict[int, int] = {}
        self.memory = [0] * 4096
        self.mem_writes = 0
        self.registers: list[tuple[int, int]] = []
        self.refuse: Callable[[int, int], bool] = lambda number, value: False
        self.divisors: list[int] = []
        self.arguments: list[tuple[int, int]] = []
        self.runs: list[int] = []
        self.running = False
        self.take_runs = True
        self.take_vectors = True
        self.beats: list[int] = []
        self.words: list[int] = []
        self.done: Done | None = None
        self.pulses: list[str] = []

    async def start(self) -> None:
        await start(self.dut, **dict.fromkeys(INPUTS, 0))
        cocotb.start_soon(self._run())

    def post(self, kind: int, arg: int = 0, payload: bytes = b"", seq: int = 0) -> Frame:
        frame = Frame(kind, seq, arg, payload)
        self.frames_in.append(frame)
        return frame

    async def until(self, condition: Callable[[], Any], clocks: int = 20_000) -> None:
        for _ in range(clocks // 10):
            if condition():
                return
            await ClockCycles(self.dut.clk_i, 10)
        raise TimeoutError(f"waited {clocks} clocks; last frames: {', '.join(map(str, self.frames_out[-4:]))}")

    async def drained(self, clocks: int = 20_000) -> None:
        """All frames are taken, and what they do is done."""
        await self.until(lambda: not self.frames_in, clocks)
        await ClockCycles(self.dut.clk_i, 60)

    async def run_program(self, results: FrameType = FrameType.RESULT) -> None:
        self.post(FrameType.RUN, RESULT_SIZES[results] << RUN_RESULT_BYTES_SHIFT)
        await self.until(lambda: self.running)

    async def end_program(self, done: Done | None = None) -> None:
        self.done = done or Done()
        await self.until(lambda: self.done is None)

    async def pulse(self, name: str) -> None:
        self.pulses.append(name)
        await self.until(lambda: not self.pulses)

    async def _run(self) -> None:
        clk, pins, rng = self.dut.clk_i, Pins(self.dut), self.rng
        sent, out = 0, bytearray()
        rx_valid = vout_valid = False
        while True:
            await FallingEdge(clk)
            pulse = self.pulses[0] if self.pulses else ""
            pins.hello_i = pulse == "hello"
            pins.abort_i = pulse == "abort"
            # valid, once given, stays until it is taken
            rx_valid = bool(self.frames_in) and (rx_valid or rng.random() >= self.idle)
            if rx_valid:
                frame = self.frames_in[0]
                data = struct.pack("<BBH", frame.type, frame.seq, frame.arg) + frame.payload
                pins.rx_data_i = data[sent]
                pins.rx_last_i = sent == len(data) - 1
                pins.rx_length_i = len(frame.payload)
            pins.rx_valid_i = rx_valid
            pins.tx_ready_i = rng.random() >= self.stall
            vout_valid = bool(self.words) and (vout_valid or rng.random() >= self.idle)
            pins.vout_valid_i = vout_valid
            if vout_valid:
                pins.vout_data_i = self.words[0]
            pins.vin_ready_i = self.running and self.take_vectors and rng.random() >= self.stall
            pins.run_ready_i = self.take_runs and not self.running
            pins.seq_running_i = self.running
            pins.done_valid_i = self.done is not None
            if self.done is not None:
                for name, value in vars(self.done).items():
                    setattr(pins, f"done_{name}_i", value)
            # the guard answers in the clock in which it is asked
            write = (pins.reg_addr_o, pins.reg_data_o) if pins.reg_valid_o else None
            pins.reg_refused_i = refused = write is not None and self.refuse(*write)
            await RisingEdge(clk)
            if pins.reg_valid_o and not refused:
                assert write is not None
                self.registers.append(write)
            if pins.baud_valid_o:
                self.divisors.append(pins.baud_div_o)
            if pins.prog_we_o:
                self.program[pins.prog_addr_o] = pins.prog_data_o
            if pins.mem_en_o:
                address = pins.mem_addr_o
                pins.mem_rdata_i = self.memory[address]
                if pins.mem_we_o:
                    self.memory[address] = pins.mem_wdata_o
                    self.mem_writes += 1
            if pins.arg_we_o:
                self.arguments.append((pins.arg_index_o, pins.arg_data_o))
            if pins.run_valid_o and pins.run_ready_i:
                self.runs.append(pins.run_entry_o)
                self.running = True
            if pins.vin_valid_o and pins.vin_ready_i:
                self.beats.append(pins.vin_data_o)
            if vout_valid and pins.vout_ready_o:
                self.words.pop(0)
                vout_valid = False
            if self.done is not None and pins.done_ready_o:
                self.done, self.running = None, False
            if rx_valid and pins.rx_ready_o:
                rx_valid = False
                sent += 1
                if sent == len(data):
                    sent = 0
                    self.frames_in.pop(0)
            if pins.tx_valid_o and pins.tx_ready_i and pulse != "hello":
                out.append(pins.tx_data_o)
                if pins.tx_last_o:
                    kind, seq, arg = struct.unpack_from("<BBH", out)
                    self.frames_out.append(Frame(kind, seq, arg, bytes(out[4:])))
                    out.clear()
            if pulse:
                # as ohm_link does
                self.pulses.pop(0)
                self.frames_in.clear()
                sent, rx_valid = 0, False
                if pulse == "hello":
                    out.clear()
                else:
                    self.words.clear()
                    vout_valid = False
