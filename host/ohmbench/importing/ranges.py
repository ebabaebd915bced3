"""Which inputs the first layer of a network can tell apart."""

from __future__ import annotations

import numpy as np

from ohmbench.network.flow import Step

_MOVES = ("reshape", "transpose", "pad", "max_pool")


def input_range(steps: tuple[Step, ...]) -> tuple[float, float] | None:
    """Lowest and highest input that is not cut off by the first quantiser; None if there is none, or unknown."""
    for number, step in enumerate(steps):
        if step.kind == "quantise":
            scale = float(step.arrays["scale"].max())
            n = step.numbers
            zero = n["zero"] + n.get("inside", 0)
            span = np.array([(n["low"] - zero) * scale, (n["high"] - zero) * scale])
            return _back(steps, steps[number].inputs[0], span)
        if step.kind not in (*_MOVES, "add", "subtract", "multiply", "divide", "affine"):
            return None
    return None


def _back(
    steps: tuple[Step, ...], value: int, span: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> tuple[float, float] | None:
    """The span of a value as one of the input: the widest over its places."""
    low, high = span[:, None]
    while value:
        step = steps[value - 1]
        a, arrays = len(step.inputs), step.arrays
        if a != 1 or step.numbers.get("swapped"):
            return None
        constant = arrays["value"].astype(np.float64).ravel() if "value" in arrays else np.zeros(1)
        with np.errstate(all="ignore"):
            match step.kind:
                case "add":
                    low, high = low - constant, high - constant
                case "subtract":
                    low, high = low + constant, high + constant
                case "multiply":
                    low, high = low / constant, high / constant
                case "divide":
                    low, high = low * constant, high * constant
                case "affine":
                    scale = arrays["scale"].astype(np.float64).ravel()
                    bias = arrays["bias"].astype(np.float64).ravel() if "bias" in arrays else np.zeros(1)
                    low, high = (low - bias) / scale, (high - bias) / scale
                case kind if kind not in _MOVES:
                    return None
        if low.size > 1 and step.kind in _MOVES:
            low, high = low.min(keepdims=True), high.max(keepdims=True)
        value = step.inputs[0]
    found = float(np.minimum(low, high).min()), float(np.maximum(low, high).max())
    return found if np.isfinite(found).all() and found[0] < found[1] else None
