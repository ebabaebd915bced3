"""The weight image that a command is about, with the file that it comes from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ohmbench import mapping
from ohmbench.errors import DataError, UsageError
from ohmbench.faults.fault_map import ARRAY_SERIAL
from ohmbench.mapping.image import WeightImage, read_image
from ohmbench.programming.recipe import DEFAULT_RECIPE, Recipe
from ohmbench.programming.recipe_file import recipe_names
from ohmbench.progress import Progress

RECIPE = "recipe"
"""Key of an image's provenance: the recipe that comes with ohmbench that it was made for."""

SHIPPED = Path(mapping.__file__).parent / "shipped"
"""Folder of the images that come with ohmbench."""


@dataclass(frozen=True, eq=False)
class ImageFile:
    """A weight image and where it comes from; sha256 of the file's bytes says which image a run was of."""

    path: Path
    sha256: str
    image: WeightImage

    @classmethod
    def load(cls, path: Path) -> Self:
        """A file, or by its bare name one that comes with ohmbench.

        Raises:
            ImageError: it is missing or damaged.
        """
        shipped = SHIPPED / path.name
        if not path.exists() and path == Path(path.name) and shipped.is_file():
            path = shipped
        data = read_image(path)
        return cls(path, hashlib.sha256(data).hexdigest(), WeightImage.from_bytes(data, path))

    @property
    def trim_again(self) -> str:
        """What to do about an array whose cells have moved since they were programmed."""
        return f"what a network lost while they rested: ohmbench infer {self.path.name} --no-program --trim 2000"

    def recipe(self, given: Recipe | None, name: str | None) -> tuple[Recipe, str]:
        """The recipe to program the image with, and its name: the one given, else the image's own, else the default.

        Raises:
            DataError: the image names a recipe that does not come with ohmbench.
        """
        own = self.image.provenance.get(RECIPE)
        if given is not None:
            return given, name or DEFAULT_RECIPE
        if own is None:
            return Recipe(), DEFAULT_RECIPE
        if own not in recipe_names():
            raise DataError(
                f"{self.path.name} is to be programmed with the recipe {str(own)[:40]!r}, which this ohmbench does not "
                "have.",
                "Give one with --recipe.",
            )
        return Recipe.load(str(own)), str(own)

    def numbers(self, only: int | None) -> list[int]:
        """The arrays asked for.

        Raises:
            UsageError: the image has no such array.
        """
        if only is None:
            return list(range(self.image.images))
        if not 0 <= only < self.image.images:
            raise UsageError(f"--only {only}: the image has arrays 0 to {self.image.images - 1}.")
        return [only]


def require_own_array(image: WeightImage, serial: str | None, progress: Progress | None = None) -> None:
    """Refuse an image that is laid out around the faults of another array.

    Args:
        serial: of the array in the socket; None, where nobody can tell, is said and not refused.

    Raises:
        DataError: it is of another array.
    """
    made_for = image.provenance.get(ARRAY_SERIAL)
    if made_for in (None, serial):
        return
    if serial is not None:
        raise DataError(
            f"The image was mapped around the faults of array {made_for}, and array {serial} is in the socket: its "
            "results would be wrong.",
            "Map the network again with this array's fault map or without one, or put the other array in.",
        )
    if progress is not None:
        progress.say(
            f"the image was mapped around the faults of array {made_for}; this array has no serial number, and its "
            "results are wrong unless it has the same faults"
        )
