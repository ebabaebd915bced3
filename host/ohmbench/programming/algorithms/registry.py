"""The algorithms that are installed: ours, and those of other packages, by their entry points."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

from ohmbench.errors import DataError
from ohmbench.programming.algorithms.base import Algorithm
from ohmbench.support.guesses import did_you_mean

GROUP = "ohmbench.algorithms"


def names() -> list[str]:
    """Names of all algorithms; nothing of theirs is imported."""
    return sorted({point.name for point in entry_points(group=GROUP)})


@cache
def load(name: str) -> Algorithm:
    """An algorithm by the name that recipes call it by.

    Raises:
        DataError: there is none of that name, or it cannot be imported or is none.
    """
    for point in entry_points(group=GROUP):
        if point.name == name:
            try:
                found = point.load()
            except Exception as error:  # whatever another package's module raises
                raise DataError(
                    f"The algorithm {name} of {point.value} cannot be loaded: {error}.", "Repair or remove its package."
                ) from error
            if isinstance(found, type) and issubclass(found, Algorithm):
                return found()
            raise DataError(f"{point.value} is not an Algorithm of ohmbench.")
    raise DataError(f"There is no algorithm {name}{did_you_mean(name, names())}.", f"There are: {', '.join(names())}.")
