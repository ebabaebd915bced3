"""What wire resistance does to the column currents of a weight image."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ohmbench.errors import ImageError
from ohmbench.mapping.image import WeightImage
from ohmbench.model.array import load_params
from ohmbench.model.wires import transfer
from ohmbench.programming.recipe import Recipe
from ohmbench.tables import COLUMNS, ROWS


def column_current_error(
    image: WeightImage, recipe: Recipe | None = None, params: Mapping[str, float] | None = None
) -> tuple[float, float]:
    """Mean and largest share of a column's current that wires take, over the columns that the tiles read.

    Each tile's rows are driven, all of them with the same voltage; currents are linear in the inputs, so this is the
    error of the mean current of random inputs too. Cells that the image leaves alone count as level 0.

    Args:
        recipe: whose levels' conductances count; None: the default one.
        params: of the array model; None: preset a.

    Raises:
        ImageError: the image is not for a 32x32 array.
    """
    if (image.rows, image.columns) != (ROWS, COLUMNS):
        raise ImageError(
            f"The image is for arrays of {image.rows}x{image.columns} cells; the wires of the array model are those of "
            f"one of {ROWS}x{COLUMNS}.",
            "Map the network again for such arrays.",
        )
    recipe, params = recipe or Recipe(), load_params("a") if params is None else params
    siemens = recipe.targets_usiemens(image.levels, image.max_level) * 1e-6
    errors = []
    for tile in image.tiles:
        rows, columns = tile.rows_used(ROWS), tile.columns_used()
        ideal = siemens[tile.image][np.ix_(rows, columns)].sum(axis=0)
        currents = transfer(siemens[tile.image], rows, params)[np.ix_(rows, columns)].sum(axis=0)
        errors.append(1.0 - currents[ideal > 0] / ideal[ideal > 0])
    every = np.concatenate(errors)
    return (float(every.mean()), float(every.max())) if every.size else (0.0, 0.0)
