"""What the last bench of a command left its array as, for what is said after it. Light: every command loads it."""

from __future__ import annotations

from ohmbench.errors import ArrayState


class _Last:
    """Of this process, which runs one command at a time."""

    array: ArrayState | None = None


def left_as(array: ArrayState | None) -> None:
    """A bench is opened, or was closed; None: a command begins, and has opened none."""
    _Last.array = array


def array_left_as() -> ArrayState | None:
    """What became of the array of the last bench of this command; None where it has opened none."""
    return _Last.array
