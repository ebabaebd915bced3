"""How much of a stream to put on the line ahead of its acknowledges.

The FPGA's credits allow 15 frames, which is what 12 Mbaud needs behind a USB bridge. With go-back-N all that is on its
way when a damaged frame is noticed goes twice, so at a lower rate fewer frames do: what the line moves in a round trip,
and a little more. Rate and round trip are measured, as in BBR (Cardwell et al., ACM Queue 14(5), 2016), since
neither the bridge's delays nor the pace of a simulated line are known beforehand.
"""

from __future__ import annotations

import math
from collections import deque

from ohmbench.link.codec import MAX_ENCODED

_SPARE_FRAMES = 3  # one being sent, one behind it, and one because the newest round trip may be shorter than the next
_SPARE_S = 0.001  # for which the host may be late to notice an acknowledge
_ROUNDS = 10
_IDLE_ROUNDS = 8
_FIRST_LATE_S = 1.0  # RFC 6298


class Pace:
    """Measures one frame at a time.

    Attributes:
        starved: set when the sender ran out of frames: what is being measured is then not the line's rate.
    """

    def __init__(self) -> None:
        self.starved = False
        self._delivered = 0  # bytes acknowledged
        self._timed: tuple[int, float, int, bool] | None = None  # number, when and after how much, sent to an idle line
        self._rates: deque[float] = deque(maxlen=_ROUNDS)  # bytes/s
        self._idle_s: deque[float] = deque(maxlen=_IDLE_ROUNDS)  # round trips with nothing else on the line
        self._smooth: tuple[float, float] | None = None  # of all round trips, with the mean deviation

    def window(self, line_rate: float) -> float:
        """Returns how many bytes may be on their way, at `line_rate` bytes/s; all that credits allow until measured."""
        if not self._rates or not self._idle_s:
            return math.inf
        rate = min(line_rate, max(self._rates))
        return rate * (max(self._idle_s) + _SPARE_S) + _SPARE_FRAMES * MAX_ENCODED

    def late_s(self) -> float:
        """Returns the time in s after which an acknowledge is late (RFC 6298)."""
        smooth, spread = self._smooth or (_FIRST_LATE_S, 0.0)
        return smooth + 4 * spread

    def sent(self, end: int, now: float, *, idle: bool) -> None:
        """Notes that the frame before number `end` left for the first time; `idle`: and that nothing else was out."""
        if self._timed is None:
            self._timed = end, now, self._delivered, idle
            self.starved = False

    def acknowledged(self, base: int, size: int, now: float) -> bool:
        """Notes that all frames before number `base` arrived, `size` bytes more than before.

        Returns:
            Whether that has measured a round trip.
        """
        self._delivered += size
        if self._timed is None or base < self._timed[0]:
            return False
        _, then, before, idle = self._timed
        self._timed = None
        sample_s = now - then
        if idle:
            self._idle_s.append(sample_s)
        if not self.starved and sample_s > 0:
            self._rates.append((self._delivered - before) / sample_s)
        if self._smooth is None:
            self._smooth = sample_s, sample_s / 2
        else:
            smooth, spread = self._smooth
            self._smooth = smooth + (sample_s - smooth) / 8, spread + (abs(sample_s - smooth) - spread) / 4
        return True

    def forget(self) -> None:
        """Drops the measurement under way: a round trip that may belong to either copy measures nothing (Karn)."""
        self._timed = None
