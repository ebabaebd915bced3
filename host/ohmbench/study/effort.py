"""What trainings are expected to take, so that progress knows how long the rest is.

Constants were measured on one core of a server of 2026, where a training of 784-10 takes 0.27 s an epoch; only their
ratios count.
"""

from __future__ import annotations

from ohmbench.network.conv_nets import ConvNet
from ohmbench.network.nets import Net
from ohmbench.study.methods import LONGEST

_STEP_S = 0.3e-3  # a layer and step of a training, besides
_PRODUCT_S = 0.5e-9  # a weight and training image
_PATCH_PRODUCT_S = 2e-9  # the same of a convolution, whose patches are taken from the image
_CONV_PRODUCTS = {1: 300_000, 2: 70_000}  # multiplications of an input, by the stride


def products(net: Net | ConvNet) -> int:
    """Multiplications of an input."""
    if isinstance(net, ConvNet):
        return _CONV_PRODUCTS[net.stride]
    return sum(a * b for a, b in zip(net.sizes, net.sizes[1:], strict=False))


def epoch_s(net: Net | ConvNet, rows: int) -> float:
    """An epoch over so many training images."""
    is_conv = isinstance(net, ConvNet)
    layers = 3 if isinstance(net, ConvNet) else len(net.sizes) - 1
    each = _PATCH_PRODUCT_S if is_conv else _PRODUCT_S
    return rows * (layers * _STEP_S / net.batch + products(net) * each)


def start_epochs(net: Net | ConvNet) -> float:
    """Of what all methods start from: in floating point, in whole levels, and on for as long as any method trains."""
    begun = net.float_epochs if isinstance(net, ConvNet) else net.epochs
    return begun + (1 + LONGEST) * net.epochs
