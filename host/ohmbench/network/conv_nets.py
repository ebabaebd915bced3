"""The convolutional networks that the results are measured on, as they are before training.

Everything here was chosen on a validation split, never on test images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ohmbench.network.flow import Step, Value, Window
from ohmbench.network.imported import ImportedNetwork

SIDE, KERNEL, CHANNELS, CLASSES = 28, 5, (8, 16), 10


@dataclass(frozen=True)
class ConvNet:
    """Two convolutions of 5x5 on images of MNIST and a dense layer, 5,960 weights, after LeNet.

    (LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998; with strides and without pools:
    "Handwritten Digit Recognition with a Back-Propagation Network", 1989.)

    Attributes:
        stride: of the convolutions; pool: side and stride of the pools behind them, 1 for none.
        float_epochs: of the training in floating point that whole levels start from; epochs: of each in these.
        end_epochs: of a training in floating point to its end, as `ohmbench.network.nets.Net` has it.
        batch: images a step.
    """

    name: str
    stride: int
    pool: int
    float_epochs: int
    epochs: int
    end_epochs: int
    batch: int = 100

    def fresh(self, seed: int) -> ImportedNetwork:
        """The network with random weights (He et al., "Delving Deep into Rectifiers", ICCV 2015)."""
        rng = np.random.default_rng(seed)
        steps: list[Step] = []
        side, channels = SIDE, 1
        for outputs in CHANNELS:
            window = Window((KERNEL, KERNEL), (self.stride, self.stride))
            arrays = _weights(rng, outputs, channels, KERNEL, KERNEL)
            steps.append(Step("conv", (len(steps),), {"groups": 1, **window.numbers()}, arrays))
            steps.append(Step("relu", (len(steps),)))
            side, channels = window.size(side, side)[0], outputs
            if self.pool > 1:
                window = Window((self.pool, self.pool), (self.pool, self.pool))
                steps.append(Step("max_pool", (len(steps),), window.numbers()))
                side = window.size(side, side)[0]
        steps.append(Step("reshape", (len(steps),), {"shape": [channels * side * side]}))
        arrays = _weights(rng, CLASSES, channels * side * side)
        steps.append(Step("dense", (len(steps),), {}, {**arrays, "weights": arrays["weights"].T.copy()}))
        return ImportedNetwork(tuple(steps), (1, SIDE, SIDE), (0.0, 1.0))


def _weights(rng: np.random.Generator, outputs: int, *inputs: int) -> dict[str, Value]:
    drawn = rng.normal(0.0, np.sqrt(2.0 / np.prod(inputs)), (outputs, *inputs))
    return {"weights": drawn.astype(np.float32), "bias": np.zeros(outputs, np.float32)}


CONV_NETS = (ConvNet("lenet", 1, 2, 3, 2, 12), ConvNet("lenet-strided", 2, 1, 6, 2, 12))
