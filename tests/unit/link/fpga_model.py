"""The FPGA's end of the link in Python, a line that loses and damages bytes, and a clock that only tests advance."""

from __future__ import annotations

import random
import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ohmbench.link import Link, MockTransport, Why
from ohmbench.link.codec import Decoder, Frame, encode_frame
from ohmbench.tables import DEFAULT_BAUD, MAGIC, PROTOCOL_VERSION, Control, FrameError, FrameType, Register

CLOCK_HZ = 48_000_000
SLOTS = 8
WINDOW = 8
RETRY_S = 0.2
RATE_FALLBACK_S = 0.25
WORDS_A_VECTOR = 32

ECHO = 0x10  # r0 input vectors: puts out the lanes of each, then ends with code 7
SPIN = 0x20  # runs until aborted
TALK = 0x30  # puts out r0 results of 64 words at once, then ends
TRIP = 0x40  # takes one vector, then ends with a fault


def unpacked(frame: Frame) -> Iterator[list[int]]:
    """The vectors of a `vector` frame, as `vin` gives them."""
    bits, stream = frame.arg, int.from_bytes(frame.payload, "little")
    left = max(8 - bits, 0)
    for _ in range(8 * len(frame.payload) // (WORDS_A_VECTOR * bits)):
        lanes = []
        for _ in range(WORDS_A_VECTOR):
            lanes.append((stream & ((1 << bits) - 1)) << left)
            stream >>= bits
        yield lanes


class Clock:
    """Seconds that pass only when somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FpgaModel:
    """Numbered frames once and in order, credits, memories, registers, and four programs known by their entry.

    Attributes:
        executed: numbered frames executed, in order.
        frames_a_step: frames executed in each call of `receive` or `tick`; small ones fill the queue.
    """

    def __init__(self, clock: Callable[[], float], *, frames_a_step: int = 100) -> None:
        self.clock = clock
        self.frames_a_step = frames_a_step
        self.version = PROTOCOL_VERSION
        self.magic = MAGIC
        self.executed: list[Frame] = []
        self.refuse: dict[int, FrameError] = {}  # register or type -> error
        self.memory: dict[int, bytes] = {}
        self.program: dict[int, int] = {}
        self.baud = DEFAULT_BAUD
        self.highest_baud = 12_000_000
        self.armed = False
        self.running: tuple[int, int] | None = None  # entry, vectors or results left
        self.results = 0
        self._decoder = Decoder()
        self._greeted = False
        self._baud_after_ack: int | None = None
        self._rate_deadline: float | None = None
        self._out = b""
        self._reset()

    def _reset(self) -> None:
        self._queue: deque[Frame] = deque()
        self._expected = 0
        self._nak_sent = False
        self._shown = SLOTS
        self._unacked: deque[Frame] = deque()
        self._waiting: deque[Frame] = deque()
        self._first = 0
        self._allowed = WINDOW
        self._resend_at = 0.0

    def receive(self, data: bytes) -> bytes:
        """Takes bytes from the host; returns those that leave at once."""
        for frame in self._decoder.feed(data):
            self._rate_deadline = None
            self._take(frame)
        return self.tick()

    def tick(self) -> bytes:
        """Lets time pass; returns bytes that leave now."""
        if self._rate_deadline is not None and self.clock() > self._rate_deadline:
            self._rate_deadline = None
            self.baud = DEFAULT_BAUD
        self._work()
        self._transmit()
        out, self._out = self._out, b""
        return out

    def rest_of_rate_change(self) -> None:
        """The acknowledge has left the wire."""
        if self._baud_after_ack is not None:
            self.baud, self._baud_after_ack = self._baud_after_ack, None
            self._rate_deadline = self.clock() + RATE_FALLBACK_S if self.baud != DEFAULT_BAUD else None

    def emit(self, kind: FrameType, arg: int = 0, payload: bytes = b"") -> None:
        """Queues a numbered frame for the host."""
        self._waiting.append(Frame(kind, 0, arg, payload))

    def _put(self, kind: int, seq: int, arg: int, payload: bytes = b"") -> None:
        self._out += encode_frame(Frame(kind, seq & 0xFF, arg, payload))

    def _take(self, frame: Frame) -> None:
        if frame.type == FrameType.HELLO:
            self._reset()
            self._greeted = True
            who = (self.magic, 0xB17D, CLOCK_HZ, 32, 32, 1, SLOTS, 256, 1024, 0x5E55, 1, 32)
            info = struct.pack("<4sIIBBBBHHIBB", *who)
            self._put(FrameType.INFO, 0, self.version, info)
        elif frame.type == FrameType.ABORT:
            self._queue.clear()
            self._waiting.clear()
            if self.running:
                self.running = None
                self._done(Why.ABORT)
            self._put_state()
        elif frame.type == FrameType.STATUS:
            self._put_state()
        elif frame.type in (FrameType.ACK, FrameType.NAK):
            self._acknowledged(frame)
        elif frame.numbered and self._greeted:
            self._accept(frame)

    def _put_state(self) -> None:
        flags = bool(self.running) | self.armed << 1
        self._put(FrameType.STATE, 0, flags, struct.pack("<QQIQIQQ", 100, 200, 3, 50, 4, 30, 10))

    def _accept(self, frame: Frame) -> None:
        ahead = (frame.seq - self._expected) & 0xFF
        answer = FrameType.ACK
        if ahead == 0 and len(self._queue) < SLOTS:
            self._queue.append(frame)
            self._expected += 1
            self._nak_sent = False
        elif 0 < ahead < 128:
            if self._nak_sent:
                return
            self._nak_sent = True
            answer = FrameType.NAK
        self._show(answer)

    def _show(self, answer: FrameType) -> None:
        self._shown = SLOTS - len(self._queue)
        self._put(answer, self._expected, self._shown)

    def _acknowledged(self, frame: Frame) -> None:
        advance = (frame.seq - self._first) & 0xFF
        if advance > len(self._unacked):
            return
        for _ in range(advance):
            self._unacked.popleft()
        self._first += advance
        self._allowed = min(WINDOW, frame.arg)
        self._resend_at = self.clock() + RETRY_S
        if frame.type == FrameType.NAK:
            self._send_again()

    def _send_again(self) -> None:
        for number, frame in enumerate(self._unacked, self._first):
            self._put(frame.type, number, frame.arg, frame.payload)
        self._resend_at = self.clock() + RETRY_S

    def _transmit(self) -> None:
        if self._unacked and self.clock() >= self._resend_at:
            self._send_again()
        while self._waiting and len(self._unacked) < self._allowed:
            frame = self._waiting.popleft()
            self._put(frame.type, self._first + len(self._unacked), frame.arg, frame.payload)
            self._unacked.append(frame)
            self._resend_at = self.clock() + RETRY_S

    def _work(self) -> None:
        for _ in range(self.frames_a_step):
            # As in the FPGA, nothing is executed whose results there is no room for.
            if not self._queue or len(self._waiting) >= WINDOW:
                break
            if self._queue[0].type == FrameType.RUN and self.running:
                break
            frame = self._queue.popleft()
            self.executed.append(frame)
            error = self._execute(frame)
            if error:
                self.emit(FrameType.ERROR, error, struct.pack("<BBH", frame.type, frame.seq, frame.arg))
        if self._shown < SLOTS // 2 <= SLOTS - len(self._queue):
            self._show(FrameType.ACK)

    def _execute(self, frame: Frame) -> FrameError | None:
        if frame.type in self.refuse and frame.type != FrameType.REGISTER:
            return self.refuse[frame.type]
        if frame.type == FrameType.PROGRAM:
            for at, (word,) in enumerate(struct.iter_unpack("<I", frame.payload)):
                self.program[frame.arg + at] = word
        elif frame.type == FrameType.IMAGE:
            for at in range(0, len(frame.payload), 128):
                self.memory[frame.arg + at // 128] = frame.payload[at : at + 128]
        elif frame.type == FrameType.READ:
            (count,) = struct.unpack("<H", frame.payload)
            for at in range(frame.arg, frame.arg + count, 2):
                vectors = [self.memory.get(n, bytes(128)) for n in range(at, min(at + 2, frame.arg + count))]
                self.emit(FrameType.DATA, at, b"".join(vectors))
        elif frame.type == FrameType.REGISTER:
            return self._write_register(frame)
        elif frame.type == FrameType.RUN:
            self._start(frame)
        elif frame.type == FrameType.VECTOR:
            return self._take_vectors(frame)
        return None

    def _write_register(self, frame: Frame) -> FrameError | None:
        (value,) = struct.unpack("<I", frame.payload)
        if frame.arg in self.refuse:
            return self.refuse[frame.arg]
        if frame.arg == Register.CONTROL:
            self.armed = bool(value & Control.ARM)
        elif frame.arg == Register.BAUD_DIVISOR:
            self._baud_after_ack = round(CLOCK_HZ / value) if value else DEFAULT_BAUD
        return None

    def _start(self, frame: Frame) -> None:
        args = [arg for (arg,) in struct.iter_unpack("<H", frame.payload)]
        self.running = frame.arg, args[0] if args else 1
        self.results = 0
        if frame.arg == TALK:
            for _ in range(self.running[1]):
                self._result(bytes(range(256)))
            self._done(Why.HALT)
            self.running = None

    def _take_vectors(self, frame: Frame) -> FrameError | None:
        if not self.running:
            return FrameError.NO_CONSUMER
        for lanes in unpacked(frame):
            if not self.running:
                break
            entry, left = self.running
            if entry == ECHO:
                self._result(struct.pack("<32I", *lanes))
            self.running = (entry, left - 1) if left > 1 else None
            if self.running is None:
                self._done(Why.FAULT if entry == TRIP else Why.HALT, 7)
        return None

    def _result(self, payload: bytes) -> None:
        self.emit(FrameType.RESULT, self.results & 0xFFFF, payload)
        self.results += len(payload) // 4

    def _done(self, why: Why, code: int = 0) -> None:
        self.emit(FrameType.DONE, code, struct.pack("<BBHQ", why, 4 if why == Why.FAULT else 0, 9, 12345))


class Line(MockTransport):
    """Joins a host to a model; damages what goes along with the given probabilities for each frame.

    Args:
        model: the other end.
        clock: advanced while the host waits.
        rates: probability of each kind of damage: "drop", "repeat", "bit", "lose", "insert".
        seed: of the damage.
    """

    def __init__(self, model: FpgaModel, clock: Clock, rates: dict[str, float] | None = None, seed: int = 0) -> None:
        super().__init__(self._to_fpga, self._wait)
        self.model = model
        self.clock = clock
        self.rates = rates or {}
        self.random = random.Random(seed)
        self.cut = False

    def _wait(self, timeout_s: float) -> None:
        self.clock.now += min(timeout_s, 0.01)
        self.push(self._to_host(self.model.tick()))

    def _to_fpga(self, data: bytes) -> bytes:
        if self.cut:
            return b""
        if self.model.baud > 2 * self.baud and 0 in data:
            self.model.baud = self.baud  # a zero is a break to a faster receiver
            data = data[data.index(0) + 1 :]
        if not self._same_rate() or self.baud > self.model.highest_baud:
            return b""
        return self._to_host(self.model.receive(self._damaged(data)))

    def _to_host(self, data: bytes) -> bytes:
        same_rate = self._same_rate()
        self.model.rest_of_rate_change()
        return self._damaged(data) if same_rate and not self.cut else b""

    def _same_rate(self) -> bool:
        return abs(self.model.baud / self.baud - 1) < 0.03

    def _damaged(self, data: bytes) -> bytes:
        if not self.rates:
            return data
        pieces = data.split(b"\0")
        return b"".join(self._damaged_frame(bytearray(piece + b"\0")) for piece in pieces[:-1]) + pieces[-1]

    def _damaged_frame(self, wire: bytearray) -> bytes:
        for kind, rate in self.rates.items():
            if not wire or self.random.random() >= rate:
                continue
            at = self.random.randrange(len(wire))
            if kind == "drop":
                wire.clear()
            elif kind == "repeat":
                wire *= 2
            elif kind == "bit":
                wire[at] ^= 1 << self.random.randrange(8)
            elif kind == "lose":
                del wire[at]
            else:
                wire.insert(at, self.random.randrange(256))
        return bytes(wire)


def bench(rates: dict[str, float] | None = None, seed: int = 0, **options: Any) -> tuple[FpgaModel, Line, Clock]:
    """Returns a model, the line to it and their clock."""
    clock = Clock()
    model = FpgaModel(clock, **options)
    return model, Line(model, clock, rates, seed), clock


def linked(
    rates: dict[str, float] | None = None, seed: int = 0, *, baud: int = 115200, frames_a_step: int = 100
) -> tuple[Link, FpgaModel, Line, Clock]:
    """Returns an open session besides these; the damage begins with its opening."""
    model, line, clock = bench(rates, seed, frames_a_step=frames_a_step)
    return Link(line, baud=baud, clock=clock), model, line, clock
