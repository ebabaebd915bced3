"""Modules of torch as networks of steps: a Sequential, nested as it likes, of the modules below."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ohmbench.errors import UsageError
from ohmbench.importing.builder import Builder
from ohmbench.importing.graph import Node
from ohmbench.importing.plain import finished, floats
from ohmbench.importing.pools import POOLS
from ohmbench.importing.products import as_before, as_image, as_images, scaled_and_shifted, window_of
from ohmbench.importing.shapes import reshaped
from ohmbench.importing.values import Live, Refused
from ohmbench.network.flow import FlowError
from ohmbench.network.imported import ImportedNetwork

Module = Any
Take = Callable[[Builder, Live, Module], Live]


def from_torch(module: Module, example: Any) -> ImportedNetwork:
    """A torch module in eval mode: its weights as they are now.

    Args:
        module: a Sequential, or one layer: Linear, Conv1d, Conv2d, ReLU, ReLU6, LeakyReLU, Tanh, Sigmoid, MaxPool,
            AvgPool, AdaptiveAvgPool2d(1), Flatten, Unflatten, BatchNorm, Dropout, Identity, Softmax at the end.
        example: inputs (n, ...) as the module takes them; only their shape counts.

    Raises:
        UsageError: a module is another; all are named.
    """
    shape = tuple(int(size) for size in example.shape[1:])
    if not shape:
        raise UsageError("The example has no batch axis.", "Give one of the shape (n, ...).")
    b = Builder()
    x = Live(0, shape)
    layers = list(_leaves(module, ""))
    wrong = [f"{type(leaf).__name__} {name!r}" for name, leaf in layers if type(leaf).__name__ not in _TAKES]
    if wrong:
        raise _refusal(wrong)
    for name, leaf in layers:
        b.node = name or type(leaf).__name__
        if x.tail:
            raise _refusal([f"{type(leaf).__name__} {name!r} behind {x.tail}"])
        try:
            x = _TAKES[type(leaf).__name__](b, x, leaf)
        except Refused as error:
            raise _refusal([f"{type(leaf).__name__} {name!r}: {error.reason}"]) from error
        except FlowError as error:
            raise _refusal([f"{type(leaf).__name__} {name!r}: {error}"]) from error
    if x.tail:
        b.say(f"dropped at the end: {x.tail}")
    return finished(b, Live(x.number, x.shape), shape, {"source": "torch", "model": type(module).__name__})


def _refusal(wrong: list[str]) -> UsageError:
    return UsageError(
        f"Cannot take from torch: {'; '.join(wrong)}.", "Export the module to ONNX (torch.onnx.export) and import that."
    )


def _leaves(module: Module, name: str) -> Iterator[tuple[str, Module]]:
    """The modules of a Sequential in order."""
    if type(module).__name__ != "Sequential":
        yield name, module
        return
    for key, child in module.named_children():
        yield from _leaves(child, f"{name}.{key}" if name else key)


def _array(tensor: Any) -> Any:
    return tensor.detach().cpu().numpy()


def _bias(module: Module) -> Any:
    return None if module.bias is None else floats(_array(module.bias))


def _linear(b: Builder, x: Live, module: Module) -> Live:
    return b.dense(x, floats(_array(module.weight).T), _bias(module))


def _pair(value: Any, axes: int) -> list[int]:
    return [int(v) for v in value] if isinstance(value, tuple | list) else [int(value)] * axes


def _window_node(x: Live, module: Module, **more: Any) -> Node:
    """A module's window as ONNX's attributes say it."""
    axes = len(x.shape) - 1
    pads = _pair(module.padding, axes)
    attributes = {
        "strides": _pair(module.stride, axes),
        "dilations": _pair(getattr(module, "dilation", 1), axes),
        "pads": pads * 2,
        **more,
    }
    return Node(type(module).__name__, "", "", (), (), attributes)


def _conv(b: Builder, x: Live, module: Module) -> Live:
    if module.padding_mode != "zeros":
        raise Refused(f"pads by {module.padding_mode}")
    kernel = [int(k) for k in module.kernel_size]
    if len(x.shape) != len(kernel) + 1:
        raise Refused(f"takes {len(kernel)} axes behind the channels, and gets {list(x.shape)}")
    if isinstance(module.padding, str):
        total = [d * (k - 1) for k, d in zip(kernel, module.dilation, strict=True)]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
        if module.padding == "valid":
            pads = [0] * len(pads)
        attributes = {"strides": list(module.stride), "dilations": list(module.dilation), "pads": pads}
        node = Node("Conv", "", "", (), (), attributes)
    else:
        node = _window_node(x, module)
    window = window_of(node, kernel, x)
    weights = as_images(floats(_array(module.weight)))
    return as_before(b, b.conv(as_image(b, x), weights, _bias(module), window, int(module.groups)), x)


def _pool(operator: str) -> Take:
    def take(b: Builder, x: Live, module: Module) -> Live:
        if getattr(module, "return_indices", False) or getattr(module, "divisor_override", None):
            raise Refused("gives more than values, or divides by another number")
        node = _window_node(
            x,
            module,
            kernel_shape=_pair(module.kernel_size, len(x.shape) - 1),
            ceil_mode=int(module.ceil_mode),
            count_include_pad=int(getattr(module, "count_include_pad", 0) and any(_pair(module.padding, 1))),
        )
        made = POOLS[operator](b, node, [x])
        assert isinstance(made, Live)
        return made

    return take


def _global_average(b: Builder, x: Live, module: Module) -> Live:
    if any(size != 1 for size in _pair(module.output_size, 1)):
        raise Refused("has an output size other than 1")
    made = POOLS["GlobalAveragePool"](b, Node("GlobalAveragePool", "", "", (), ()), [x])
    assert isinstance(made, Live)
    return made


def _flatten(b: Builder, x: Live, module: Module) -> Live:
    if module.start_dim != 1 or module.end_dim not in (-1, len(x.shape)):
        raise Refused("flattens other than all axes behind the batch")
    return reshaped(b, x, (int(np.prod(x.shape)),))


def _unflatten(b: Builder, x: Live, module: Module) -> Live:
    sizes = [int(size) for size in module.unflattened_size]
    if module.dim not in (1, -1) or len(x.shape) != 1 or np.prod(sizes) != x.shape[0]:
        raise Refused(f"makes {sizes} of {list(x.shape)}")
    return reshaped(b, x, tuple(sizes))


def _batch_norm(b: Builder, x: Live, module: Module) -> Live:
    if module.running_mean is None:
        raise Refused("keeps no mean of its own")
    scale = 1.0 / np.sqrt(_array(module.running_var) + module.eps)
    shift = -_array(module.running_mean) * scale
    if module.weight is not None:
        gain = _array(module.weight)
        scale, shift = gain * scale, gain * shift + _array(module.bias)
    if len(scale) != x.shape[0]:
        raise Refused(f"has {len(scale)} channels for {list(x.shape)}")
    return scaled_and_shifted(b, x, scale, shift)


def _leaky(b: Builder, x: Live, module: Module) -> Live:
    return b.put("leaky", (x,), x.shape, {"alpha": float(module.negative_slope)})


def _hardtanh(b: Builder, x: Live, module: Module) -> Live:
    return b.put("clip", (x,), x.shape, {"low": float(module.min_val), "high": float(module.max_val)})


def _plain(kind: str) -> Take:
    return lambda b, x, module: b.put(kind, (x,), x.shape)


def _same(b: Builder, x: Live, module: Module) -> Live:
    return x


def _softmax(b: Builder, x: Live, module: Module) -> Live:
    return Live(x.number, x.shape, tail=type(module).__name__)


_TAKES: dict[str, Take] = {
    "Linear": _linear,
    "Conv1d": _conv,
    "Conv2d": _conv,
    "ReLU": _plain("relu"),
    "ReLU6": _hardtanh,
    "Hardtanh": _hardtanh,
    "LeakyReLU": _leaky,
    "Tanh": _plain("tanh"),
    "Sigmoid": _plain("sigmoid"),
    "MaxPool1d": _pool("MaxPool"),
    "MaxPool2d": _pool("MaxPool"),
    "AvgPool1d": _pool("AveragePool"),
    "AvgPool2d": _pool("AveragePool"),
    "AdaptiveAvgPool1d": _global_average,
    "AdaptiveAvgPool2d": _global_average,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "Dropout": _same,
    "Dropout2d": _same,
    "Identity": _same,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
}
