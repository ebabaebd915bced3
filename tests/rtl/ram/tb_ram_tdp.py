"""ohm_ram_tdp: two ports that read and write."""

from __future__ import annotations

import random
from typing import Any, NamedTuple

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from tests.rtl.ram.words import DEPTH, LANE_WIDTH, Words

LANES = 2


class Access(NamedTuple):
    lanes: int  # written; the word is read in any case
    address: int
    data: int


def read(address: int) -> Access:
    return Access(0, address, 0)


class Bench:
    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.model = Words()

    async def start(self) -> None:
        Clock(self.dut.clk_i, 20, unit="ns").start()
        await RisingEdge(self.dut.clk_i)
        for address in range(DEPTH):
            await self.step(Access(3, address, 0), read((address + 1) % DEPTH), is_checked=False)

    async def step(self, a: Access, b: Access, is_checked: bool = True) -> tuple[int, int]:
        """One clock. Both ports must read the words before this clock's writes."""
        dut = self.dut
        dut.a_we_i.value, dut.a_addr_i.value, dut.a_wdata_i.value = a
        dut.b_we_i.value, dut.b_addr_i.value, dut.b_wdata_i.value = b
        expected = self.model.words[a.address], self.model.words[b.address]
        await RisingEdge(dut.clk_i)
        self.model.write(*a)
        self.model.write(*b)
        await FallingEdge(dut.clk_i)
        if is_checked:
            assert (int(dut.a_rdata_o.value), int(dut.b_rdata_o.value)) == expected, f"{a}, {b}"
        return expected


@cocotb.test()
async def random_traffic(dut: Any) -> None:
    """Both ports read and write, often the same word, never the same lane of it at once."""
    bench, rng = Bench(dut), random.Random(2)
    await bench.start()
    both, crossed = 0, 0
    for _ in range(4000):
        a = Access(rng.getrandbits(LANES), rng.randrange(DEPTH), rng.getrandbits(LANE_WIDTH * LANES))
        address = a.address if rng.random() < 0.3 else rng.randrange(DEPTH)
        lanes = rng.getrandbits(LANES) & (~a.lanes if address == a.address else 3)
        b = Access(lanes, address, rng.getrandbits(LANE_WIDTH * LANES))
        both += a.lanes != 0 and b.lanes != 0
        crossed += a.address == b.address and bool(a.lanes or b.lanes)
        await bench.step(a, b)
    assert both > 100
    assert crossed > 100
    for address in range(DEPTH):
        await bench.step(read(address), read(DEPTH - 1 - address))


@cocotb.test()
async def each_port_sees_what_the_other_wrote(dut: Any) -> None:
    """The old word in the clock of the write, the new one a clock later, in both directions."""
    bench = Bench(dut)
    await bench.start()
    assert await bench.step(Access(1, 5, 0x2222_1111), read(5)) == (0, 0)
    assert await bench.step(read(5), Access(2, 5, 0x4444_3333)) == (0x1111, 0x1111)
    assert await bench.step(read(5), read(5)) == (0x4444_1111, 0x4444_1111)
