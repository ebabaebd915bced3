"""The models of the X1 and of its board, driven directly: its maker's packets are accepted, and each rule trips when,
and only when, the stimulus breaks it. What must be reported goes to the file named by OHM_EXPECT, which
test_x1_board.py compares with what the simulation printed.
"""

from __future__ import annotations

from typing import Any

import cocotb
from tests.rtl.carrier.board_pins import Board
from tests.rtl.carrier.timing import recorded

from ohmbench import tables as t

LINE_CODE, GATE_CODE = 13_107, 32_768
CHIP = "x1_board.u_chip"
HALF = 10  # half clocks in half a scan clock: 4.8 MHz


def word(*, op_set: int, row: int, column: int, sl: int | None = None) -> int:
    """As the maker's bench has it: {OP_SET, SL, BL, WL}."""
    return op_set << 15 | (row if sl is None else sl) << 10 | column << 5 | row


class X1Board(Board):
    """The pins of x1_board.sv; see `Board`."""

    async def start(self) -> None:
        dut = self.dut
        dut.clk_i.value = 0
        for name in ("now_i", "force_overcurrent_i", "dac_sclk_i", "dac_sdi_i", "adc_sck_i", "safe_ni"):
            getattr(dut, name).value = 0
        for name in ("scan_cc_i", "scan_dl_i", "scan_dr_i", "scan_tm_i", "chip_reset_i"):
            getattr(dut, name).value = 0
        await self.move(dac_sync_ni=1, adc_cnv_ni=1)
        await self.clocks(t.DAC_SETTLE_CYCLES + 5)
        await self.move(safe_ni=1, chip_reset_i=1)
        await self.clocks(20)

    async def dac(self, code: int, channel: int) -> None:
        frame = 0b0011 << 20 | 1 << 16 + channel | code
        await self.half(dac_sync_ni=0, dac_sdi_i=frame >> 23)
        await self.half()
        for i in reversed(range(24)):
            await self.half(dac_sclk_i=1, dac_sdi_i=frame >> i & 1)
            await self.half(dac_sclk_i=0)
        await self.half(dac_sync_ni=1)
        for _ in range(4):
            await self.half()

    async def channels(self) -> None:
        await self.dac(LINE_CODE, 0)
        await self.dac(GATE_CODE, 1)
        await self.clocks(t.DAC_SETTLE_CYCLES)

    async def wait(self, half_clocks: int) -> None:
        for _ in range(half_clocks):
            await self.half()

    async def shift(self, bits: int, count: int = 18, half: int = HALF, *, late: bool = False) -> None:
        """TM up, and bits from bit 0 on; late: they move half a scan clock late."""
        await self.half(scan_tm_i=1, scan_dr_i=0, scan_dl_i=bits & 1)
        for i in range(count):
            await self.wait(half)
            await self.half(scan_cc_i=1)
            if late:
                await self.half(scan_dl_i=1 - (bits >> i & 1))
            await self.wait(half - 1)
            await self.half(scan_cc_i=0, scan_dl_i=bits >> i + 1 & 1)

    async def packet(self, value: int, clocks: int = 10) -> None:
        """A whole one: dummy bit, word, tail, bias."""
        await self.shift(value << 1)
        await self.bias(clocks)

    async def bias(self, clocks: int) -> None:
        await self.half(scan_dr_i=1)
        await self.clocks(clocks)
        await self.half(scan_tm_i=0)
        await self.half(scan_dr_i=0)

    async def convert(self, bits: int = 16, convert: int = 2 * t.ADC_CONVERT_CYCLES) -> None:
        await super().convert(bits, convert)


async def started(dut: Any) -> X1Board:
    board = X1Board(dut)
    await board.start()
    await board.channels()
    return board


@cocotb.test()
async def packets_choose_the_cell(dut: Any) -> None:
    board = await started(dut)
    dut.now_i.value = 77
    # examples of the maker's bench: (10,10) read 0x294a, (5,0) set 0x9405
    assert (word(op_set=0, row=10, column=10), word(op_set=1, row=5, column=0)) == (0x294A, 0x9405)
    await board.packet(0x9405)
    await board.packet(word(op_set=0, row=31, column=17), clocks=3)
    await board.shift(0x294A << 1)
    await board.half(scan_dr_i=1)
    await board.clocks(40)
    await board.convert()
    await board.half(scan_tm_i=0)
    await board.half(scan_dr_i=0)
    await board.convert()
    await board.expect()
    codes = [LINE_CODE, GATE_CODE]
    assert recorded()[-4:] == [
        ["pulse", 1, 5, 0, *codes, 10, 77],
        ["pulse", 0, 31, 17, *codes, 3, 77],
        ["sense", 1, 10, 10, *codes, 40, 77],
        ["sense", 0, 10, 10, *codes, recorded()[-1][6], 77],
    ]
    await board.half(force_overcurrent_i=1)
    assert dut.overcurrent_no.value == 0


@cocotb.test()
async def scan_port(dut: Any) -> None:
    board, good = await started(dut), word(op_set=1, row=3, column=4)
    await board.shift(good << 1, count=17)
    await board.bias(5)
    await board.expect(f"{CHIP}: bias without a whole word")
    await board.shift(good << 1, count=19)
    await board.bias(5)
    await board.expect(f"{CHIP}: more bits than a packet has")
    await board.packet(word(op_set=1, row=3, column=4, sl=5))
    await board.expect(f"{CHIP}: two rows chosen")
    await board.shift(good << 1, late=True)
    await board.bias(5)
    await board.expect(*[f"{CHIP}: data move on the wrong edge"] * 18)
    await board.shift(good << 1, half=3)
    await board.bias(5)
    await board.expect(*[f"{CHIP}: scan clock too fast"] * 17)
    await board.half(scan_cc_i=1)
    await board.half(scan_cc_i=0)
    await board.expect(f"{CHIP}: scan clock with nothing to shift")
    await board.wait(20)
    await board.half(scan_dr_i=1)
    await board.half(scan_tm_i=1)
    await board.half(scan_tm_i=0)
    await board.half(scan_dr_i=0)
    await board.expect(f"{CHIP}: TM rises with ScanInDR high")
    await board.shift(good << 1, count=4)
    await board.half(scan_tm_i=0)
    await board.expect(f"{CHIP}: packet abandoned")
    await board.shift(good << 1)
    await board.half(scan_dr_i=1)
    await board.half(scan_dr_i=0)
    await board.expect(f"{CHIP}: ScanInDR falls before TM")
    await board.half(scan_tm_i=0)
    await board.expect(f"{CHIP}: packet abandoned")


@cocotb.test()
async def reset_ends_a_packet(dut: Any) -> None:
    """At any time, and nothing of it is left."""
    board = await started(dut)
    await board.shift(word(op_set=1, row=3, column=4) << 1, count=9)
    await board.half(scan_tm_i=0, chip_reset_i=0)
    await board.clocks(5)
    await board.half(chip_reset_i=1)
    await board.expect()
    await board.packet(word(op_set=0, row=1, column=2))
    await board.expect()


@cocotb.test()
async def bias_and_conversions(dut: Any) -> None:
    board, good = await started(dut), word(op_set=0, row=3, column=4)
    await board.dac(LINE_CODE + 1, 0)
    await board.packet(good)
    await board.expect("x1_board: bias before a rail has settled")
    await board.clocks(t.DAC_SETTLE_CYCLES)
    await board.shift(good << 1)
    await board.half(scan_dr_i=1)
    await board.dac(LINE_CODE, 0)
    await board.half(scan_tm_i=0)
    await board.half(scan_dr_i=0)
    await board.expect("x1_board: rail moves during a bias")
    await board.clocks(t.DAC_SETTLE_CYCLES)
    await board.shift(word(op_set=1, row=3, column=4) << 1)
    await board.half(scan_dr_i=1)
    await board.convert()
    await board.convert()
    await board.half(scan_tm_i=0)
    await board.half(scan_dr_i=0)
    during = ["x1_board: conversion during a SET"] * 2
    await board.expect(*during, "x1_board: two conversions in a bias")
    await board.half(safe_ni=0)
    await board.half(adc_cnv_ni=0)
    await board.clocks(40)
    await board.half(adc_cnv_ni=1)
    await board.expect("x1_board: conversion in the safe state")
    await board.clocks(t.DAC_SETTLE_CYCLES)
    await board.packet(good)
    await board.expect("x1_board: bias in the safe state")
