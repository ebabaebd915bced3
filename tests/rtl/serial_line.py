"""A UART line for cocotb tests: bytes to a pin and from a pin, with a rate and with damage of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Edge, FallingEdge, Timer

CLOCK_PS = 20_000


async def start(dut: Any, **inputs: int) -> None:
    """Set the inputs, start the clock and reset."""
    for name, value in inputs.items():
        getattr(dut, name).value = value
    dut.rst_ni.value = 0
    Clock(dut.clk_i, CLOCK_PS, unit="ps").start()
    await ClockCycles(dut.clk_i, 3)
    dut.rst_ni.value = 1
    await ClockCycles(dut.clk_i, 2)


class SerialLine:
    """The far end of a UART. `div` is clocks a bit and may change between bytes."""

    def __init__(self, to_dut: Any, from_dut: Any, div: int) -> None:
        self.div = div
        self.received = bytearray()
        self.framing_errors = 0
        self.on_byte: Callable[[int], None] = self.received.append
        self._to_dut = to_dut
        self._from_dut = from_dut
        to_dut.value = 1
        cocotb.start_soon(self._listen())

    async def send(self, data: Iterable[int], stretch: float = 1.0) -> None:
        """Send bytes without a gap; `stretch` makes each bit longer than the divisor says."""
        for byte in data:
            await self.send_bits((byte | 0x100) << 1, 10, stretch)

    async def send_bits(self, bits: int, count: int, stretch: float = 1.0) -> None:
        for index in range(count):
            self._to_dut.value = bits >> index & 1
            await Timer(round(CLOCK_PS * self.div * stretch), unit="ps")

    async def idle(self, bits: int = 1) -> None:
        await self.send_bits(-1, bits)

    async def _listen(self) -> None:
        while True:
            await FallingEdge(self._from_dut)
            bit = CLOCK_PS * self.div
            await Timer(bit + bit // 2, unit="ps")
            byte = 0
            for index in range(8):
                byte |= int(self._from_dut.value) << index
                await Timer(bit, unit="ps")
            if int(self._from_dut.value):
                self.on_byte(byte)
                continue
            self.framing_errors += 1
            if not int(self._from_dut.value):
                await Edge(self._from_dut)
