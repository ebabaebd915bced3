"""The host's end of the link, as small as it can be, over a line that may do damage."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import cocotb
from cocotb.triggers import Event, First, Timer
from tests.rtl.serial_line import SerialLine

from ohmbench.link.codec import Decoder, Frame, encode_frame
from ohmbench.tables import PROTOCOL_VERSION, FrameType

Damage = Callable[[bytes], bytes]


def no_damage(data: bytes) -> bytes:
    return data


def damage(rng: random.Random, rate: float) -> Damage:
    """Flips bits, loses, doubles and inserts bytes, a fraction `rate` of the frames."""

    def apply(data: bytes) -> bytes:
        if rng.random() >= rate:
            return data
        wire, place = bytearray(data), rng.randrange(len(data))
        match rng.randrange(6):
            case 0:
                wire[place] ^= 1 << rng.randrange(8)
            case 1:
                del wire[place]
            case 2:
                wire.insert(place, wire[place])
            case 3:
                wire.insert(place, rng.randrange(256))
            case 4:
                wire[place : place + 8] = rng.randbytes(8)
            case _:
                wire.clear()
        return bytes(wire)

    return apply


class Host:
    """Sends `queue` with go-back-N and keeps what comes: `inbox` numbered and in order, `answers` the others.

    With `automatic` off it neither sends nor acknowledges by itself.
    """

    def __init__(self, line: SerialLine, *, automatic: bool = True, timeout_us: float = 500.0) -> None:
        self.line = line
        self.automatic = automatic
        self.queue: list[Frame] = []
        self.inbox: list[Frame] = []
        self.answers: list[Frame] = []
        self.seen: list[Frame] = []
        self.damage_out: Damage = no_damage
        self.damage_in: Damage = no_damage
        self.acked = 0
        self.sent = 0
        self.credits = 0
        self.decoder = Decoder()
        self._timeout_us = timeout_us
        self._unnumbered: list[Frame] = []
        self._wake = Event()
        self._raw = bytearray()
        line.on_byte = self._take_byte
        cocotb.start_soon(self._send())

    def post(self, kind: int, arg: int = 0, payload: bytes = b"", seq: int = 0) -> None:
        """Queue a frame: numbered ones for go-back-N, others to go at once."""
        if kind & 0x80:
            self.queue.append(Frame(kind, len(self.queue) & 0xFF, arg, payload))
        else:
            self._unnumbered.append(Frame(kind, seq, arg, payload))
        self._wake.set()

    async def transmit(self, *frames: Frame) -> None:
        """Send frames exactly as they are; for tests with `automatic` off."""
        for frame in frames:
            await self.line.send(encode_frame(frame))

    async def hello(self) -> Frame:
        self.acked = self.sent = 0
        self.queue.clear()
        self.inbox.clear()
        self.answers.clear()
        await self.transmit(Frame(FrameType.HELLO, arg=PROTOCOL_VERSION))
        return await self.answer(FrameType.INFO)

    async def answer(self, kind: int, timeout_us: float = 2000.0) -> Frame:
        """The next unnumbered frame of a type, and forgets those before it."""
        frames = await self.until(lambda: [f for f in self.answers if f.type == kind], timeout_us)
        del self.answers[: self.answers.index(frames[0]) + 1]
        return frames[0]

    async def until(self, condition: Callable[[], Any], timeout_us: float = 2000.0) -> Any:
        """Wait until a condition on this host is true and return its value."""
        for _ in range(round(timeout_us / 2)):
            if value := condition():
                return value
            await Timer(2, unit="us")
        raise TimeoutError(f"waited {timeout_us} us; last frames: {', '.join(map(str, self.seen[-5:]))}")

    def forget_half_a_frame(self) -> None:
        self._raw.clear()
        self.decoder.reset()

    def _take_byte(self, byte: int) -> None:
        self._raw.append(byte)
        if byte:
            return
        wire, self._raw = bytes(self._raw), bytearray()
        for frame in self.decoder.feed(self.damage_in(wire)):
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        self.seen.append(frame)
        if not frame.numbered:
            self.answers.append(frame)
            if frame.type in (FrameType.ACK, FrameType.NAK):
                ahead = (frame.seq - self.acked) & 0xFF
                if ahead <= max(self.sent, len(self.queue)) - self.acked:
                    self.acked += ahead
                    self.sent = max(self.sent, self.acked)
                    self.credits = frame.arg
                    if frame.type == FrameType.NAK:
                        self.sent = self.acked
        elif frame.seq == len(self.inbox) & 0xFF:
            self.inbox.append(frame)
        if self.automatic and frame.numbered:
            self._unnumbered.append(self.acknowledgement())
        self._wake.set()

    def acknowledgement(self, kind: FrameType = FrameType.ACK, credits: int = 15) -> Frame:
        return Frame(kind, len(self.inbox) & 0xFF, credits)

    async def _send(self) -> None:
        while True:
            if self._unnumbered:
                frame = self._unnumbered.pop(0)
            elif self.automatic and self.sent < len(self.queue) and self.sent - self.acked < self.credits:
                frame = self.queue[self.sent]
                self.sent += 1
            else:
                self._wake.clear()
                late = Timer(round(self._timeout_us * 1e6), unit="ps")
                if await First(self._wake.wait(), late) is late and self.automatic:
                    if self.acked < len(self.queue):
                        self._unnumbered.append(Frame(FrameType.STATUS))
                    self.sent = self.acked
                continue
            await self.line.send(self.damage_out(encode_frame(frame)))
