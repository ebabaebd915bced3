"""Pools and means over an image."""

from __future__ import annotations

from dataclasses import replace

from ohmbench.importing.builder import Builder
from ohmbench.importing.graph import Node
from ohmbench.importing.handling import Arguments, Handler, axis_of, live, optional
from ohmbench.importing.products import as_before, as_image, window_of
from ohmbench.importing.shapes import reshaped
from ohmbench.importing.values import Known, Live, Refused
from ohmbench.network.flow import Window


def pool_window(node: Node, x: Live) -> Window:
    """The window of a pool; the last, incomplete place of ceil_mode becomes padding behind."""
    window = window_of(node, node.integers("kernel_shape", ()), x)
    if not node.integer("ceil_mode", 0):
        return window
    top, left, bottom, right = window.pads
    more = []
    for size, before, after, k, s, d in zip(
        (*x.shape[1:], 1)[:2], (top, left), (bottom, right), window.kernel, window.stride, window.dilation, strict=True
    ):
        places = -(-(size + before + after - (k - 1) * d - 1) // s) + 1
        if (places - 1) * s >= size + before:
            places -= 1  # it would begin in the padding
        more.append(max(after, (places - 1) * s + (k - 1) * d + 1 - size - before))
    wide = replace(window, pads=(top, left, more[0], more[1]))
    if wide.pads != window.pads and node.integer("count_include_pad", 0):
        raise Refused("counts padding, and has ceil_mode", "Export it with one of both.")
    return wide


def _max_pool(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    if len(node.outputs) > 1 and node.outputs[1]:
        raise Refused("gives places besides values", "Export it with one output.")
    window, image = pool_window(node, x), as_image(b, x)
    _check_padding(window)
    shape = (x.shape[0], *window.size(*image.shape[1:]))
    return as_before(b, b.through("max_pool", image, shape, window.numbers()), x)


def _average_pool(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    return average_pool(b, b.floating(x), pool_window(node, x), node.integer("count_include_pad", 0))


def average_pool(b: Builder, x: Live, window: Window, count_pads: int) -> Live:
    image = as_image(b, x)
    _check_padding(window)
    shape = (x.shape[0], *window.size(*image.shape[1:]))
    made = b.put("average_pool", (image,), shape, {"count_pads": int(bool(count_pads)), **window.numbers()})
    return as_before(b, made, x)


def _check_padding(window: Window) -> None:
    """Each place of the kernel must touch the image."""
    spans = [(k - 1) * d + 1 for k, d in zip(window.kernel, window.dilation, strict=True)]
    if any(pad >= spans[at % 2] for at, pad in enumerate(window.pads)):
        raise Refused(f"pads by {list(window.pads)}, as much as its kernel")


def _global_average(b: Builder, node: Node, arguments: Arguments) -> Known:
    x = live(arguments)
    return mean_of_image(b, x, (x.shape[0], *(1,) * (len(x.shape) - 1)))


def mean_of_image(b: Builder, x: Live, shape: tuple[int, ...]) -> Live:
    """The mean of each channel."""
    if len(x.shape) not in (2, 3):
        raise Refused(f"takes the mean of {list(x.shape)}", "One and two axes after the channels are supported.")
    image = as_image(b, b.floating(x))
    return reshaped(b, b.put("global_average", (image,), (x.shape[0], 1, 1)), shape)


def _reduce_mean(b: Builder, node: Node, arguments: Arguments) -> Known:
    x, given = live(arguments), optional(arguments, 1)
    named = node.integers("axes", ()) if given is None else given.integers
    axes = sorted(axis_of(axis, x) for axis in named)
    if axes != list(range(1, len(x.shape))) or not axes:
        raise Refused(
            f"takes the mean over the axes {named} of {list(x.shape)}",
            "The mean over all axes after the channels is supported.",
        )
    kept = (1,) * len(axes) if node.integer("keepdims", 1) else ()
    return mean_of_image(b, x, (x.shape[0], *kept))


POOLS: dict[str, Handler] = {
    "MaxPool": _max_pool,
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global_average,
    "ReduceMean": _reduce_mean,
}
