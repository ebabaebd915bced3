"""What a recorded run was programmed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ohmbench.errors import DataError, StoreError
from ohmbench.programming.recipe import Recipe
from ohmbench.record.records import RunRecord


def recipe_of(run: RunRecord) -> Recipe:
    """The recipe that a run was begun with.

    Raises:
        StoreError: this ohmbench does not know all of it.
    """
    return _recipe(run.id, run.recipe)


def _recipe(run_id: int, values: Mapping[str, Any]) -> Recipe:
    try:
        return Recipe.of(values)
    except DataError as error:
        raise StoreError(
            f"The recipe of run {run_id} is not one of this version of ohmbench ({error}).",
            "Use the version that began the run, or start without --resume.",
        ) from error
