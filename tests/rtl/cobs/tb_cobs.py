from __future__ import annotations

import contextlib
import random
import zlib
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, RisingEdge
from tests.rtl.serial_line import start

from ohmbench.link.codec import cobs_decode, cobs_encode

INPUTS = {
    "enc_valid_i": 0,
    "enc_data_i": 0,
    "enc_last_i": 0,
    "enc_ready_i": 0,
    "dec_clear_i": 0,
    "dec_valid_i": 0,
    "dec_data_i": 0,
    "crc_clear_i": 0,
}


def payloads(rng: random.Random) -> list[bytes]:
    """Every kind of block: none, short, the longest, a full one at the very end, a full one before a zero."""
    fixed = [b"\0", b"\1", b"\0\0", b"\0\1", b"\1\0", bytes(264)]
    full = [bytes(range(1, 255)), bytes(range(1, 256)), bytes(range(1, 255)) + b"\0", b"\0" + bytes(range(1, 255))]
    dense = [bytes(rng.choice([0, 1, 255]) for _ in range(rng.randrange(1, 265))) for _ in range(15)]
    sparse = [rng.randbytes(rng.randrange(1, 265)) for _ in range(15)]
    free = [bytes(rng.randrange(1, 256) for _ in range(n)) for n in (252, 253, 254, 255, 256, 263, 264)]
    return fixed + full + dense + sparse + free


async def encode(dut: Any, data: bytes, rng: random.Random, idle: float) -> None:
    for index, byte in enumerate(data):
        while rng.random() < idle:
            await FallingEdge(dut.clk_i)
        dut.enc_valid_i.value = 1
        dut.enc_data_i.value = byte
        dut.enc_last_i.value = index == len(data) - 1
        await RisingEdge(dut.clk_i)
        while not int(dut.enc_ready_o.value):
            await RisingEdge(dut.clk_i)
        await FallingEdge(dut.clk_i)
        dut.enc_valid_i.value = 0


async def collect(dut: Any, out: bytearray, rng: random.Random, stall: float) -> None:
    while True:
        await FallingEdge(dut.clk_i)
        dut.enc_ready_i.value = rng.random() >= stall
        await RisingEdge(dut.clk_i)
        if int(dut.enc_valid_o.value) and int(dut.enc_ready_i.value):
            out.append(int(dut.enc_data_o.value))


@cocotb.test()
@cocotb.parametrize(idle=[0.0, 0.6], stall=[0.0, 0.9])
async def encodes_as_the_host_does(dut: Any, idle: float, stall: float) -> None:
    rng = random.Random(f"{idle} {stall}")
    await start(dut, **INPUTS)
    out = bytearray()
    cocotb.start_soon(collect(dut, out, rng, stall))
    data = payloads(rng)
    for payload in data:
        await encode(dut, payload, rng, idle)
    while not int(dut.enc_idle_o.value):
        await FallingEdge(dut.clk_i)
    assert bytes(out) == b"".join(cobs_encode(payload) + b"\0" for payload in data)


async def decode(dut: Any, wire: bytes, rng: random.Random) -> tuple[list[bytes], list[bool]]:
    """The frames that come out, and whether each is whole and its CRC good."""
    frames, good, frame = [], [], bytearray()
    for byte in wire:
        while rng.random() < 0.3:
            await FallingEdge(dut.clk_i)
        dut.dec_valid_i.value = 1
        dut.dec_data_i.value = byte
        await RisingEdge(dut.clk_i)
        if int(dut.dec_valid_o.value):
            frame.append(int(dut.dec_data_o.value))
        ended = int(dut.dec_end_o.value)
        if ended:
            frames.append(bytes(frame))
            good.append(bool(int(dut.crc_good_o.value)) and not int(dut.dec_bad_o.value))
            if len(frame) >= 4:
                assert int(dut.crc_o.value) == zlib.crc32(frame)
            frame.clear()
        await FallingEdge(dut.clk_i)
        dut.dec_valid_i.value = 0
        dut.crc_clear_i.value = ended
        await FallingEdge(dut.clk_i)
        dut.crc_clear_i.value = 0
    return frames, good


@cocotb.test()
async def decodes_what_the_host_encodes(dut: Any) -> None:
    rng = random.Random(1)
    await start(dut, **INPUTS)
    await FallingEdge(dut.clk_i)
    data = [p + zlib.crc32(p).to_bytes(4, "little") for p in payloads(rng)]
    wire = b"".join(bytes(rng.randrange(3)) + cobs_encode(p) + b"\0" for p in data)
    frames, good = await decode(dut, wire, rng)
    assert frames == data
    assert all(good)


@cocotb.test()
async def damage_is_seen_and_ends_with_the_delimiter(dut: Any) -> None:
    rng = random.Random(2)
    await start(dut, **INPUTS)
    await FallingEdge(dut.clk_i)
    whole = b"\1\2\3 whole"
    whole += zlib.crc32(whole).to_bytes(4, "little")
    for _ in range(60):
        payload = rng.randbytes(rng.randrange(8, 40))
        wire = bytearray(cobs_encode(payload + zlib.crc32(payload).to_bytes(4, "little")))
        place = rng.randrange(len(wire))
        match rng.randrange(3):
            case 0:
                wire[place] ^= 1 << rng.randrange(8)
            case 1:
                del wire[place]
            case _:
                wire.insert(place, rng.randrange(1, 256))
        frames, good = await decode(dut, bytes(wire) + b"\0" + cobs_encode(whole) + b"\0", rng)
        assert not any(good[:-1])
        assert good[-1]
        assert frames[-1] == whole
        with contextlib.suppress(ValueError):
            assert cobs_decode(bytes(wire)) == frames[0]


@cocotb.test()
async def clear_drops_a_frame_begun(dut: Any) -> None:
    rng = random.Random(3)
    await start(dut, **INPUTS)
    await FallingEdge(dut.clk_i)
    await decode(dut, cobs_encode(b"abcdefgh")[:5], rng)
    dut.dec_clear_i.value = 1
    dut.crc_clear_i.value = 1
    await FallingEdge(dut.clk_i)
    dut.dec_clear_i.value = 0
    dut.crc_clear_i.value = 0
    frames, _ = await decode(dut, cobs_encode(b"next") + b"\0", rng)
    assert frames == [b"next"]
