"""The layers of a weight image that are not on the array yet, fitted to what the layers that are there really give.

The wiring stays: which cells make up a weight, which inputs share a row. Only the levels of the cells, the scales and
the biases of the layers behind are trained again, by the trainer that compression uses.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ohmbench.compress.tied import TiedLayer, TiedNetwork
from ohmbench.compress.tuning import Training, tune
from ohmbench.errors import UsageError
from ohmbench.mapping.image import WeightImage
from ohmbench.support.array_types import Float32Array, Index, IntArray, Integers

TRAINING = Training(epochs=40, batch=50, rate=0.05, weight_noise=0.03)
"""The network is trained already, and its last layers are small. The noise is that of cells within their windows.

Measured on 64-32-10 with stuck cells: 20 times fewer steps change next to nothing, and half the rate wins back less.
"""


def adapt(image: WeightImage, first: int, inputs: Integers, labels: IntArray, *, seed: int = 0) -> WeightImage:
    """The image with its layers from `first` on trained on what comes to them.

    Args:
        inputs: integer inputs (n, inputs) of layer `first`, as the array gave them.
        labels: (n,), classes.

    Raises:
        UsageError: a weight of the image is made up of more than a pair of cells, or its network is from elsewhere.
    """
    network = tied_layers(image, first)
    tuned = tune(network, inputs, labels, TRAINING, seed=seed)
    return _with_layers(image, first, tuned)


def tied_layers(image: WeightImage, first: int) -> TiedNetwork:
    """The layers from `first` on over the cells of the image, as the trainer has them; raises as `adapt`."""
    if image.steps is not None:
        raise UsageError(
            "A network from elsewhere cannot be fitted in the loop: its layers are not chained by ReLU alone.",
            "Program the image without --in-the-loop, and trim it.",
        )
    step = 1.0 / ((1 << image.layers[0].input_bits) - 1) if first == 0 else _scale_before(image, first)
    layers = []
    for number in range(first, len(image.layers)):
        layer = image.layers[number]
        plus, minus, gain = _wiring(image, number)
        # behind the array's cells one for each level, which nothing moves: for middles, and the last for no cell
        fixed = np.arange(image.max_level, -1, -1)
        cells = np.append(image.levels.ravel(), fixed).astype(np.float32)
        low, high = np.zeros_like(cells), np.full_like(cells, image.max_level)
        low[-len(fixed) :] = high[-len(fixed) :] = fixed
        layers.append(
            TiedLayer(
                cells=cells,
                low=low,
                high=high,
                plus=plus,
                minus=minus,
                gain=gain,
                scale=(layer.scale / step).astype(np.float32),
                bias=layer.bias.astype(np.float32),
                input_bits=layer.input_bits,
                input_scale=step,
                output_scale=layer.output_scale,
                row_of_input=np.arange(layer.inputs),
                segments=(),
            )
        )
        if layer.output_scale is not None:
            step = layer.output_scale
    return TiedNetwork(tuple(layers), image.max_level)


def _scale_before(image: WeightImage, number: int) -> float:
    scale = image.layers[number - 1].output_scale
    assert scale is not None, "the last layer has no next one"
    return scale


def _wiring(image: WeightImage, number: int) -> tuple[Index, Index, Float32Array]:
    """Places (inputs, outputs) of the two cells of each weight among all cells of the image, and its gain."""
    layer, none = image.layers[number], image.levels.size + image.max_level
    plus, minus = np.full((2, layer.inputs, layer.outputs), none, np.intp)
    gain = np.ones((layer.inputs, layer.outputs), np.float32)
    for tile in image.tiles:
        if tile.layer != number:
            continue
        driven = np.flatnonzero(tile.row_of_input >= 0)
        row_starts = (tile.image * image.rows + tile.row_of_input[driven].astype(np.intp)) * image.columns
        for places, wiring in ((plus, tile.p), (minus, tile.n)):
            wired = np.flatnonzero(wiring[: tile.outputs] >= 0)
            at = np.ix_(driven, tile.first_output + wired)
            if (places[at] != none).any():
                raise UsageError(
                    f"Layer {number} has weights of more than one pair of cells, and cannot be trained in the loop.",
                    "Program it without --in-the-loop.",
                )
            places[at] = row_starts[:, None] + wiring[wired].astype(np.intp)
            gain[at] = tile.gain[wired]
        alone = np.flatnonzero(tile.middle[: tile.outputs])
        minus[np.ix_(driven, tile.first_output + alone)] = none - tile.middle[alone].astype(np.intp)
    return plus, minus, gain


def _with_layers(image: WeightImage, first: int, network: TiedNetwork) -> WeightImage:
    levels, layers = image.levels.ravel().copy(), list(image.layers)
    for number, tied in enumerate(network.layers, first):
        used = np.unique(np.concatenate([tied.plus.ravel(), tied.minus.ravel()]))
        used = used[used < levels.size]
        levels[used] = tied.rounded[used].astype(np.uint8)
        layers[number] = replace(
            layers[number],
            scale=tied.scale.astype(np.float64) * tied.input_scale,
            bias=tied.bias.astype(np.float64),
            output_scale=tied.output_scale,
        )
    return replace(image, levels=levels.reshape(image.levels.shape), layers=tuple(layers))
