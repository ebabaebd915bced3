"""The experiments that are installed: ours, and those of other packages, by their entry points."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from ohmbench.errors import UsageError
from ohmbench.support.guesses import did_you_mean

if TYPE_CHECKING:
    from ohmbench.experiments.base import Experiment

GROUP = "ohmbench.experiments"


def names() -> list[str]:
    """Names of all experiments; nothing of theirs is imported."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def load(name: str) -> type[Experiment]:
    """An experiment's class.

    Raises:
        UsageError: there is none of that name, or it cannot be imported or is none.
    """
    from ohmbench.experiments.base import Experiment  # here: names are asked for by completion

    for point in entry_points(group=GROUP):
        if point.name == name:
            try:
                found = point.load()
            except Exception as error:  # whatever another package's module raises
                raise UsageError(
                    f"The experiment {name} of {point.value} cannot be loaded: {error}.",
                    "Repair or remove its package.",
                ) from error
            if isinstance(found, type) and issubclass(found, Experiment):
                return found
            raise UsageError(f"{point.value} is not an Experiment of ohmbench.")
    meant = did_you_mean(name, names())
    raise UsageError(f"There is no experiment {name}{meant}.", f"There are: {', '.join(names())}.")
