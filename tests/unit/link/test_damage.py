"""Whatever a line does, each numbered frame is delivered once, in order and undamaged: Channel against the RTL's model.

The defects put in on purpose show that these tests would notice.
"""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import dataclass

import pytest
from tests.unit.link.rtl_model import SLOTS, Damage, Fpga, Receiver, TimedLine

from ohmbench.link import channel as channel_module
from ohmbench.link import codec
from ohmbench.link.channel import Channel
from ohmbench.link.codec import Frame
from ohmbench.tables import FrameType

KINDS = ["bit", "lose", "insert", "double", "burst", "drop", "repeat", "stall"]
_NOISE = random.Random(0).randbytes(1024)


def payload(number: int) -> bytes:
    """Bytes that tell the frame with this number from all others; mostly few, now and then a full frame."""
    size = 256 - 4 if number % 50 == 49 else number % 13
    at = number * 31 % (len(_NOISE) - 256)
    return struct.pack("<I", number) + _NOISE[at : at + size]


class Stream:
    """What one side should receive, and what it did receive that is not that."""

    def __init__(self, kind: FrameType) -> None:
        self.kind = kind
        self.count = 0
        self.wrong: list[tuple[int, Frame]] = []

    def frame(self, number: int) -> Frame:
        return Frame(self.kind, 0, number & 0xFFFF, payload(number))

    def take(self, frame: Frame) -> None:
        want = self.frame(self.count)
        if (frame.type, frame.arg, frame.payload) != (want.type, want.arg, want.payload):
            self.wrong.append((self.count, frame))
        self.count += 1


@dataclass
class Outcome:
    wrong: list[tuple[int, Frame]]
    damaged: int
    missed: int
    resends: int


def exchange(frames: int, rate: float, seed: int, receiver: Receiver | None = None, work_s: float = 0.0) -> Outcome:
    """Sends so many frames each way while both directions are damaged in every way, until all came or one is wrong."""
    down, up = Stream(FrameType.VECTOR), Stream(FrameType.RESULT)
    fpga = Fpga(receiver or Receiver(), down.take, work_s)
    rates = dict.fromkeys(KINDS, rate / len(KINDS))
    damage = {"down": Damage(2 * seed, rates), "up": Damage(2 * seed + 1, rates)}
    line = TimedLine(fpga, baud=3_000_000, delay_s=0.001, up=damage["up"], down=damage["down"])
    channel = Channel(line, clock=line.clock)
    assert channel.greet(60.0) is not None
    channel.begin(SLOTS)
    sent = emitted = 0
    quiet_at = line.now
    while (down.count < frames or up.count < frames) and not (down.wrong or up.wrong):
        while sent < frames and channel.unsent < 32:
            channel.send(down.frame(sent))
            sent += 1
        while emitted < frames and len(fpga.window.waiting) < 32:
            fpga.window.waiting.append(up.frame(emitted))
            emitted += 1
        before = down.count, up.count
        channel.pump(line.now + 1.0)
        while channel.received:
            up.take(channel.received.popleft())
        if before != (down.count, up.count):
            quiet_at = line.now
        assert line.now - quiet_at < 60, "no progress for a minute"
    # What is still on its way must not be delivered again.
    end = line.now + 3.0
    while line.now < end:
        channel.pump(end)
        while channel.received:
            up.take(channel.received.popleft())
    for stream in (down, up):
        if stream.count != frames and not (down.wrong or up.wrong):
            stream.wrong.append((stream.count, stream.frame(stream.count)))
    return Outcome(down.wrong + up.wrong, damage["up"].count + damage["down"].count, line.missed, channel.resends)


@pytest.mark.parametrize(("rate", "seed", "work_s"), [(0.03, 1, 0.0), (0.2, 2, 0.0), (0.03, 3, 0.0005)])
def test_frames_arrive_once_in_order_and_undamaged(rate: float, seed: int, work_s: float) -> None:
    outcome = exchange(3400, rate, seed, work_s=work_s)
    assert not outcome.wrong
    assert outcome.damaged > 2 * 3400 * rate
    assert outcome.resends > 50
    assert outcome.missed <= 1  # so the second good frame after damage is recognised


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "work_s"), [(0.01, 0.0), (0.02, 0.0), (0.05, 0.0), (0.02, 0.0002)])
def test_a_million_frames_arrive_once_in_order_and_undamaged(rate: float, work_s: float) -> None:
    outcome = exchange(130_000, rate, 100, work_s=work_s)
    assert not outcome.wrong
    assert outcome.missed <= 1


# The same runs with a defect each


def test_a_receiver_that_does_not_drop_duplicates_is_noticed() -> None:
    assert exchange(3400, 0.03, 1, Receiver(drop_duplicates=False)).wrong


def test_a_receiver_that_does_not_check_the_crc_is_noticed() -> None:
    assert exchange(3400, 0.03, 1, Receiver(check_crc=False)).wrong


def test_a_host_that_does_not_drop_duplicates_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def deliver(self: Channel, frame: Frame) -> None:
        self.received.append(frame)
        self._expected = frame.seq + 1
        self._answer = FrameType.ACK

    monkeypatch.setattr(channel_module.Channel, "_deliver", deliver)
    assert exchange(3400, 0.03, 1).wrong


def test_a_host_that_does_not_check_the_crc_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class NoCrc:
        @staticmethod
        def crc32(data: bytes) -> int:
            # Right for what is sent, and whatever is wanted for what is received.
            return wanted.pop() if wanted else zlib.crc32(data)

    wanted: list[int] = []
    real = codec.cobs_decode

    def decode(data: bytes) -> bytes:
        body = real(data)
        if len(body) >= 8:
            wanted[:] = [int.from_bytes(body[-4:], "little")]
        return body

    monkeypatch.setattr(codec, "_codec", None)  # what is spoiled here is the reference
    monkeypatch.setattr(codec, "zlib", NoCrc)
    monkeypatch.setattr(codec, "cobs_decode", decode)
    assert exchange(3400, 0.03, 1).wrong
