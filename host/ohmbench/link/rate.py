"""Raising the rate of the line: which rates, the change on both sides, and the test before a rate is trusted.

The change, and why neither side can stay out of step:

1. The host sends the divisor once, with nothing else on the line, and neither resends it nor sends anything else
   before its acknowledge. So an acknowledge means that it was received the first time, and the FPGA goes to the new
   rate when the stop bit of that acknowledge ends. (A second copy would be acknowledged too, as a duplicate, by an FPGA
   that has gone to the new rate and fallen back already.)
2. The host has the acknowledge half a stop bit before that. It waits a guard time of more than two characters of the
   old rate, then changes its own.
3. From its change on the FPGA waits 250 ms for a good frame, and falls back otherwise. All `hello` of the host at the
   new rate leave in the first 150 ms after the guard time. That leaves 100 ms for what the acknowledge and the `hello`
   take on their way, 16 ms each behind the slowest USB bridge. One that comes later still finds the FPGA at the default
   rate, where its bits are too short to be read.
4. An `info` at the new rate means that a `hello` arrived at it, which ends the FPGA's wait: both are at the new rate.
5. With no acknowledge, no `info` or a damaged test pattern the host goes to the default rate and greets with a 0x00 in
   front. The FPGA is at the default rate, or takes this as a break, which brings it there from any rate three
   times as high. So whatever has happened, both are at the default rate when the answer comes.
"""

from __future__ import annotations

import logging
import random
import struct
from collections.abc import Callable

from ohmbench.errors import ArrayState, LinkError, ProtocolError, UsageError
from ohmbench.link.channel import Channel
from ohmbench.link.codec import Frame
from ohmbench.link.messages import BoardInfo, State, register_frame
from ohmbench.link.transport import Transport
from ohmbench.tables import DEFAULT_BAUD, LANES, MAX_PAYLOAD, FrameType, Register

log = logging.getLogger(__name__)

RATES = (12_000_000, 6_000_000, 4_000_000, 3_000_000, 2_000_000, 1_000_000)
"""What a 48 MHz clock divides to exactly and USB bridges do well, in baud."""

DIVISORS = range(4, 4096)
"""What the FPGA divides its clock by, to a rate."""

_LEAST_RATIO = 3  # below three times the default rate, a 0x00 at the default rate is too short to be a break
_TOLERANCE = 0.02
_BITS_A_CHARACTER = 10
_GUARD_CHARACTERS = 3
_ACK_S = 1.0  # far above any round trip, and above the 250 ms after which the FPGA falls back
_HELLO_EVERY_S = 0.05
_HELLOS = 4
_INFO_S = 1.0
_TRIES = 2  # of a rate that answers, since a single flipped bit says little about it
_TEST_S = 60.0  # for a simulated line; a real one that hangs is noticed after the channel's silence
_PLACE = MAX_PAYLOAD // (4 * LANES)  # vectors that one frame holds; the last ones of the memory serve for the test
_RANDOM_PATTERNS = 8
_READS = 8


class Rate:
    """Changes the rate of a session that has just been opened, before anything is queued.

    Args:
        channel, transport: of the session.
        info: of the FPGA.
        greet: starts the session afresh within the usual time, or raises.
        clock: seconds, monotonic.
        patience: factor on the waits for the FPGA, as in `Link.open`.
    """

    def __init__(
        self,
        channel: Channel,
        transport: Transport,
        info: BoardInfo,
        greet: Callable[[], None],
        clock: Callable[[], float],
        patience: float = 1.0,
    ) -> None:
        self._channel = channel
        self._transport = transport
        self._info = info
        self._greet = greet
        self._clock = clock
        self._patience = patience
        self._saved: Frame | None = None  # what the test pattern overwrites

    def raise_to(self, baud: int) -> None:
        """Goes to `baud`, or to the next lower one of `RATES` that works, or stays at the default; then with a warning.

        The test overwrites the last two vectors of the memory and restores them; while a program runs, it only
        reads them.

        Raises:
            UsageError: the FPGA's clock cannot be divided to `baud`.
            LinkError: the FPGA no longer answers at the default rate either.
        """
        if self._divisor(baud) is None:
            rates = ", ".join(f"{rate}" for rate in RATES if self._divisor(rate))
            raise UsageError(
                f"the FPGA cannot do {baud} baud.", f"Rates that fit: {rates}.", array=ArrayState.NOT_TOUCHED
            )
        failed: list[str] = []
        for rate in (baud, *(rate for rate in RATES if rate < baud and self._divisor(rate))):
            for _ in range(_TRIES):
                reason, again = self._try(rate)
                if not reason:
                    break
                self._fall_back()
                if not again:
                    break
            if not reason:
                break
            failed.append(f"{rate} baud ({reason})")
        if failed:
            log.warning(
                "%s: tried %s; the link runs at %d baud. A better cable, or one without a hub, may carry more.",
                self._transport.name,
                ", ".join(failed),
                self._transport.baud,
            )

    def leave(self, timeout_s: float) -> None:
        """Returns both sides to the default rate, as far as the FPGA answers; the next session's break does it else."""
        if self._channel.send_once(register_frame(Register.BAUD_DIVISOR, 0), timeout_s):
            self._guard()
        self._channel.change_rate(DEFAULT_BAUD)

    def _divisor(self, baud: int) -> int | None:
        divisor = round(self._info.clock_hz / baud) if baud > 0 else 0
        fits = divisor in DIVISORS and abs(self._info.clock_hz / divisor - baud) <= _TOLERANCE * baud
        return divisor if fits and baud >= _LEAST_RATIO * DEFAULT_BAUD else None

    def _try(self, baud: int) -> tuple[str, bool]:
        """Returns why `baud` does not work, "" if it does, and whether to try again."""
        if not self._channel.send_once(
            register_frame(Register.BAUD_DIVISOR, self._divisor(baud) or 0), _ACK_S * self._patience
        ):
            return "the FPGA did not confirm it", True
        self._guard()
        try:
            self._channel.change_rate(baud)
        except UsageError:
            return "the port cannot do it", False
        try:
            if self._channel.greet(_INFO_S * self._patience, _HELLO_EVERY_S, _HELLOS) is None:
                return "no answer", False
            self._channel.begin(self._info.slots)
            return ("", False) if self._carries_patterns() else ("frames were damaged", True)
        except (LinkError, ProtocolError):
            return "the FPGA fell silent", False

    def _guard(self) -> None:
        self._channel.pause(_GUARD_CHARACTERS * _BITS_A_CHARACTER / self._transport.baud)

    def _fall_back(self) -> None:
        if self._transport.baud != DEFAULT_BAUD:
            self._channel.change_rate(DEFAULT_BAUD)
        self._greet()
        self._restore()

    def _restore(self) -> None:
        if self._saved is not None:
            self._exchange([self._saved], 0)
            self._saved = None

    def _carries_patterns(self) -> bool:
        """Sends frames of the bytes that are hard on a line, both ways, and looks at each that comes back."""
        address = self._info.memory_vectors - _PLACE
        read = Frame(FrameType.READ, 0, address, struct.pack("<H", _PLACE))
        before = self._damaged()
        running = self._is_running()
        came = self._exchange([read], 1, before)
        if len(came) != 1:
            return False
        if running:
            return len(self._exchange([read] * _READS, _READS, before)) == _READS and self._damaged() == before
        self._saved = Frame(FrameType.IMAGE, 0, address, came[0])
        sent = _patterns()
        frames = [part for payload in sent for part in (Frame(FrameType.IMAGE, 0, address, payload), read)]
        if self._exchange(frames, len(sent), before) != sent or self._damaged() != before:
            return False
        self._restore()
        return True

    def _damaged(self) -> tuple[int, int]:
        return self._channel.bad_frames, self._channel.naks

    def _is_running(self) -> bool:
        self._channel.take_reply(FrameType.STATE)
        self._channel.post(Frame(FrameType.STATUS))
        deadline = self._clock() + _INFO_S * self._patience
        while self._clock() < deadline:
            self._channel.pump(deadline)
            frame = self._channel.take_reply(FrameType.STATE)
            if frame is not None:
                return State.parse(frame).running
        raise LinkError("no state")

    def _exchange(self, frames: list[Frame], answers: int, damaged: tuple[int, int] | None = None) -> list[bytes]:
        """Sends frames and returns the payloads of so many `data` frames; fewer once there is more damage than that."""
        for frame in frames:
            self._channel.send(frame)
        came: list[bytes] = []
        deadline = self._clock() + _TEST_S
        while (len(came) < answers or self._channel.unacknowledged) and self._clock() < deadline:
            if damaged is not None and damaged != self._damaged():
                break
            self._channel.pump(deadline)
            while self._channel.received:
                frame = self._channel.received.popleft()
                if frame.type == FrameType.DATA:
                    came.append(frame.payload)
        return came


def _patterns() -> list[bytes]:
    """One frame's payload each: long runs, the fastest alternation, runs of COBS blocks, and no pattern at all."""
    noise = random.Random(1)
    steady = [bytes((byte,)) * MAX_PAYLOAD for byte in (0x00, 0xFF, 0x55, 0xAA)]
    mixed = [b"\x00\xff" * (MAX_PAYLOAD // 2), b"\x01\xfe\x7f\x80" * (MAX_PAYLOAD // 4), bytes(range(MAX_PAYLOAD))]
    return steady + mixed + [noise.randbytes(MAX_PAYLOAD) for _ in range(_RANDOM_PATTERNS)]
