"""Points: a setting with its recipe and its device resolved to numbers, and the hash that it is known by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ohmbench import __version__
from ohmbench.bench.opening import SimulatedArray
from ohmbench.errors import DataError, UsageError
from ohmbench.mapping.data_sets import CONTENT
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.recipe_file import RECIPES, flat
from ohmbench.sweep.config import Setting, SweepConfig
from ohmbench.sweep.networks import NetworkSpec, describe, located, normalised
from ohmbench.sweep.sources import Places

_DIGITS = 12  # of a hash in hexadecimal: 48 bits tell a hundred thousand points apart


@dataclass(frozen=True)
class Point:
    """All that a result depends on.

    Attributes:
        recipe_name, device: as the file names them; what counts is in `recipe` and `params`.
        params: of the array model, all of them.
        changed: the names of those that the file sets.
        rest_s: bench time between programming an array and the inputs.
        images: so many of the first test images; None: all.
        trim: training inputs that corrections are fitted to; None: it is not trimmed.
    """

    network: NetworkSpec
    recipe_name: str
    recipe: Recipe
    device: str
    params: dict[str, float]
    changed: tuple[str, ...]
    array_seed: int
    rest_s: float
    images: int | None
    trim: int | None = None

    @cached_property
    def key(self) -> str:
        """Hash of the content: equal for equal points, whatever the file that names them."""
        return _hash(
            {
                "network": self.network.hashed(),
                "recipe": flat(asdict(self.recipe)),
                "params": self.params,
                "array_seed": self.array_seed,
                "rest_s": self.rest_s,
                "images": self.images,
                # points without one keep the keys that they had before there was any
                **({} if self.trim is None else {"trim": self.trim}),
            }
        )

    @cached_property
    def network_key(self) -> str:
        return key_of(self.network)

    def simulated(self) -> SimulatedArray:
        """The array of `sim` and `twin`."""
        return SimulatedArray(self.params, self.array_seed)

    def settings(self) -> dict[str, Any]:
        """What tables show of the point: a value a key, parameters that the file sets by their names."""
        names = {"seed": "network_seed", "content": CONTENT}
        spec = {names.get(k, k): v for k, v in asdict(self.network).items()}
        return {
            **spec,
            "recipe": self.recipe_name,
            "window_usiemens": self.recipe.window_usiemens,
            "device": self.device,
            **{name: self.params[name] for name in self.changed},
            "array_seed": self.array_seed,
            "rest_s": self.rest_s,
            "test_images": self.images,
            "trim": self.trim,
        }

    def resolved(self) -> dict[str, Any]:
        """The recipe and the parameters in full, for provenance."""
        return {"recipe": asdict(self.recipe), "params": self.params}

    def describe(self) -> str:
        return f"{self.key}: {describe(self.network)}; {self.recipe_name}, array {self.array_seed}"


def key_of(spec: NetworkSpec) -> str:
    """Hash of a network's spec."""
    return _hash(spec.hashed())


def _hash(content: dict[str, Any]) -> str:
    release = __version__.partition(".dev")[0]  # a commit does not make the points before it worthless; a release does
    text = json.dumps({"ohmbench": release, **content}, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def expand(config: SweepConfig) -> list[Point]:
    """The points of a file, each once, in the order of the file; `of_data` says on which data.

    Raises:
        DataError: a recipe or a device that makes no sense, or a method without the budget that it needs.
    """
    points: dict[str, Point] = {}
    for setting in config.settings:
        try:
            point = _point(setting, config.path.parent)
        except (DataError, UsageError) as error:
            raise DataError(f"{config.path}: {error.what}", error.todo) from error
        points.setdefault(point.key, point)
    return list(points.values())


def of_data(points: Sequence[Point], places: Places) -> list[Point]:
    """The points, on the data that are there: results of other data in a folder of the same name have other keys.

    Raises:
        UsageError, DataError: a data set or a network's file is missing or damaged, or they do not fit.
    """
    found = (replace(point, network=located(point.network, places)) for point in points)
    # once more each once: a width that a file has already may be given as well
    return list({point.key: point for point in found}.values())


def chosen(points: Sequence[Point], only: Sequence[str]) -> list[Point]:
    """The points whose keys begin with one of `only`; all if it is empty.

    Raises:
        UsageError: one of `only` fits no point, or several.
    """
    found = []
    for start in only:
        fits = [point for point in points if point.key.startswith(start)]
        if len(fits) != 1:
            many = "no point of this sweep has" if not fits else f"{len(fits)} points of this sweep have"
            raise UsageError(f"--only {start}: {many} a key that begins so.", "`--list` lists the keys.")
        found += fits
    return found if only else list(points)


def _point(setting: Setting, folder: Path) -> Point:
    spec = normalised(
        NetworkSpec(
            setting["network"],
            setting["bits"],
            setting["method"],
            setting["budget"],
            setting["network_seed"],
            float(setting["weight_noise"]),
            data=setting["data"],
        )
    )
    recipe = _recipe(setting["recipe"], folder)
    if (window := setting["window_usiemens"]) is not None:
        # the inner window keeps its part of the outer one
        inner = recipe.inner_usiemens * window / recipe.window_usiemens
        recipe = recipe.but(window_usiemens=float(window), inner_usiemens=inner)
    given = {name: float(value) for name, value in setting["params"].items()}
    if (stuck := setting["stuck_fraction"]) is not None:
        given |= {"stuck_low_fraction": stuck / 2, "stuck_high_fraction": stuck / 2}
    params = _device(setting["device"], folder) | given
    _check_params(tuple(sorted(params.items())))
    return Point(
        spec,
        setting["recipe"],
        recipe,
        setting["device"],
        params,
        tuple(sorted(given)),
        setting["array_seed"],
        float(setting["rest_s"]),
        setting["images"],
        setting["trim"],
    )


@lru_cache
def _recipe(name: str, folder: Path) -> Recipe:
    return Recipe.load(name if (RECIPES / f"{name}.toml").is_file() else folder / name)


@lru_cache
def _device(name: str, folder: Path) -> dict[str, float]:
    return load_params(folder / name if name.endswith(".toml") else name)


@lru_cache(maxsize=256)
def _check_params(params: tuple[tuple[str, float], ...]) -> None:
    """Raise DataError if no array has these parameters."""
    ArrayModel(dict(params))
