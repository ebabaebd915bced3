"""Drives the pins of carrier_board.sv as the RTL would, and wrongly where a test asks for it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cocotb.triggers import Timer
from tests.rtl.carrier.timing import pattern

from ohmbench import tables as t
from ohmbench.tables import Mode, Rail

GROUPS = ("bus", "wl", "bl", "col_lo", "col_hi")
SET_RAILS = {Rail.BL_SET: 31457, Rail.SL_INHIBIT: 15728, Rail.WL_SET: 23592}
READ_RAILS = {Rail.BL_READ: 2621, Rail.WL_READ: 39321}
RESET_RAILS = {Rail.SL_RESET: 20971, Rail.WL_RESET: 45874}


class Board:
    """The board's pins, moved 1 ns after an edge of the clock; time goes in half clocks of 10 ns."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.reported = int(dut.error_o.value)

    async def half(self, **pins: int) -> None:
        self.dut.clk_i.value = 1 - int(self.dut.clk_i.value)
        await Timer(1, "ns")
        await self.move(**pins)
        await Timer(5, "ns")

    async def move(self, **pins: int) -> None:
        """Within the present half clock, after what moved before."""
        for name, value in pins.items():
            getattr(self.dut, name).value = value
        await Timer(1, "ns")

    async def clocks(self, count: int) -> None:
        for _ in range(2 * count):
            await self.half()

    async def start(self) -> None:
        self.dut.clk_i.value = 0
        for name in ("now_i", "force_overcurrent_i", "dac_sclk_i", "dac_sdi_i", "sw_sclk_i", "sw_data_i", "adc_sck_i"):
            getattr(self.dut, name).value = 0
        for name in ("set_en_i", "reset_en_i", "safe_ni"):
            getattr(self.dut, name).value = 0
        await self.move(dac_sync_ni=3, sw_sync_ni=31, adc_cnv_ni=1)
        await self.clocks(t.DAC_SETTLE_CYCLES + 5)
        await self.move(safe_ni=1)
        await self.clocks(20)
        assert int(self.dut.clk_i.value) == 0

    async def dac(
        self,
        word: int,
        bits: int = 24,
        chip: int = 0,
        lead: int = 2,
        high: int = 4,
        late_data: bool = False,
        early_sync: bool = False,
    ) -> None:
        """A frame to a DAC. lead: half clocks from SYNC low to the first bit's clock; high: half clocks SYNC is high
        after it; the flags move data or SYNC with SCLK's fall.
        """
        dut = self.dut
        sync = {"dac_sync_ni": 3 ^ 1 << chip}
        if lead:
            await self.half(dac_sdi_i=word >> bits - 1 & 1, **sync)
            for _ in range(lead - 1):
                await self.half()
        for i in reversed(range(bits)):
            bit = word >> i & 1
            await self.half(dac_sclk_i=1, dac_sdi_i=1 - bit if late_data else bit, **sync)
            await self.half(dac_sdi_i=bit, dac_sclk_i=0)
        if early_sync:
            await self.move(dac_sync_ni=3)
        else:
            await self.half(dac_sync_ni=3)
            await self.half()
        for _ in range(high - 2):
            await self.half()
        if int(dut.clk_i.value):
            await self.half()

    async def rails(self, codes: dict[Rail, int]) -> None:
        for rail, code in codes.items():
            await self.dac(0b0011 << 20 | 1 << 16 + rail % 4 | code, chip=rail // 4)

    async def switches(
        self, group: str, closed: int, bits: int = 8, last: dict[str, int] | None = None, **broken: bool
    ) -> None:
        """A frame to a group. last: pins to move half a clock before SYNC rises. broken: setup, hold, data, high."""
        sync, index = 31, GROUPS.index(group)

        def data(i: int) -> int:
            return sum((closed >> 8 * chip + i & 1) << chip for chip in range(8))

        for i in reversed(range(bits)):
            right = data(i)
            await self.half(sw_sclk_i=1, sw_data_i=255 ^ right if broken.get("data") else right)
            if i == bits - 1 and not broken.get("setup"):
                await self.move(sw_sync_ni=sync ^ 1 << index)
            moved = dict(last or {}) if i == 0 else {}
            if i == bits - 1:
                moved["sw_sync_ni"] = sync ^ 1 << index
            await self.half(sw_data_i=right, sw_sclk_i=0, **moved)
        if broken.get("hold"):
            await self.move(sw_sync_ni=sync)
        else:
            await self.half(sw_sync_ni=sync)
        if broken.get("high"):
            await self.half(sw_sync_ni=sync ^ 1 << index)
            await self.half(sw_sync_ni=sync)
        if int(self.dut.clk_i.value):
            await self.half()

    async def lines(self, closed: Sequence[int]) -> None:
        """Any pattern of switches, all open in between, then settled."""
        for group in GROUPS:
            await self.switches(group, 0)
        for group, switches in zip(GROUPS, closed, strict=True):
            await self.switches(group, switches)
        await self.clocks(t.SWITCH_SETTLE_CYCLES + t.TIA_SETTLE_CYCLES)

    async def ready(self, mode: Mode) -> list[int]:
        """Row 4, columns 0..7 selected, rails and lines settled; returns the pattern of switches."""
        await self.rails({Mode.SET: SET_RAILS, Mode.RESET: RESET_RAILS, Mode.READ: READ_RAILS}[mode])
        closed = pattern(mode, 1 << 4, 1 << 4, 0xFF)
        await self.lines(closed)
        await self.clocks(t.DAC_SETTLE_CYCLES)
        return closed

    async def pulse(self, enable: str = "set_en_i") -> None:
        await self.half(**{enable: 1})
        await self.clocks(2)
        await self.half(**{enable: 0})
        await self.clocks(3)

    async def convert(self, bits: int = 16, convert: int = 2 * t.ADC_CONVERT_CYCLES) -> None:
        await self.half(adc_cnv_ni=0)
        for _ in range(convert - 1):
            await self.half()
        for _ in range(bits):
            await self.half(adc_sck_i=1)
            await self.half(adc_sck_i=0)
        await self.half(adc_cnv_ni=1)
        await self.clocks(2)
        if int(self.dut.clk_i.value):
            await self.half()

    async def expect(self, *rules: str) -> None:
        """The reports since the last call, in any order; none if there are no rules. Lets a clock pass for them."""
        await self.clocks(1)
        with Path(os.environ["OHM_EXPECT"]).open("a") as file:
            file.write("".join(f"{rule}\n" for rule in rules))
        reported, self.reported = int(self.dut.error_o.value) - self.reported, int(self.dut.error_o.value)
        assert reported == len(rules), f"{reported} reports instead of {len(rules)}"


async def started(dut) -> Board:
    board = Board(dut)
    await board.start()
    return board
