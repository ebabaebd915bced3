"""Networks by the cells that they may take: their layers, and how often they see an image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Convolution:
    """A convolution, batch normalisation, ReLU, rounding, and a pool of 2x2 behind it or none."""

    outputs: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    pooled: bool = False


CLASSES = 10
SIDE = 28

VIEWS = ((0, 0), (1, 0), (-1, 0))
"""Shifts (down, right) of an image in pixels. All networks are trained on images that are shifted by one of them."""


@dataclass(frozen=True)
class Design:
    """Convolutions, with a dense layer behind them that makes the CLASSES outputs.

    Attributes:
        cells: the most that it may take; its name.
        looks: an image is seen with so many of VIEWS, and outputs are the mean.
    """

    cells: int
    layers: tuple[Convolution, ...]
    looks: int = len(VIEWS)

    @property
    def views(self) -> tuple[tuple[int, int], ...]:
        """The views that it looks at."""
        return VIEWS[: self.looks]

    def weights(self) -> int:
        """A cell each."""
        channels, side, found = 1, SIDE, 0
        for layer in self.layers:
            found += layer.outputs * (channels // layer.groups) * layer.kernel**2
            channels = layer.outputs
            side = (side + 2 * layer.padding - layer.kernel) // layer.stride + 1
            side = side // 2 if layer.pooled else side
        return found + CLASSES * channels * side**2


ONE_ARRAY = Design(
    1024,
    (
        Convolution(6, 5, stride=2, pooled=True),
        Convolution(8, 3),
        Convolution(8, 3, padding=1, groups=8, pooled=True),
    ),
)
"""28x28 -> 12x12, 6x6 -> 4x4 -> 4x4, 2x2; the dense layer takes 32 numbers. 974 weights.

Chosen on the validation images among some twenty of up to 1,024 weights; docs/one-array.md has the table.
Three passes of an image keep it below 20 ms of bench time. Each cell is used in all of them: what a small network lacks
are cells, not time.
"""

DESIGNS = {
    design.cells: design
    for design in (
        Design(256, (Convolution(3, 4, stride=2, pooled=True), Convolution(3, 3, pooled=True))),
        Design(512, (Convolution(4, 5, stride=2, pooled=True), Convolution(5, 3, pooled=True))),
        ONE_ARRAY,
        Design(2048, (Convolution(8, 5, stride=2, pooled=True), Convolution(16, 3, pooled=True)), looks=1),
        Design(
            4096,
            (
                Convolution(8, 5, stride=2, pooled=True),
                Convolution(16, 3, padding=1, pooled=True),
                Convolution(16, 3),
            ),
            looks=1,
        ),
        Design(
            8192,
            (
                Convolution(12, 5, stride=2, pooled=True),
                Convolution(20, 3, padding=1, pooled=True),
                Convolution(28, 3),
            ),
            looks=1,
        ),
    )
}
"""By their cells. Those of several arrays see an image once: more views of it gain little where cells are many."""
