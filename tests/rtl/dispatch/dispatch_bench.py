"""What stands around ohm_dispatch: the link's streams, memories, registers and a sequencer, all with random pauses."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
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
        dut, rng = self.dut, self.rng
        sent, out = 0, bytearray()
        rx_valid = vout_valid = False
        while True:
            await FallingEdge(dut.clk_i)
            pulse = self.pulses[0] if self.pulses else ""
            dut.hello_i.value = pulse == "hello"
            dut.abort_i.value = pulse == "abort"
            # valid, once given, stays until it is taken
            rx_valid = bool(self.frames_in) and (rx_valid or rng.random() >= self.idle)
            if rx_valid:
                frame = self.frames_in[0]
                data = struct.pack("<BBH", frame.type, frame.seq, frame.arg) + frame.payload
                dut.rx_data_i.value = data[sent]
                dut.rx_last_i.value = sent == len(data) - 1
                dut.rx_length_i.value = len(frame.payload)
            dut.rx_valid_i.value = rx_valid
            dut.tx_ready_i.value = rng.random() >= self.stall
            vout_valid = bool(self.words) and (vout_valid or rng.random() >= self.idle)
            dut.vout_valid_i.value = vout_valid
            if vout_valid:
                dut.vout_data_i.value = self.words[0]
            dut.vin_ready_i.value = self.running and self.take_vectors and rng.random() >= self.stall
            dut.run_ready_i.value = self.take_runs and not self.running
            dut.seq_running_i.value = self.running
            dut.done_valid_i.value = self.done is not None
            if self.done is not None:
                for name, value in vars(self.done).items():
                    getattr(dut, f"done_{name}_i").value = value
            # the guard answers in the clock in which it is asked
            write = int(dut.reg_addr_o.value), int(dut.reg_data_o.value)
            refused = bool(int(dut.reg_valid_o.value)) and self.refuse(*write)
            dut.reg_refused_i.value = refused
            await RisingEdge(dut.clk_i)
            if int(dut.reg_valid_o.value) and not refused:
                self.registers.append(write)
            if int(dut.baud_valid_o.value):
                self.divisors.append(int(dut.baud_div_o.value))
            if int(dut.prog_we_o.value):
                self.program[int(dut.prog_addr_o.value)] = int(dut.prog_data_o.value)
            if int(dut.mem_en_o.value):
                address = int(dut.mem_addr_o.value)
                dut.mem_rdata_i.value = self.memory[address]
                if int(dut.mem_we_o.value):
                    self.memory[address] = int(dut.mem_wdata_o.value)
                    self.mem_writes += 1
            if int(dut.arg_we_o.value):
                self.arguments.append((int(dut.arg_index_o.value), int(dut.arg_data_o.value)))
            if int(dut.run_valid_o.value) and int(dut.run_ready_i.value):
                self.runs.append(int(dut.run_entry_o.value))
                self.running = True
            if int(dut.vin_valid_o.value) and int(dut.vin_ready_i.value):
                self.beats.append(int(dut.vin_data_o.value))
            if vout_valid and int(dut.vout_ready_o.value):
                self.words.pop(0)
                vout_valid = False
            if self.done is not None and int(dut.done_ready_o.value):
                self.done, self.running = None, False
            if rx_valid and int(dut.rx_ready_o.value):
                rx_valid = False
                sent += 1
                if sent == len(data):
                    sent = 0
                    self.frames_in.pop(0)
            if int(dut.tx_valid_o.value) and int(dut.tx_ready_i.value) and pulse != "hello":
                out.append(int(dut.tx_data_o.value))
                if int(dut.tx_last_o.value):
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
