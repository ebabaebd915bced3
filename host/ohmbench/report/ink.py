"""Text that can be read on a coloured ground."""

from __future__ import annotations

Colour = tuple[int, int, int]
RIGHT, WRONG = (26, 85, 146), (194, 87, 26)
"""Of hits and of mistakes: blue and orange, which the colour-blind tell apart."""
_BLACK, _WHITE = "#000", "#fff"
_EQUAL = (1.05 * 0.05) ** 0.5 - 0.05
"""The luminance on which black and white have the same contrast, 4.58. WCAG 2.2 asks for 4.5."""


def ink_on(colour: Colour, opacity: float = 1.0) -> str:
    """Black or white, whichever has the higher contrast on a colour of an opacity over white."""
    return _BLACK if luminance(colour, opacity) > _EQUAL else _WHITE


def shade(count: int, most: int, is_right: bool) -> float:
    """Opacity of a count in a confusion matrix; a single mistake has to be seen beside dozens of hits."""
    strength = 0.12 + 0.88 * count / most if count else 0.0
    return strength if is_right else min(1.0, 2.5 * strength)


def luminance(colour: Colour, opacity: float = 1.0) -> float:
    """Relative luminance of sRGB (0 to 255) over white, as WCAG 2.2 defines it."""
    red, green, blue = (_linear(1 + opacity * (part / 255 - 1)) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
