"""Normalisation of inputs, such as (x - mean) / std, taken into the first product, so that the array gets inputs as
they come: products are linear, so w (s x + t) = (w s) x + w t."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ohmbench.network.flow import HOST, Step, Value
from ohmbench.network.imported import FLOAT_PRODUCTS, ImportedNetwork
from ohmbench.support.array_types import FloatArray

MOST_COARSER = 2.0
"""How much larger a step of the quantised inputs may become. Beyond it, as with features of several units or a range
far from 0, quantising them before they are normalised would cost more than it saves."""
_SHAPES = ("reshape", "transpose")


@dataclass(frozen=True, eq=False)
class _Chain:
    """What stands between the input and the first product.

    Attributes:
        names: of the steps that scale and shift; places: these steps' places.
        scale, shift: float64, in the shape that the product takes: its inputs are scale * x + shift.
        product: its place.
        normalised: what the product takes of some inputs (n, ...).
    """

    names: tuple[str, ...]
    places: frozenset[int]
    scale: FloatArray
    shift: FloatArray
    product: int
    normalised: Value


def fold_normalisation(network: ImportedNetwork, inputs: Value) -> ImportedNetwork:
    """The network with the normalisation of its inputs in its first product; `said` has whether that can be.

    It stays with the host where the product is none in floating point, where a convolution pads what is shifted, and
    where quantised inputs would lose resolution.

    Args:
        inputs: (n, *input_shape), which show what range they have.
    """
    chain = _chain_of(network, inputs)
    if chain is None:
        return network
    product = network.steps[chain.product]
    what = f"normalisation of inputs ({', '.join(chain.names)})"
    reason = _reason_against(chain, product, inputs)
    if reason:
        return replace(network, said=(*network.said, f"{what} stays with the host: {reason}"))
    folded = _into_dense(product, chain) if product.kind == "dense" else _into_conv(product, chain)
    if not all(np.isfinite(array).all() for array in folded.arrays.values()):
        return network
    steps = list(network.steps)
    steps[chain.product] = folded
    said = f"{what} is folded into {product.name or 'the first product'}"
    return replace(network, steps=_without(steps, chain.places), said=(*network.said, said))


def _chain_of(network: ImportedNetwork, x: Value) -> _Chain | None:
    """None: nothing is normalised in front of a product in floating point, or not only for it."""
    scale, shift = np.ones(network.input_shape), np.zeros(network.input_shape)
    names: list[str] = []
    places: set[int] = set()
    value = 0
    while True:
        users = [place for place, step in enumerate(network.steps) if value in step.inputs]
        if len(users) != 1 or value == len(network.steps):
            return None
        step = network.steps[users[0]]
        if step.kind in FLOAT_PRODUCTS:
            found = _Chain(tuple(names), frozenset(places), scale, shift, users[0], x)
            return found if names else None
        if step.kind in _SHAPES:
            scale, shift = (HOST[step.kind](step, [array[None]])[0] for array in (scale, shift))
        else:
            scaled = _scaled(step, scale, shift)
            if scaled is None or scaled[1].shape != shift.shape:
                return None
            scale, shift = scaled
            names.append(step.name or step.kind)
            places.add(users[0])
        x, value = HOST[step.kind](step, [x]), users[0] + 1


def _scaled(step: Step, scale: FloatArray, shift: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Scale and shift with those of a step behind them; None if it does something else."""
    if len(step.inputs) != 1:
        return None
    a = {name: array.astype(np.float64) for name, array in step.arrays.items()}
    swapped = bool(step.numbers.get("swapped"))
    with np.errstate(all="ignore"):
        match step.kind:
            case "add":
                return scale, shift + a["value"]
            case "subtract":
                return (-scale, a["value"] - shift) if swapped else (scale, shift - a["value"])
            case "multiply":
                return scale * a["value"], shift * a["value"]
            case "divide" if not swapped:
                return scale / a["value"], shift / a["value"]
            case "affine":
                total = shift + a["add"] if "add" in a else shift
                return scale * a["scale"], total * a["scale"] + a.get("bias", 0.0)
    return None


def _reason_against(chain: _Chain, product: Step, inputs: Value) -> str:
    """Why it cannot be folded, or should not be; "" if nothing speaks against it."""
    if product.kind == "conv":
        if any(np.ptp(array, axis=(1, 2)).any() for array in (chain.scale, chain.shift)):
            return "it differs from place to place of a convolution"
        if any(product.numbers["pads"]) and chain.shift.any():
            return f"{product.name or 'the convolution'} is padded with zeros of what is normalised"
    elif chain.scale.ndim != 1:
        return "the product takes no vector"
    if not _span(inputs) * float(np.abs(chain.scale).max()) <= MOST_COARSER * _span(chain.normalised):
        return "the inputs would need more bits without it"
    return ""


def _span(values: Value) -> float:
    """Of what a quantiser covers: 0 is always in it."""
    return max(float(values.max()), 0.0) - min(float(values.min()), 0.0)


def _into_dense(step: Step, chain: _Chain) -> Step:
    weights = step.arrays["weights"].astype(np.float64)
    return _with(step, chain.scale[:, None] * weights, chain.shift @ weights)


def _into_conv(step: Step, chain: _Chain) -> Step:
    weights = step.arrays["weights"].astype(np.float64)
    groups, outputs = int(step.numbers["groups"]), len(weights)
    scale, shift = (array[:, 0, 0].reshape(groups, -1) for array in (chain.scale, chain.shift))
    by_group = weights.reshape(groups, outputs // groups, *weights.shape[1:])
    scaled = by_group * scale[:, None, :, None, None]
    return _with(step, scaled.reshape(weights.shape), np.einsum("gochw,gc->go", by_group, shift).ravel())


def _with(step: Step, weights: FloatArray, more: FloatArray) -> Step:
    arrays: dict[str, Value] = {
        "weights": weights.astype(np.float32),
        "bias": (step.arrays["bias"].astype(np.float64) + more).astype(np.float32),
    }
    return replace(step, arrays=arrays)


def _without(steps: list[Step], places: frozenset[int]) -> tuple[Step, ...]:
    """The steps without some that take one value each, which then goes past them."""
    number = {0: 0}
    kept: list[Step] = []
    for place, step in enumerate(steps):
        if place in places:
            number[place + 1] = number[step.inputs[0]]
        else:
            kept.append(replace(step, inputs=tuple(number[i] for i in step.inputs)))
            number[place + 1] = len(kept)
    return tuple(kept)
