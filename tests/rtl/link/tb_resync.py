"""How soon the link is in step again after damage: the second good frame is received, whatever came before."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles
from tests.rtl.link.tb_link import begin

from ohmbench.link.codec import Frame, encode_frame
from ohmbench.tables import FrameType


def spoilt(rng: random.Random, wire: bytes) -> list[tuple[str, bytes]]:
    """A frame with each kind of damage at every place, delimiter included."""
    found = [("lost whole", b""), ("noise behind", wire + rng.randbytes(30))]
    for at in range(len(wire)):
        before, here, after = wire[:at], wire[at], wire[at + 1 :]
        found += [
            (f"flip at {at}", before + bytes([here ^ 1 << rng.randrange(8)]) + after),
            (f"loss at {at}", before + after),
            (f"double at {at}", before + bytes([here, here]) + after),
            (f"insertion at {at}", before + bytes([rng.randrange(1, 256), here]) + after),
            (f"zero at {at}", before + bytes([0, here]) + after),
            (f"noise from {at}", before + rng.randbytes(12)),
            (f"cut at {at}", before),
        ]
    return found


@cocotb.test()
async def it_is_in_step_again_within_two_good_frames(dut: Any) -> None:
    """Bytes follow each other without a gap, so that what is left of a frame runs into the next one."""
    rng = random.Random(6)
    host, inside = await begin(dut, automatic=False)
    wire = encode_frame(Frame(0x8A, 0, 0x1234, b"ab\0c"))
    good = encode_frame(Frame(FrameType.ACK, 0, 15))
    for what, damaged in spoilt(rng, wire):
        before = inside.events.count("good_frame")
        await host.line.send(damaged + good)
        await host.line.send(good)
        await ClockCycles(dut.clk_i, 12)
        # the second one at the latest; the damaged one may have been good, as with a doubled delimiter
        assert inside.events.count("good_frame") > before, what
        before = inside.events.count("good_frame")
        await host.line.send(good)
        await ClockCycles(dut.clk_i, 12)
        assert inside.events.count("good_frame") == before + 1, what


@cocotb.test()
async def it_is_in_step_again_after_bits_that_slip(dut: Any) -> None:
    """The receiver takes some other bit for a start bit, in bytes that follow without a gap and look alike."""
    host, inside = await begin(dut, automatic=False)
    good = encode_frame(Frame(FrameType.ACK, 0, 15))
    for byte in (0x55, 0xAA, 0x01, 0x7F, 0xFF, 0xF0):
        wire = encode_frame(Frame(0x8A, 0, 0x1234, bytes([byte]) * 20))
        for bits in range(1, 11):
            for level in (0, -1):
                await host.line.send(wire[:9])
                await host.line.send_bits(level, bits)
                before = inside.events.count("good_frame")
                await host.line.send(wire[9:] + good)
                await host.line.send(good)
                await ClockCycles(dut.clk_i, 12)
                assert inside.events.count("good_frame") > before, (byte, bits, level)
                before = inside.events.count("good_frame")
                await host.line.send(good)
                await ClockCycles(dut.clk_i, 12)
                assert inside.events.count("good_frame") == before + 1, (byte, bits, level)
