from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from cocotb.utils import get_sim_time
from tests.rtl.serial_line import CLOCK_PS, SerialLine, start

DIVISORS = [4, 5, 7, 16, 417]


class Receiver:
    """What the receiver under test reports: each clock with a pulse counts."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.data = bytearray()
        self.errors = 0
        self.breaks = 0
        cocotb.start_soon(self._watch(dut.rx_valid_o, self._take))
        cocotb.start_soon(self._watch(dut.rx_error_o, self._count_error))
        cocotb.start_soon(self._watch(dut.rx_break_o, self._count_break))

    async def _watch(self, pulse: Any, report: Callable[[], None]) -> None:
        while True:
            await RisingEdge(pulse)
            await FallingEdge(self.dut.clk_i)
            while int(pulse.value):
                report()
                await FallingEdge(self.dut.clk_i)

    def _take(self) -> None:
        self.data.append(int(self.dut.rx_data_o.value))

    def _count_error(self) -> None:
        self.errors += 1

    def _count_break(self) -> None:
        self.breaks += 1


async def begin(dut: Any, div: int) -> tuple[SerialLine, Receiver]:
    await start(dut, div_i=div, rx_i=1, tx_valid_i=0, tx_data_i=0)
    line, receiver = SerialLine(dut.rx_i, dut.tx_o, div), Receiver(dut)
    await line.idle(3)
    return line, receiver


@cocotb.test()
@cocotb.parametrize(div=DIVISORS)
async def receives_bytes_without_gaps(dut: Any, div: int) -> None:
    rng = random.Random(div)
    line, receiver = await begin(dut, div)
    data = bytes([0x00, 0xFF, 0x55, 0xAA, 0x80, 0x01]) + rng.randbytes(60 if div > 100 else 400)
    # the two clocks are not in phase
    await Timer(rng.randrange(CLOCK_PS), unit="ps")
    await line.send(data)
    await line.idle(2)
    assert receiver.data == data
    assert receiver.errors == receiver.breaks == 0


@cocotb.test()
@cocotb.parametrize(stretch=[0.97, 1.03])
async def receives_at_a_rate_three_percent_off(dut: Any, stretch: float) -> None:
    rng = random.Random(3)
    line, receiver = await begin(dut, 16)
    data = rng.randbytes(200)
    for byte in data:
        await line.send([byte], stretch)
        if rng.random() < 0.3:
            await line.idle(rng.randrange(1, 4))
    await line.idle(2)
    assert receiver.data == data


@cocotb.test()
@cocotb.parametrize(
    (
        ("div", "faster"),
        [(4, 0.025), (4, -0.045), (5, 0.03), (5, -0.03), (8, 0.03), (8, -0.03), (48, 0.03), (48, -0.03)],
    )
)
async def receives_bytes_without_gaps_at_a_rate_that_is_off(dut: Any, div: int, faster: float) -> None:
    """The start bit is seen up to a clock late and bits are sampled div // 2 clocks later. So at 4 clocks a bit the
    stop bit is sampled 38 to 39 clocks after its byte began; it has ended by then if the sender is 1/39 too fast."""
    rng = random.Random(div)
    line, receiver = await begin(dut, div)
    data = bytes([0x00, 0xFF, 0x55, 0xAA, 0x80, 0x01]) + rng.randbytes(200)
    await Timer(rng.randrange(CLOCK_PS), unit="ps")
    await line.send(data, 1 / (1 + faster))
    await line.idle(2)
    assert receiver.data == data
    assert receiver.errors == receiver.breaks == 0


@cocotb.test()
@cocotb.parametrize(div=DIVISORS)
async def sends_bytes_without_gaps(dut: Any, div: int) -> None:
    line, _ = await begin(dut, div)
    data = random.Random(div).randbytes(10 if div > 100 else 100)
    began = get_sim_time("ps")
    dut.tx_valid_i.value = 1
    for byte in data:
        dut.tx_data_i.value = byte
        await RisingEdge(dut.clk_i)
        while not int(dut.tx_ready_o.value):
            await RisingEdge(dut.clk_i)
    dut.tx_valid_i.value = 0
    while not int(dut.tx_idle_o.value):
        await RisingEdge(dut.clk_i)
    clocks = (get_sim_time("ps") - began) / CLOCK_PS
    await line.idle(2)
    assert line.received == data
    assert not line.framing_errors
    assert 10 * div * len(data) <= clocks <= 10 * div * len(data) + 3


@cocotb.test()
async def a_byte_without_stop_bit_is_an_error(dut: Any) -> None:
    line, receiver = await begin(dut, 8)
    await line.send_bits(0x3C << 1, 10)
    await line.idle(1)
    await line.send([0x5A])
    await line.idle(1)
    assert receiver.errors == 1
    assert receiver.data == b"\x5a"
    assert receiver.breaks == 0


@cocotb.test()
async def a_break_is_longer_than_two_characters(dut: Any) -> None:
    line, receiver = await begin(dut, 8)
    await line.send_bits(0, 19)
    await line.idle(2)
    assert receiver.breaks == 0
    await line.send_bits(0, 22)
    await line.idle(2)
    assert receiver.breaks == 1
    await line.send_bits(0, 200)
    await line.idle(2)
    await line.send([0xA5])
    await line.idle(2)
    assert receiver.breaks == 2, "one a break, however long"
    assert receiver.data == b"\xa5"


@cocotb.test()
async def a_zero_at_a_lower_rate_is_a_break(dut: Any) -> None:
    """A host that opens the port at the default rate frees a link that was left at a higher one."""
    line, receiver = await begin(dut, 4)
    line.div = 48
    await line.send([0])
    await line.idle(2)
    assert receiver.breaks == 1
    assert not receiver.data


@cocotb.test()
async def a_glitch_is_no_start_bit(dut: Any) -> None:
    line, receiver = await begin(dut, 16)
    for _ in range(20):
        dut.rx_i.value = 0
        await ClockCycles(dut.clk_i, 5)
        dut.rx_i.value = 1
        await ClockCycles(dut.clk_i, 40)
    await line.send([0x42])
    await line.idle(2)
    assert receiver.data == b"\x42"
    assert receiver.errors == 0
