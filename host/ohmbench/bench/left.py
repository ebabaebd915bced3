"""What the last bench of a command left its array as, for what is said after it; loads nothing, as most commands."""

from __future__ import annotations

from ohmbench.errors import ArrayState


class _Last:
    """Of this process, which runs one command at a time."""

    array: ArrayState | None = None


def left_as(array: ArrayState | None) -> None:
    """A bench begins or ends with this array; None: a command begins, and has opened none."""
    _Last.array = array


def array_left_as() -> ArrayState | None:
    """What became of the array of the last bench of this command; None where it has opened none."""
    return _Last.array
