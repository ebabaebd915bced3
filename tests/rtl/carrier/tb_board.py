"""The chip and board models, driven directly: the stimulus that the RTL would give is accepted, and each rule trips
when, and only when, the stimulus breaks it. What must be reported goes to the file named by OHM_EXPECT, which
test_carrier.py compares with what the simulation printed.
"""

from __future__ import annotations

import cocotb
from tests.rtl.carrier.board_pins import GROUPS, READ_RAILS, RESET_RAILS, SET_RAILS, started
from tests.rtl.carrier.timing import ALL_COLUMNS, pattern, recorded

from ohmbench import tables as t
from ohmbench.tables import Mode, Rail


def write(channel: int, code: int) -> int:
    return 0b0011 << 20 | 1 << 16 + channel | code


@cocotb.test()
async def good_stimulus_is_accepted(dut) -> None:
    board = await started(dut)
    dut.now_i.value = 1 << 40
    for mode, enable in ((Mode.SET, "set_en_i"), (Mode.RESET, "reset_en_i")):
        await board.ready(mode)
        await board.pulse(enable)
    await board.ready(Mode.READ)
    await board.convert()
    # In SET the row's bit line decides too: row 5's word line is on, its bit line at ground.
    await board.lines(pattern(Mode.SET, 3 << 4, 1 << 4, 0))
    await board.pulse()
    await board.expect()
    assert recorded() == [
        ["pulse", 2, 1 << 4, 0xFF, *SET_RAILS.values(), 2, 1 << 40],
        ["pulse", 3, 1 << 4, 0xFF, RESET_RAILS[Rail.SL_RESET], 0, RESET_RAILS[Rail.WL_RESET], 2, 1 << 40],
        ["sense", 1 << 4, 1 << 4, *READ_RAILS.values(), 1 << 40],
        ["pulse", 2, 1 << 4, 0, *SET_RAILS.values(), 2, 1 << 40],
    ]
    assert dut.overcurrent_no.value == 1
    await board.half(force_overcurrent_i=1)
    assert dut.overcurrent_no.value == 0
    await board.half(force_overcurrent_i=0)


@cocotb.test()
async def dac_frames(dut) -> None:
    board, chip = await started(dut), "carrier_board.g_dac[0].u_dac"
    spi = f"{chip}.u_spi"
    for word in (write(0, 0xA5F0), write(3, 0x0F5A)):
        await board.dac(word)
    await board.expect()
    code = int(dut.code.value)
    assert [code >> 16 * i & 0xFFFF for i in range(4)] == [0xA5F0, 0, 0, 0x0F5A]
    for bits in (23, 25):
        await board.dac(write(1, 0x1234), bits=bits)
        await board.expect(f"{spi}: frame of {bits} bits")
    await board.dac(write(1, 1), lead=0)
    await board.expect(f"{spi}: SYNC setup too short")
    await board.dac(write(1, 2), high=2)
    await board.dac(write(1, 3))
    await board.expect(f"{spi}: SYNC high too short")
    await board.dac(write(1, 5), late_data=True)
    await board.expect(*[f"{spi}: data move as SCLK falls"] * 24)
    # SYNC rises with the last falling edge, which so does not count
    await board.dac(write(1, 7), early_sync=True)
    await board.expect(f"{spi}: SYNC hold too short", f"{spi}: frame of 23 bits")
    await board.dac(0b0001 << 20)
    await board.expect(f"{chip}: command 0001 is not modelled")


@cocotb.test()
async def switch_frames(dut) -> None:
    board = await started(dut)
    spi = [f"carrier_board.g_group[1].g_chip[{c}].g_fitted.u_switch.u_spi" for c in range(8)]
    await board.switches("wl", 0x0102_0408_1020_4080)
    await board.expect()
    assert int(dut.closed.value) == 0x0102_0408_1020_4080 << 64
    await board.clocks(20)
    for bits in (7, 9):
        await board.switches("wl", 0, bits=bits)
        await board.expect(*[f"{s}: frame of {bits} bits" for s in spi])
    assert int(dut.closed.value) == 0x0102_0408_1020_4080 << 64
    await board.switches("wl", 0, setup=True)
    await board.expect(*[f"{s}: {rule}" for s in spi for rule in ("SYNC falls with SCLK", "frame of 7 bits")])
    await board.switches("wl", 0, hold=True)
    await board.expect(*[f"{s}: {rule}" for s in spi for rule in ("SYNC hold too short", "frame of 7 bits")])
    await board.clocks(1)
    await board.switches("wl", 0, high=True)
    await board.expect(*[f"{s}: {rule}" for s in spi for rule in ("SYNC high too short", "frame of 0 bits")])
    await board.clocks(1)
    await board.switches("wl", 0, data=True)
    await board.expect(*[f"{s}: data move as SCLK falls" for s in spi for _ in range(8)])


@cocotb.test()
async def conversions(dut) -> None:
    board = await started(dut)
    adc = [f"carrier_board.g_adc[{a}].u_adc" for a in range(4)]
    await board.ready(Mode.READ)
    for bits in (15, 17):
        await board.convert(bits=bits)
        await board.expect(*[f"{a}: frame of {bits} bits" for a in adc])
    await board.convert(convert=2 * t.ADC_CONVERT_CYCLES - 4)
    await board.expect(*[f"{a}: code clocked out before it is there" for a in adc])
    await board.convert(bits=0, convert=10)
    early = "CNV too short, high before the conversion has ended"
    await board.expect(*[f"{a}: {rule}" for a in adc for rule in (early, "frame of 0 bits")])
    await board.convert()
    await board.half(adc_sck_i=1)
    await board.half(adc_sck_i=0)
    await board.expect(*[f"{a}: SCK while CNV is high" for a in adc])
    await board.convert()
    await board.half(adc_cnv_ni=0)
    await board.clocks(50)
    await board.half(adc_cnv_ni=1)
    await board.half()
    await board.convert()
    await board.expect(*[f"{a}: {rule}" for a in adc for rule in ("frame of 0 bits", "CNV high too short")])
    await board.half(adc_cnv_ni=0)
    await board.half(safe_ni=0)
    await board.half(adc_cnv_ni=1)
    await board.expect()
    if int(dut.clk_i.value):
        await board.half()


@cocotb.test()
async def lines_with_two_sources(dut) -> None:
    board = await started(dut)
    cases = [
        ("bus", 0b00011),
        ("bus", 0b01100),
        ("bus", 0b10100),
        ("bus", 0b11000),
        ("bus", 0b1100000),
        ("wl", 3),
        ("bl", 3 << 62),
    ]
    pairs = (3, 5, 6, 9, 10, 12)
    cases += [(group, pair << 4 * j) for group in ("col_lo", "col_hi") for j in (0, 15) for pair in pairs]
    for group, closed in cases:
        await board.switches(group, closed)
        await board.expect("carrier_board: line connected to two sources")
        await board.switches(group, 0)
    # neighbours are not one line
    for group, closed in (("wl", 0b0110), ("bl", 0b0110), ("col_lo", 0b0001_1000), ("bus", 0b00101), ("bus", 0b10010)):
        await board.switches(group, closed)
        await board.switches(group, 0)
    await board.expect()


@cocotb.test()
async def make_before_break(dut) -> None:
    board = await started(dut)
    for group, old, new in (
        ("wl", 1, 2),
        ("bl", 2 << 60, 1 << 60),
        ("col_hi", 8, 2),
        ("bus", 1, 2),
        ("bus", 4, 16),
        ("bus", 32, 64),
    ):
        await board.switches(group, old)
        await board.switches(group, 0)
        await board.switches(group, new)
        await board.expect()
        await board.switches(group, old)
        await board.expect("carrier_board: make before break")
        await board.switches(group, 0)


@cocotb.test()
async def pulses(dut) -> None:
    board = await started(dut)
    unsettled = "carrier_board: pulse before a rail has settled"
    await board.ready(Mode.RESET)
    closed = await board.ready(Mode.SET)
    await board.switches("bl", closed[2])
    await board.pulse()
    await board.expect()
    await board.switches("bl", closed[2] ^ 3)
    await board.pulse()
    await board.expect("carrier_board: pulse before the switches have settled", "carrier_board: make before break")
    await board.lines(closed)
    for rail in Rail:
        await board.rails({rail: 100 + rail})
        await board.pulse()
        await board.expect(*[unsettled] * (rail in SET_RAILS))
        await board.clocks(t.DAC_SETTLE_CYCLES)
    await board.lines(pattern(Mode.SET, 1, 1, ALL_COLUMNS))
    await board.rails({Rail.SL_INHIBIT: 1})  # no column is inhibited
    await board.pulse()
    await board.expect()
    for rail in Rail:
        await board.lines(pattern(Mode.RESET, 1, 1, 1))
        await board.rails({rail: 200 + rail})
        await board.pulse("reset_en_i")
        await board.expect(*[unsettled] * (rail in RESET_RAILS))
        await board.clocks(t.DAC_SETTLE_CYCLES)
    for rail in Rail:
        await board.lines(pattern(Mode.RESET, 1, 0, 1))
        await board.rails({rail: 300 + rail})
        await board.pulse("reset_en_i")
        await board.expect(*[unsettled] * (rail in (Rail.SL_INHIBIT, Rail.WL_RESET)))
        await board.clocks(t.DAC_SETTLE_CYCLES)


@cocotb.test()
async def pulses_on_wrong_lines(dut) -> None:
    board = await started(dut)
    good = {mode: pattern(mode, 1 << 4, 1 << 4, 0xFF) for mode in (Mode.SET, Mode.RESET)}
    tia = "amplifier connected in a pulse"
    cases: list[tuple[Mode, str, int, tuple[str, ...]]] = [
        (Mode.SET, "wl", 3 << 14, ("row open in a pulse",)),
        (Mode.SET, "bl", 3 << 62, ("row open in a pulse",)),
        (Mode.SET, "bus", 1 << 2 | 1 << 4, ("word line bus not at the rail of the pulse",)),
        (Mode.SET, "bus", 1 << 0 | 1 << 1, ("bit line bus not at bl_set in SET",)),
        (Mode.SET, "col_lo", 2, ("column neither at ground nor inhibited in SET",)),
        (Mode.SET, "col_hi", 4 ^ 8, ("column neither at ground nor inhibited in SET",)),
        (Mode.SET, "col_hi", 4 ^ 1, ("column neither at ground nor inhibited in SET", tia)),
        (Mode.RESET, "wl", 3 << 14, ("row open in a pulse",)),
        (Mode.RESET, "bus", 1 << 3 | 1 << 2, ("word line bus not at the rail of the pulse",)),
        (Mode.RESET, "bus", 1 << 5, ("RESET bus at no rail in RESET",)),
        (Mode.RESET, "bl", 3 << 8, ("bit line not at ground in RESET",)),
        (Mode.RESET, "col_lo", 8 ^ 4, ("column neither at ground nor reset in RESET",)),
        (Mode.RESET, "col_lo", 8 ^ 1, ("column neither at ground nor reset in RESET", tia)),
    ]
    for mode, group, flipped, rules in cases:
        closed = list(good[mode])
        index = GROUPS.index(group)
        if rules == ("row open in a pulse",):
            closed[index] &= ~flipped
        else:
            closed[index] ^= flipped
        await board.lines(closed)
        await board.pulse("set_en_i" if mode == Mode.SET else "reset_en_i")
        await board.expect(*[f"carrier_board: {rule}" for rule in rules])


@cocotb.test()
async def moves_during_pulses(dut) -> None:
    board = await started(dut)
    closed = await board.ready(Mode.SET)
    await board.half(set_en_i=1)
    await board.half(reset_en_i=1)
    wrong = ["word line bus not at the rail of the pulse", "bit line not at ground in RESET"]
    wrong += ["RESET bus at no rail in RESET", "both enables at once", "column neither at ground nor reset in RESET"]
    await board.expect(*[f"carrier_board: {rule}" for rule in wrong])
    await board.half(reset_en_i=0)
    await board.half(set_en_i=0)
    await board.clocks(4)

    await board.half(set_en_i=1)
    await board.half()
    await board.switches("col_lo", 0)
    await board.expect("carrier_board: switches move during a pulse")
    await board.rails({Rail.CAL: 7})
    await board.expect("carrier_board: rail moves during a pulse")
    await board.half(set_en_i=0)
    await board.half()

    await board.lines(closed)
    await board.half(set_en_i=1)
    await board.half()
    await board.switches("col_lo", 0, last={"set_en_i": 0})
    await board.expect("carrier_board: pulse has not decayed")

    await board.half(safe_ni=0)
    await board.half()
    await board.clocks(t.DAC_SETTLE_CYCLES + 1)
    await board.pulse()
    wrong = ["enable in the safe state", "row open in a pulse", "word line bus not at the rail of the pulse"]
    wrong += ["bit line bus not at bl_set in SET", "column neither at ground nor inhibited in SET"]
    await board.expect(*[f"carrier_board: {rule}" for rule in wrong])


@cocotb.test()
async def conversions_too_early_or_of_nothing(dut) -> None:
    board = await started(dut)
    closed = await board.ready(Mode.READ)
    await board.switches("bl", 0)
    await board.switches("bl", closed[2])
    await board.clocks(t.TIA_SETTLE_CYCLES)
    await board.convert()
    await board.expect("carrier_board: conversion before switches and amplifiers have settled")
    for rail in Rail:
        await board.rails({rail: 300 + rail})
        await board.convert()
        await board.expect(*["carrier_board: conversion before a rail has settled"] * (rail in (*READ_RAILS, Rail.CAL)))
        await board.clocks(t.DAC_SETTLE_CYCLES)
    cases = (
        ("bus", 1 << 1, "bit line bus not at bl_read in a conversion"),
        ("wl", 2 << 62, "row open in a conversion"),
        ("bl", 2, "row open in a conversion"),
        ("col_hi", 1 << 60, "column without amplifier in a conversion"),
        ("col_lo", 3, "column without amplifier in a conversion"),
    )
    for group, flipped, rule in cases:
        wrong = list(closed)
        wrong[GROUPS.index(group)] ^= flipped
        await board.lines(wrong)
        await board.convert()
        await board.expect(f"carrier_board: {rule}")
    await board.lines(closed)
    await board.half(set_en_i=1)
    await board.half()
    wrong_pulse = ["word line bus not at the rail of the pulse", "bit line bus not at bl_set in SET"]
    wrong_pulse += ["column neither at ground nor inhibited in SET", "amplifier connected in a pulse"]
    await board.expect(*[f"carrier_board: {rule}" for rule in wrong_pulse])
    await board.convert()
    await board.expect("carrier_board: conversion during a pulse")
    await board.half(set_en_i=0)
    await board.half(safe_ni=0)
    await board.clocks(t.DAC_SETTLE_CYCLES + 1)
    await board.convert()
    wrong = ["conversion in the safe state", "bit line bus not at bl_read in a conversion", "row open in a conversion"]
    await board.expect(*[f"carrier_board: {rule}" for rule in [*wrong, "column without amplifier in a conversion"]])
