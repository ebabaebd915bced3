"""How inference brings an array of a weight image into the array of a bench."""

from __future__ import annotations

from collections.abc import Callable

from ohmbench.bench.base import Bench
from ohmbench.mapping.image import WeightImage
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.result import ArrayResult
from ohmbench.programming.run import ArrayRun, Target, policy_of
from ohmbench.progress import OnProgress

Loader = Callable[[WeightImage, int], ArrayResult]
"""Brings one of an image's arrays, by its number, into the array of a bench; returns what became of its cells."""


def load_at_once(bench: Bench, recipe: Recipe, report: OnProgress | None = None) -> Loader:
    """Programs as `policy_of` says, and records nothing."""

    def load(image: WeightImage, number: int) -> ArrayResult:
        target = Target.of(image, number, bench.carrier.bad)
        return ArrayRun(bench, target, recipe, progress=report, policy=policy_of(recipe)).run()

    return load
