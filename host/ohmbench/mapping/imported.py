"""A network from elsewhere on 32x32 arrays: each of its products in whole numbers, as pairs of cells or single ones.

A single cell holds a weight with a sign as its distance from a level in the middle, which stands for 0. The column's
sum then has the middle times the sum of the inputs too much, which the host knows and takes off. Half of the cells are
saved, and the noise of a cell counts 1.4 times as much as in a pair, whose two cells use the whole window each.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ohmbench.compress.compressed import CompressedLayer, CompressedNetwork, of_group, pair_segments, single_segments
from ohmbench.errors import ImageError
from ohmbench.mapping.image import Provenance, WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.network.flow import ARRAY, Step, array_steps
from ohmbench.network.imported import ImportedNetwork
from ohmbench.tables import ARRAY_TYPE, COLUMNS, ROWS


def map_imported(
    network: ImportedNetwork,
    *,
    share_images: bool = True,
    rows: int = ROWS,
    columns: int = COLUMNS,
    array_type: str = ARRAY_TYPE,
    provenance: Provenance | None = None,
) -> WeightImage:
    """The images of a network whose products are whole; `evaluate` of them gives what `forward` of it gives.

    A group of a convolution has rows and columns of its own: those of a depthwise one are few, and share images.

    Args:
        share_images: as `map_compressed` has it.

    Raises:
        ImageError: a product is not whole, there is none, or the network is too large for one weight image.
    """
    if not network.is_whole or not network.products:
        raise ImageError(
            "The network has products in floating point, or none at all.", "Quantise it on import: --bits."
        )
    steps = list(array_steps(network.steps))
    bare = tuple(replace(step, arrays={}) if step.kind == ARRAY else step for step in network.steps)
    compressed = CompressedNetwork(
        tuple(_layer(step, rows) for step in steps),
        max(int(step.numbers["max_level"]) for step in steps),
        bare,
        network.input_shape,
    )
    return map_compressed(
        compressed,
        share_images=share_images,
        rows=rows,
        columns=columns,
        array_type=array_type,
        provenance={**network.provenance, **(provenance or {})},
    )


def _layer(step: Step, rows: int) -> CompressedLayer:
    weights, groups = step.arrays["weights"].astype(np.int64), int(step.numbers["groups"])
    outputs = weights.shape[1]
    cut = single_segments if step.numbers.get("cells") == 1 else pair_segments
    segments = [
        of_group(segment, group, groups)
        for group, part in enumerate(np.split(weights, groups, axis=1))
        for segment in cut(part, rows)
    ]
    return CompressedLayer(int(step.numbers["bits"]), np.ones(outputs), np.zeros(outputs), None, tuple(segments))
