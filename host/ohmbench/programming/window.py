"""The conductances that an array can have, and whether a recipe's targets are among them."""

from __future__ import annotations

from dataclasses import dataclass

from ohmbench.errors import DataError
from ohmbench.programming.recipe import Recipe
from ohmbench.support.array_types import Levels


@dataclass(frozen=True)
class ConductanceWindow:
    """The lowest and the highest conductance that an array has, in uS, and who says so.

    Attributes:
        measured: what 99 of 100 cells reached, so that a target a little beyond may be near enough.
    """

    low_usiemens: float
    high_usiemens: float
    source: str
    measured: bool

    def require(self, recipe: Recipe, levels: Levels, max_level: int) -> None:
        """Raises:
        DataError: one of the levels (n,) has its target outside, if measured by more than the recipe accepts.
        """
        near = recipe.window_usiemens if self.measured else 0.0
        targets = recipe.targets_usiemens(levels, max_level)
        for level, target in zip(levels.tolist(), targets.tolist(), strict=True):
            if not self.low_usiemens - near <= target <= self.high_usiemens + near:
                raise DataError(
                    f"Level {level} has its target at {target:g} uS, outside of the array's conductance window of "
                    f"{self.low_usiemens:.4g} to {self.high_usiemens:.4g} uS ({self.source}).",
                    "Use a recipe with g_min_usiemens and g_max_usiemens inside it.",
                )
