"""ohm_ram: one port writes, the other reads."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from tests.rtl.ram.words import DEPTH, LANE_WIDTH, Words


class Bench:
    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.lanes = len(dut.we_i)
        self.model = Words()

    async def start(self) -> None:
        Clock(self.dut.clk_i, 20, unit="ns").start()
        await RisingEdge(self.dut.clk_i)
        for address in range(DEPTH):
            await self.step((1 << self.lanes) - 1, address, 0, None)

    async def step(self, lanes: int, waddr: int, data: int, raddr: int | None) -> None:
        """One clock. The word that is read must be the one before this clock's write."""
        dut = self.dut
        dut.we_i.value, dut.waddr_i.value, dut.wdata_i.value = lanes, waddr, data
        dut.raddr_i.value = raddr or 0
        expected = self.model.words[raddr or 0]
        await RisingEdge(dut.clk_i)
        self.model.write(lanes, waddr, data)
        await FallingEdge(dut.clk_i)
        if raddr is not None:
            assert int(dut.rdata_o.value) == expected, f"word {raddr}"


@cocotb.test()
async def random_traffic(dut: Any) -> None:
    """Every lane pattern, a third of the reads at the word that is written; then the whole contents."""
    bench, rng = Bench(dut), random.Random(1)
    await bench.start()
    collisions = 0
    for _ in range(4000):
        waddr, lanes = rng.randrange(DEPTH), rng.getrandbits(bench.lanes)
        raddr = waddr if rng.random() < 0.3 else rng.randrange(DEPTH)
        collisions += lanes != 0 and raddr == waddr
        await bench.step(lanes, waddr, rng.getrandbits(LANE_WIDTH * bench.lanes), raddr)
    assert collisions > 100
    for address in range(DEPTH):
        await bench.step(0, 0, rng.getrandbits(LANE_WIDTH * bench.lanes), address)


@cocotb.test()
async def read_of_the_word_being_written_is_the_old_one(dut: Any) -> None:
    """And the new one a clock later, in the lanes that were written."""
    bench = Bench(dut)
    await bench.start()
    ones = (1 << LANE_WIDTH * bench.lanes) - 1
    for lanes in range(1 << bench.lanes):
        await bench.step(lanes, 3, ones, 3)
        await bench.step(0, 3, 0, 3)
        written = sum(0xFFFF << LANE_WIDTH * lane for lane in range(bench.lanes) if lanes >> lane & 1)
        assert int(dut.rdata_o.value) == written
        await bench.step((1 << bench.lanes) - 1, 3, 0, 3)
