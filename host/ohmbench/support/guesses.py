"""The one place that guesses what was meant by a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from contextlib import suppress
from itertools import islice
from pathlib import Path

_ALIKE = 0.6  # difflib's measure: two letters changed of five are too many
_ALIKE_SHORT = 0.5  # two letters that changed places in a name of two or three
_MOST_FILES = 1000  # of a folder, to look for one that was meant


def guess(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most alike; None if none is. Case does not count, nor do hyphens for underscores."""
    given = _plain(name)
    by_plain = {_plain(one): one for one in known}
    # one with the same letters in another order is nearer than the measure, which goes by runs of letters, says
    for plain, one in by_plain.items():
        if sorted(plain) == sorted(given):
            return one
    close = difflib.get_close_matches(given, by_plain, 1, _ALIKE if len(given) > 3 else _ALIKE_SHORT)
    return by_plain[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` where something is alike, else nothing; nothing of a name that is known."""
    known = tuple(known)
    close = None if name in known else guess(name, known)
    return "" if close is None else f" (did you mean {close!r}?)"


def listed(names: Iterable[str], known: Collection[str]) -> str:
    """Names with commas between them, each with what may be meant."""
    return ", ".join(name + did_you_mean(name, known) for name in names)


def cannot_read(path: str | Path, error: OSError) -> str:
    """Why a file cannot be read, as the end of a sentence; if it is not there, with one beside it that may be meant."""
    path = Path(path)
    beside: list[Path] = []
    if isinstance(error, FileNotFoundError):
        with suppress(OSError):
            beside = list(islice(path.parent.iterdir(), _MOST_FILES))
    stems = {one.stem: one.name for one in beside if one.suffix == path.suffix}
    suffixes = {one.suffix: one.name for one in beside if one.stem == path.stem}
    # apart: a suffix that several files share makes all of them look alike
    close = stems.get(guess(path.stem, stems) or "") or suffixes.get(guess(path.suffix, suffixes) or "")
    return (error.strerror or str(error)) + ("" if close is None else f" (did you mean {close!r}?)")


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-")
