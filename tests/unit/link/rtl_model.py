"""ohm_link_rx, ohm_link_window and the order of ohm_link_reply in Python, and a line of a given rate and delay to them.

The models follow the RTL state by state, frame by frame instead of clock by clock; what they leave out is the UART and
the change of the rate. `Line` moves time from one event to the next, so that a million frames take minutes.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections import deque
from collections.abc import Callable

from ohmbench.link import Transport
from ohmbench.link.codec import Decoder, Frame, cobs_decode, encode_frame
from ohmbench.tables import DEFAULT_BAUD, MAGIC, PROTOCOL_VERSION, FrameType

DEPTH = 4096
SLOTS = ((DEPTH - 1) - (DEPTH - 1) // 16) // 256
WINDOW = 15
RETRY_S = 0.2
REFRESH_CREDITS = 4
OVERHEAD = 8
LONGEST = 256 + OVERHEAD
NEVER = float("inf")


class Receiver:
    """ohm_link_rx. `check_crc` and `drop_duplicates` off are the defects that tests must notice.

    Attributes:
        queue: numbered frames that the logic has not taken yet.
        good: frames that were whole and undamaged.
    """

    def __init__(self, *, check_crc: bool = True, drop_duplicates: bool = True) -> None:
        self.check_crc = check_crc
        self.drop_duplicates = drop_duplicates
        self.queue: deque[Frame] = deque()
        self.good = 0
        self.expected = 0
        self.told = 0
        self.synced = self.gap = self.ack = self.nak = False
        self._used = 0
        self._rest = b""

    @property
    def credits(self) -> int:
        free = DEPTH - 1 - self._used
        return (free - (free >> 4)) >> 8

    @property
    def wants_ack(self) -> bool:
        grown = self.credits >= self.told + REFRESH_CREDITS or (self.told == 0 and self.credits > 0)
        return self.ack or (self.synced and grown)

    def feed(self, data: bytes) -> list[Frame]:
        """Takes bytes; returns the good frames among them that are not numbered."""
        *pieces, self._rest = (self._rest + data).split(b"\0")
        return [frame for piece in pieces if piece and (frame := self._take(piece)) is not None]

    def pop(self) -> Frame:
        """The logic takes a frame."""
        frame = self.queue.popleft()
        self._used -= len(frame.payload) + 5
        return frame

    def hello(self) -> None:
        self.queue.clear()
        self._used = self.expected = 0
        self.synced = self.ack = True
        self.gap = self.nak = False

    def answer(self) -> Frame:
        """The ack or nak that is due."""
        self.told = self.credits
        kind = FrameType.NAK if self.nak else FrameType.ACK
        self.ack = self.nak = False
        return Frame(kind, self.expected, self.told)

    def _take(self, piece: bytes) -> Frame | None:
        try:
            body = cobs_decode(piece)
        except ValueError:
            return None
        if not OVERHEAD <= len(body) <= LONGEST:
            return None
        if self.check_crc and zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
            return None
        self.good += 1
        frame = Frame(body[0], body[1], body[2] | body[3] << 8, body[4:-4])
        if not frame.numbered:
            return frame
        if self.synced:
            self._number(frame)
        return None

    def _number(self, frame: Frame) -> None:
        ahead = (frame.seq - self.expected) & 0xFF
        if ahead == 0 or (ahead >= 128 and not self.drop_duplicates):
            if self.credits:
                self.queue.append(frame)
                self._used += len(frame.payload) + 5
                self.expected = (frame.seq + 1) & 0xFF
                self.gap = False
            self.ack = True
        elif ahead >= 128:
            self.ack = True
        elif not self.gap:
            self.gap = self.nak = True


class Window:
    """ohm_link_window: frames for the host, kept until acknowledged."""

    def __init__(self) -> None:
        self.waiting: deque[Frame] = deque()  # what the logic has for it; the window takes at most 15 of these
        self.late_at = NEVER
        self.clear()

    def clear(self) -> None:
        self.kept: deque[bytes] = deque()
        self._write = self._first = self._send = 0
        self._credits = WINDOW
        self.late_at = NEVER

    def next(self, now: float) -> bytes | None:
        """The frame that goes now, if one may."""
        while self.waiting and len(self.kept) < WINDOW:
            frame = self.waiting.popleft()
            self.kept.append(encode_frame(Frame(frame.type, self._write & 0xFF, frame.arg, frame.payload)))
            self._write += 1
        sent = self._send - self._first
        if sent >= self._credits or self._send == self._write:
            return None
        self._send += 1
        self.late_at = now + RETRY_S
        return self.kept[sent]

    def acked(self, seq: int, credits: int, again: bool, now: float) -> None:
        distance = (seq - self._first) & 0xFF
        if distance > len(self.kept):
            return
        for _ in range(distance):
            self.kept.popleft()
        again = again or self._send - self._first < distance
        self._first += distance
        self._credits = min(WINDOW, credits)
        if again:
            self._send = self._first
        if not self.kept:
            self.late_at = NEVER
        elif again or distance:
            self.late_at = now + RETRY_S

    def late(self, now: float) -> None:
        self.acked(self._first & 0xFF, self._credits or 1, True, now)
        self.late_at = now + RETRY_S


class Fpga:
    """Both halves, and a logic that takes a frame every `work_s` seconds.

    Attributes:
        delivered: called with each numbered frame that the logic takes.
    """

    def __init__(self, receiver: Receiver, delivered: Callable[[Frame], None], work_s: float = 0.0) -> None:
        self.receiver = receiver
        self.window = Window()
        self.delivered = delivered
        self.work_s = work_s
        self.work_at = NEVER
        self._info = self._state = False

    def receive(self, data: bytes, now: float) -> None:
        for frame in self.receiver.feed(data):
            if frame.payload:
                continue
            if frame.type in (FrameType.ACK, FrameType.NAK):
                self.window.acked(frame.seq, frame.arg, frame.type == FrameType.NAK, now)
            elif frame.type == FrameType.STATUS:
                self._state = True
                self.receiver.ack = self.receiver.ack or self.receiver.synced
            elif frame.type == FrameType.HELLO and frame.arg == PROTOCOL_VERSION:
                self.receiver.hello()
                self.window.clear()
                self._info = True
        if self.work_at == NEVER and self.receiver.queue:
            self.work_at = now + self.work_s

    def work(self, now: float) -> None:
        self.delivered(self.receiver.pop())
        while not self.work_s and self.receiver.queue:
            self.delivered(self.receiver.pop())
        self.work_at = now + self.work_s if self.receiver.queue else NEVER

    def next(self, now: float) -> bytes | None:
        """The next frame on the line, answers first."""
        if self._info:
            self._info = False
            info = struct.pack("<4sIIBBBBHHIBB", MAGIC, 1, 48_000_000, 32, 32, 1, SLOTS, 256, 1024, 1, 1, 32)
            return encode_frame(Frame(FrameType.INFO, 0, PROTOCOL_VERSION, info))
        if self._state:
            self._state = False
            return encode_frame(Frame(FrameType.STATE, 0, 0, struct.pack("<QQIQIQQ", *[0] * 7)))
        if self.receiver.nak or self.receiver.wants_ack:
            return encode_frame(self.receiver.answer())
        return self.window.next(now)


class Damage:
    """What a line does to a frame; rates are probabilities for each frame.

    Attributes:
        kinds: bit, lose, insert, double, burst, drop, repeat, stall.
        count: frames damaged so far.
    """

    def __init__(self, seed: int, rates: dict[str, float]) -> None:
        self.kinds = list(rates)
        self.count = 0
        self._weights = list(rates.values())
        self._any = sum(self._weights)
        self._dice = random.Random(seed)

    def __call__(self, wire: bytes) -> tuple[bytes, float]:
        """Returns what is left of the frame, and for how long in s the line stalls."""
        dice = self._dice
        if not self._any or dice.random() >= self._any:
            return wire, 0.0
        self.count += 1
        kind = dice.choices(self.kinds, self._weights)[0]
        at = dice.randrange(len(wire))
        if kind == "stall":
            return wire, dice.choice((0.001, 0.03, 0.3))
        if kind == "bit":
            return wire[:at] + bytes((wire[at] ^ 1 << dice.randrange(8),)) + wire[at + 1 :], 0.0
        if kind == "lose":
            return wire[:at] + wire[at + dice.randint(1, 4) :], 0.0
        if kind == "insert":
            return wire[:at] + dice.randbytes(dice.randint(1, 4)) + wire[at:], 0.0
        if kind == "double":
            return wire[: at + 1] + wire[at:], 0.0
        if kind == "burst":
            size = dice.randint(2, 40)
            return wire[:at] + dice.randbytes(size) + wire[at + size :], 0.0
        return (wire * 2 if kind == "repeat" else b""), 0.0


class TimedLine(Transport):
    """A host and an `Fpga` at the two ends of a line of `baud`, whose bytes the host sees `delay_s` after they came.

    Attributes:
        now: seconds, moved by `read` only.
        slower: by which the line is slower than its rate says, as a simulator on a busy machine is.
        missed: most undamaged frames in a row, with no damage between them, that a receiver did not recognise.
    """

    def __init__(self, fpga: Fpga, *, baud: int = DEFAULT_BAUD, delay_s: float = 0.0, up: Damage, down: Damage) -> None:
        self.name = "line"
        self.baud = baud
        self.now = 100.0
        self.slower = 1.0
        self.missed = 0
        self._fpga = fpga
        self._delay_s = delay_s
        self._damage = {"down": down, "up": up}
        self._free = {"down": 0.0, "up": 0.0}  # when the last byte put on each direction has left
        self._down: deque[tuple[float, bytes, bool]] = deque()  # arrival, bytes, undamaged
        self._up: deque[tuple[float, bytes]] = deque()
        self._shadow = Decoder()  # sees what the host sees, frame by frame
        self._misses = {"down": 0, "up": 0}

    def clock(self) -> float:
        return self.now

    def write(self, data: bytes) -> None:
        """See `Transport.write`."""
        pieces = data.split(b"\0")
        for piece in pieces[:-1]:
            when, wire, whole = self._cross("down", piece + b"\0")
            self._down.append((when, wire, whole and bool(piece)))
        assert not pieces[-1]

    def read(self, timeout_s: float) -> bytes:
        """See `Transport.read`."""
        end = self.now + timeout_s
        fpga = self._fpga
        while True:
            if self._up and self._up[0][0] <= self.now:
                data = b""
                while self._up and self._up[0][0] <= self.now:
                    data += self._up.popleft()[1]
                return data
            if self._free["up"] <= self.now:
                wire = fpga.next(self.now)
                if wire is not None:
                    when, wire, whole = self._cross("up", wire)
                    before = self._shadow.good
                    self._shadow.feed(wire)
                    self._judge("up", whole, self._shadow.good > before)
                    self._up.append((when + self._delay_s, wire))
                    continue
            then = min(
                self._down[0][0] if self._down else NEVER,
                self._up[0][0] if self._up else NEVER,
                self._free["up"] if self._free["up"] > self.now else NEVER,
                fpga.work_at,
                fpga.window.late_at,
            )
            if then > end:
                self.now = end
                return b""
            self.now = max(self.now, then)
            if self._down and self._down[0][0] <= self.now:
                _, wire, whole = self._down.popleft()
                before = fpga.receiver.good
                fpga.receive(wire, self.now)
                self._judge("down", whole, fpga.receiver.good > before)
            if fpga.work_at <= self.now:
                fpga.work(self.now)
            if fpga.window.late_at <= self.now:
                fpga.window.late(self.now)

    def set_baud(self, baud: int) -> None:
        """See `Transport.set_baud`."""
        self.baud = baud

    def close(self) -> None:
        """See `Transport.close`."""

    def _cross(self, way: str, wire: bytes) -> tuple[float, bytes, bool]:
        damaged, stall_s = self._damage[way](wire)
        self._free[way] = max(self.now, self._free[way]) + stall_s + len(damaged) * 10 / self.baud * self.slower
        return self._free[way], damaged, damaged == wire

    def _judge(self, way: str, whole: bool, recognised: bool) -> None:
        self._misses[way] = self._misses[way] + 1 if whole and not recognised else 0
        self.missed = max(self.missed, self._misses[way])
