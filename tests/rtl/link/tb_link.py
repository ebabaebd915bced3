from __future__ import annotations

import random
import struct
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from tests.rtl.link.link_host import Host, damage
from tests.rtl.serial_line import SerialLine, start

from ohmbench.link.codec import Frame, encode_frame
from ohmbench.tables import CARRIERS, PROTOCOL_VERSION, FrameType

DEFAULT_DIV = 16
FAST_DIV = 4
FALLBACK_CLOCKS = 250 * 40
RETRY_CLOCKS = 20_000
LONGEST_PAUSE = 100  # clocks, before another one is drawn
INPUTS = {
    "build_id_i": 0x12345678,
    "uart_rx_i": 1,
    "rx_ready_i": 0,
    "tx_valid_i": 0,
    "tx_data_i": 0,
    "tx_last_i": 0,
    "state_i": 0,
    "baud_valid_i": 0,
    "baud_div_i": 0,
}


class Inside:
    """The logic behind the link: takes and gives frames with random pauses."""

    def __init__(self, dut: Any, seed: int) -> None:
        self.dut = dut
        self.rng = random.Random(seed)
        self.stall = 0.3
        self.frames: list[Frame] = []
        self.lengths: list[int] = []
        self.events: list[str] = []
        self.to_send: list[Frame] = []
        self._partial = bytearray()
        cocotb.start_soon(self._take())
        cocotb.start_soon(self._give())
        for name in ("hello", "abort", "good_frame", "break"):
            cocotb.start_soon(self._watch(name))

    async def _take(self) -> None:
        while True:
            if not int(self.dut.rx_valid_o.value):
                await RisingEdge(self.dut.rx_valid_o)
            await FallingEdge(self.dut.clk_i)
            clocks = 0
            while self.rng.random() < self.stall and clocks < LONGEST_PAUSE:
                clocks += 1
            if clocks:
                self.dut.rx_ready_i.value = 0
                await ClockCycles(self.dut.clk_i, clocks, FallingEdge)
            self.dut.rx_ready_i.value = clocks < LONGEST_PAUSE
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.hello_o.value) or int(self.dut.abort_o.value):
                self._partial.clear()
            elif int(self.dut.rx_valid_o.value) and int(self.dut.rx_ready_i.value):
                self._partial.append(int(self.dut.rx_data_o.value))
                length = int(self.dut.rx_length_o.value)
                if int(self.dut.rx_last_o.value):
                    kind, seq, arg = struct.unpack_from("<BBH", self._partial)
                    self.frames.append(Frame(kind, seq, arg, bytes(self._partial[4:])))
                    assert length == len(self._partial) - 4
                    self._partial.clear()

    async def _give(self) -> None:
        while True:
            if not self.to_send:
                await Timer(1, unit="us")
                continue
            await FallingEdge(self.dut.clk_i)
            frame = self.to_send[0]
            data = struct.pack("<BBH", frame.type, 0xEE, frame.arg) + frame.payload
            for index, byte in enumerate(data):
                while self.rng.random() < self.stall:
                    await FallingEdge(self.dut.clk_i)
                self.dut.tx_valid_i.value = 1
                self.dut.tx_data_i.value = byte
                self.dut.tx_last_i.value = index == len(data) - 1
                await RisingEdge(self.dut.clk_i)
                while not int(self.dut.tx_ready_o.value):
                    await RisingEdge(self.dut.tx_ready_o)
                    await RisingEdge(self.dut.clk_i)
                await FallingEdge(self.dut.clk_i)
                self.dut.tx_valid_i.value = 0
            self.to_send.pop(0)

    async def _watch(self, name: str) -> None:
        while True:
            await RisingEdge(getattr(self.dut, f"{name}_o"))
            self.events.append(name)
            if name in ("hello", "abort"):
                self._partial.clear()


async def begin(dut: Any, seed: int = 1, *, automatic: bool = True, fast: bool = True) -> tuple[Host, Inside]:
    """A link with a session, at 12 Mbaud if `fast`."""
    await start(dut, **INPUTS)
    line = SerialLine(dut.uart_rx_i, dut.uart_tx_o, DEFAULT_DIV)
    host, inside = Host(line, automatic=automatic), Inside(dut, seed)
    if fast:
        await set_rate(dut, host, FAST_DIV)
    await host.hello()
    await host.answer(FrameType.ACK)
    return host, inside


async def write_divisor(dut: Any, div: int) -> None:
    await FallingEdge(dut.clk_i)
    dut.baud_valid_i.value = 1
    dut.baud_div_i.value = div
    await FallingEdge(dut.clk_i)
    dut.baud_valid_i.value = 0


async def set_rate(dut: Any, host: Host, div: int) -> None:
    await write_divisor(dut, div)
    await ClockCycles(dut.clk_i, 10)
    host.line.div = div


async def settle(dut: Any, host: Host, frames: int = 1) -> None:
    """Time for some short frames to cross."""
    await ClockCycles(dut.clk_i, frames * 20 * 10 * host.line.div)


def frames_of(rng: random.Random, count: int, longest: int = 40) -> list[tuple[int, int, bytes]]:
    return [
        (rng.choice([0x80, 0x81, 0x84, 0xC1]), rng.randrange(1 << 16), rng.randbytes(rng.randrange(longest + 1)))
        for _ in range(count)
    ]


def contents(frames: list[Frame]) -> list[tuple[int, int, bytes]]:
    return [(f.type, f.arg, f.payload) for f in frames]


@cocotb.test()
async def hello_is_answered_by_info(dut: Any) -> None:
    host, inside = await begin(dut, fast=False)
    first = await host.hello()
    assert first.arg == PROTOCOL_VERSION
    magic, build, clock, rows, columns, kind, slots, vectors, words, session, carrier, at_once = struct.unpack(
        "<4sIIBBBBHHIBB", first.payload
    )
    assert (magic, build, clock) == (b"OHMB", 0x12345678, 48_000_000)
    assert (rows, columns, kind, slots, vectors, words) == (32, 32, 1, 15, 256, 1024)
    assert (carrier, at_once) == (CARRIERS["reference"].number, 32)
    again = struct.unpack_from("<I", (await host.hello()).payload, 20)[0]
    assert again == session + 1, "the low half counts hellos, the high half stays until reset"
    assert inside.events.count("hello") == 3


@cocotb.test()
async def another_version_gets_info_and_no_session(dut: Any) -> None:
    await start(dut, **INPUTS)
    host = Host(SerialLine(dut.uart_rx_i, dut.uart_tx_o, DEFAULT_DIV), automatic=False)
    inside = Inside(dut, 1)
    await host.transmit(Frame(FrameType.HELLO, arg=PROTOCOL_VERSION - 1))
    await host.answer(FrameType.INFO)
    await host.transmit(Frame(0x80, payload=b"abcd"))
    await settle(dut, host, 3)
    assert not inside.frames
    assert not host.answers
    assert "hello" not in inside.events


@cocotb.test()
async def nothing_numbered_is_taken_before_hello(dut: Any) -> None:
    await start(dut, **INPUTS)
    host = Host(SerialLine(dut.uart_rx_i, dut.uart_tx_o, DEFAULT_DIV), automatic=False)
    inside = Inside(dut, 1)
    await host.transmit(Frame(0x80, payload=b"abcd"), Frame(FrameType.STATUS))
    await host.answer(FrameType.STATE)
    await settle(dut, host)
    assert not inside.frames
    assert not host.answers


@cocotb.test()
async def both_directions_at_once_at_full_rate(dut: Any) -> None:
    """Bytes follow each other without a gap at 4 clocks a bit, both ways; sizes up to the largest."""
    rng = random.Random(5)
    host, inside = await begin(dut)
    out, back = frames_of(rng, 20, 256), frames_of(rng, 20, 256)
    out[3:5] = [(0x81, 0, bytes(256)), (0x81, 1, b"\xff" * 256)]
    back[3:5] = [(0xC1, 0, bytes(256)), (0xC1, 1, b"\xff" * 256)]
    for item in out:
        host.post(*item)
    inside.to_send += [Frame(kind, 0, arg, payload) for kind, arg, payload in back]
    await host.until(lambda: len(inside.frames) == len(out) and len(host.inbox) == len(back), 6000)
    assert contents(inside.frames) == out
    assert contents(host.inbox) == back
    assert host.decoder.bad == 0
    assert not [f for f in host.seen if f.type == FrameType.NAK]


@cocotb.test()
@cocotb.parametrize(seed=range(3))
async def damage_never_gets_through_and_the_link_recovers(dut: Any, seed: int) -> None:
    rng = random.Random(seed)
    host, inside = await begin(dut, seed)
    host.damage_out = damage(rng, 0.25)
    host.damage_in = damage(rng, 0.25)
    out, back = frames_of(rng, 100), frames_of(rng, 60)
    for item in out:
        host.post(*item)
    inside.to_send += [Frame(kind, 0, arg, payload) for kind, arg, payload in back]
    await host.until(lambda: len(inside.frames) == len(out) and len(host.inbox) == len(back), 60_000)
    await settle(dut, host, 4)
    assert contents(inside.frames) == out
    assert [f.seq for f in inside.frames] == [n & 0xFF for n in range(len(out))]
    assert contents(host.inbox) == back
    assert host.decoder.bad > 10
    assert inside.events.count("hello") == 1


@cocotb.test()
async def sequence_numbers_wrap(dut: Any) -> None:
    host, inside = await begin(dut)
    for n in range(300):
        host.post(0x80, n)
        inside.to_send.append(Frame(0xC1, 0, n))
    await host.until(lambda: len(inside.frames) == 300 and len(host.inbox) == 300, 20_000)
    assert [f.arg for f in inside.frames] == [f.arg for f in host.inbox] == list(range(300))


@cocotb.test()
async def a_duplicate_is_acknowledged_and_not_delivered(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    frame = Frame(0x80, 0, 7, b"once")
    for _ in range(3):
        await host.transmit(frame)
        assert (await host.answer(FrameType.ACK)).seq == 1
    await settle(dut, host)
    assert inside.frames == [frame]
    assert inside.events.count("good_frame") == 1 + 3


@cocotb.test()
async def a_block_that_is_cut_short_is_bad(dut: Any) -> None:
    """All bytes are there and the CRC is right, but the last block claims more."""
    host, inside = await begin(dut, automatic=False)
    wire = bytearray(encode_frame(Frame(0x80, 0, 7, b"some")))
    code = 0
    while code + wire[code] < len(wire) - 1:
        code += wire[code]
    wire[code] += 1
    await host.line.send(wire)
    await host.transmit(Frame(FrameType.STATUS))
    await host.answer(FrameType.STATE)
    assert not inside.frames
    assert inside.events.count("good_frame") == 2, "hello and status"


@cocotb.test()
async def one_nak_a_gap(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    frames = [Frame(0x80, n, n) for n in range(6)]
    await host.transmit(frames[0], frames[2], frames[3], frames[4])
    await settle(dut, host)
    naks = [f for f in host.answers if f.type == FrameType.NAK]
    assert [f.seq for f in naks] == [1]
    host.answers.clear()
    await host.transmit(frames[1], frames[2], frames[4], frames[3])
    await settle(dut, host)
    assert [f.seq for f in host.answers if f.type == FrameType.NAK] == [3], "a new gap, a new nak"
    await host.transmit(frames[4])
    await settle(dut, host)
    assert inside.frames == frames[:5]


@cocotb.test()
async def a_lost_ack_brings_the_window_again(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    inside.to_send += [Frame(0xC1, 0, n) for n in range(3)]
    await host.until(lambda: len(host.inbox) == 3)
    await ClockCycles(dut.clk_i, RETRY_CLOCKS - 2000)
    assert len(host.seen) == len([f for f in host.seen if not f.numbered]) + 3, "not before its time"
    await ClockCycles(dut.clk_i, 4000)
    assert [f.seq for f in host.seen if f.numbered] == [0, 1, 2, 0, 1, 2]
    await host.transmit(Frame(FrameType.ACK, 2, 15))
    await ClockCycles(dut.clk_i, RETRY_CLOCKS + 2000)
    assert [f.seq for f in host.seen if f.numbered][6:] == [2], "only what is missing"
    await host.transmit(Frame(FrameType.ACK, 3, 15))
    await ClockCycles(dut.clk_i, RETRY_CLOCKS + 2000)
    assert len([f for f in host.seen if f.numbered]) == 7


@cocotb.test()
async def a_nak_brings_all_from_there_on(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    inside.to_send += [Frame(0xC1, 0, n, bytes([n])) for n in range(5)]
    await host.until(lambda: len(host.inbox) == 5)
    await host.transmit(Frame(FrameType.NAK, 2, 15))
    await settle(dut, host, 3)
    numbered = [f for f in host.seen if f.numbered]
    assert [f.seq for f in numbered] == [0, 1, 2, 3, 4, 2, 3, 4]
    assert numbered[5:] == numbered[2:5]


@cocotb.test()
async def the_window_holds_fifteen_frames(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    inside.to_send += [Frame(0xC1, 0, n) for n in range(20)]
    await settle(dut, host, 20)
    assert len(host.inbox) == 15
    await host.transmit(Frame(FrameType.ACK, 15, 15))
    await host.until(lambda: len(host.inbox) == 20)


@cocotb.test()
async def the_window_holds_4_kib(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    rng = random.Random(8)
    back = frames_of(rng, 24)
    back = [(kind, arg, rng.randbytes(256)) for kind, arg, _ in back]
    inside.to_send += [Frame(kind, 0, arg, payload) for kind, arg, payload in back]
    while len(host.inbox) < len(back):
        before = len(host.inbox)
        await host.until(lambda before=before: len(host.inbox) > before, 6000)
        await host.transmit(host.acknowledgement())
    assert contents(host.inbox) == back


@cocotb.test()
async def the_hosts_credits_are_kept(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    await host.transmit(Frame(FrameType.ACK, 0, 2))
    await settle(dut, host)
    inside.to_send += [Frame(0xC1, 0, n) for n in range(6)]
    await settle(dut, host, 6)
    assert len(host.inbox) == 2
    await host.transmit(Frame(FrameType.ACK, 2, 1))
    await settle(dut, host, 3)
    assert len(host.inbox) == 3
    await host.transmit(Frame(FrameType.ACK, 3, 0))
    await settle(dut, host, 3)
    assert len(host.inbox) == 3
    await ClockCycles(dut.clk_i, RETRY_CLOCKS)
    assert len(host.inbox) == 4, "one frame probes whether an ack with credits was lost"


@cocotb.test()
async def credits_count_down_and_overrun_is_refused(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    inside.stall = 1.0
    frames = [Frame(0x81, n, n, bytes(256)) for n in range(16)]
    credits = []
    for frame in frames:
        await host.transmit(frame)
        credits.append((await host.answer(FrameType.ACK)).arg)
    assert credits == [*range(14, -1, -1), 0]
    inside.stall = 0.0
    refreshed = await host.answer(FrameType.ACK)
    assert refreshed.seq == 15, "the one without credit was not taken"
    assert refreshed.arg > 0
    await host.transmit(frames[15])
    await host.until(lambda: len(inside.frames) == 16)
    assert inside.frames == frames
    await host.transmit(Frame(FrameType.STATUS))
    assert (await host.answer(FrameType.STATE)).type == FrameType.STATE
    assert (await host.answer(FrameType.ACK)).arg == 15, "status brings the credits"


@cocotb.test()
async def abort_overtakes_what_is_queued(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    inside.stall = 1.0
    queued = [Frame(0x83, n, n, bytes(16)) for n in range(5)]
    await host.transmit(*queued)
    await settle(dut, host)
    await host.transmit(Frame(FrameType.ABORT))
    await host.answer(FrameType.STATE)
    assert inside.events.count("abort") == 1
    inside.stall = 0.2
    after = Frame(0x80, 5, 0xABCD, b"next")
    await host.transmit(after)
    await host.until(lambda: inside.frames)
    await settle(dut, host)
    assert inside.frames == [after]


@cocotb.test()
async def abort_cuts_a_frame_that_is_being_taken(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    inside.stall = 0.997
    await host.transmit(Frame(0x80, 0, 1, bytes(200)), Frame(FrameType.ABORT))
    await host.answer(FrameType.STATE)
    assert not inside.frames
    inside.stall = 0.0
    after = Frame(0x80, 1, 2, b"whole")
    await host.transmit(after)
    await host.until(lambda: inside.frames)
    assert inside.frames == [after]


@cocotb.test()
async def state_is_one_moment(dut: Any) -> None:
    """The counters run while their bytes go out; all are of the same clock."""
    host, _ = await begin(dut, automatic=False)

    async def count() -> None:
        ticks = 0xFFFFFFFF - 300_000
        while True:
            ticks += 3
            flags = 0x02 << 3 | 0b101
            dut.state_i.value = (
                flags
                | ticks << 11
                | (ticks + 1) << 75
                | (ticks & 0xFFFFFFFF) << 139
                | (ticks + 2) << 171
                | (ticks + 3 & 0xFFFFFFFF) << 235
                | (ticks + 4) << 267
                | (ticks + 5) << 331
            )
            await FallingEdge(dut.clk_i)

    cocotb.start_soon(count())
    for _ in range(20):
        await host.transmit(Frame(FrameType.STATUS))
        state = await host.answer(FrameType.STATE)
        assert state.arg == 0x0205
        run, clock, pulses, busy, reads, read, wait = struct.unpack("<QQIQIQQ", state.payload)
        assert clock == run + 1
        assert busy == run + 2
        assert pulses == run & 0xFFFFFFFF
        assert (reads, read, wait) == (run + 3 & 0xFFFFFFFF, run + 4, run + 5)


@cocotb.test()
async def hello_resets_both_directions(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    inside.stall = 1.0
    await host.transmit(Frame(0x80, 0, 1), Frame(0x80, 1, 2))
    dut.tx_valid_i.value = 0
    inside.stall = 0.5
    inside.to_send += [Frame(0xC1, 0, n, bytes(100)) for n in range(8)]
    await host.until(lambda: len(host.inbox) >= 2)
    inside.to_send.clear()
    while inside.to_send or int(dut.tx_valid_i.value):
        await FallingEdge(dut.clk_i)
    inside.stall = 1.0
    inside.frames.clear()
    await settle(dut, host)
    await host.hello()
    host.inbox.clear()
    inside.stall = 0.1
    await host.transmit(Frame(0x80, 0, 0x55))
    await host.until(lambda: inside.frames)
    inside.to_send.append(Frame(0xC2, 0, 0x66))
    await host.until(lambda: host.inbox)
    await settle(dut, host)
    assert [f.arg for f in inside.frames][-1] == 0x55
    assert [f.arg for f in host.inbox] == [0x66]


@cocotb.test()
async def hello_drops_a_frame_half_written(dut: Any) -> None:
    host, inside = await begin(dut, automatic=False)
    await FallingEdge(dut.clk_i)
    for byte in (0xC1, 0, 0x77, 0x77, 1, 2, 3):
        dut.tx_valid_i.value = 1
        dut.tx_data_i.value = byte
        await FallingEdge(dut.clk_i)
    dut.tx_valid_i.value = 0
    await host.hello()
    inside.to_send.append(Frame(0xC2, 0, 0x66, b"new"))
    await host.until(lambda: host.inbox)
    assert contents(host.inbox) == [(0xC2, 0x66, b"new")]


@cocotb.test()
async def the_rate_changes_after_the_ack(dut: Any) -> None:
    host, inside = await begin(dut, fast=False, automatic=False)
    inside.to_send += [Frame(0xC1, 0, n, bytes(12)) for n in range(4)]
    await host.until(lambda: host.inbox, 4000)
    await host.transmit(Frame(0x85, 0, 12, bytes([8, 0, 0, 0])))
    await host.until(lambda: inside.frames)
    await write_divisor(dut, 8)
    await host.until(lambda: [f for f in host.seen if f.type == FrameType.ACK and f.seq == 1], 8000)
    assert host.decoder.bad == 0, "all until the ack came at the old rate"
    # one frame may have been on its way behind the ack
    await settle(dut, host, 2)
    host.line.div = 8
    host.forget_half_a_frame()
    await host.transmit(Frame(FrameType.STATUS))
    await host.answer(FrameType.STATE)
    await host.until(lambda: len(host.inbox) == 4, 8000)
    await ClockCycles(dut.clk_i, FALLBACK_CLOCKS + 100)
    await host.transmit(host.acknowledgement(), Frame(FrameType.STATUS))
    await host.answer(FrameType.STATE)
    await write_divisor(dut, 0)
    await settle(dut, host, 3)
    host.line.div = DEFAULT_DIV
    await host.transmit(Frame(FrameType.STATUS))
    await host.answer(FrameType.STATE)


@cocotb.test()
async def without_a_good_frame_the_rate_falls_back(dut: Any) -> None:
    host, _ = await begin(dut, fast=False, automatic=False)
    await write_divisor(dut, FAST_DIV)
    await ClockCycles(dut.clk_i, FALLBACK_CLOCKS - 200)
    assert int(dut.div_q.value) == FAST_DIV
    await ClockCycles(dut.clk_i, 400)
    await host.transmit(Frame(FrameType.STATUS))
    await host.answer(FrameType.STATE)


@cocotb.test()
async def a_break_returns_to_the_default_rate(dut: Any) -> None:
    """As when a host that knows nothing opens the port: it sends a zero at the default rate."""
    host, inside = await begin(dut, automatic=False)
    await host.transmit(Frame(0x80, 0, 1, b"one"))
    await host.line.send(encode_frame(Frame(0x80, 1, 2, b"two"))[:6])
    host.line.div = DEFAULT_DIV * 3
    await host.line.send([0])
    host.line.div = DEFAULT_DIV
    assert inside.events[-1] == "break"
    # what the other end was sending when the rate changed
    await settle(dut, host)
    host.forget_half_a_frame()
    await host.transmit(Frame(FrameType.STATUS), Frame(0x80, 1, 2, b"two"))
    await host.answer(FrameType.STATE)
    await host.until(lambda: len(inside.frames) == 2)
    assert [f.payload for f in inside.frames] == [b"one", b"two"], "the session goes on"
    assert inside.events.count("break") == 1
