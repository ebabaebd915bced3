"""Colours of text on a terminal, in the sixteen that every terminal has, and shades of its 256."""

from __future__ import annotations

import re

_BAD = r"killed|failed|interrupted|lacking|damaged"
_GOOD = r"done|good|running"
_SHADES = tuple(range(255, 231, -1))  # greys of the 256 colours, from pale to dark


def words(text: str) -> str:
    """The text with words that say how something ended in red or green."""
    text = re.sub(rf"\b({_BAD})\b", "\x1b[31m\\1\x1b[0m", text)
    return re.sub(rf"\b({_GOOD})\b", "\x1b[32m\\1\x1b[0m", text)


def shaded(text: str, share: float) -> str:
    """A text on a ground that is the darker the larger the share (0 to 1) is."""
    ground = _SHADES[min(len(_SHADES) - 1, int(min(max(share, 0.0), 1.0) * len(_SHADES)))]
    return f"\x1b[48;5;{ground};38;5;{16 if ground > 243 else 231}m{text}\x1b[0m"
