"""A module of torch with its dense layers on the arrays of benches."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch

from ohmbench.bench.base import Bench
from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import UsageError
from ohmbench.inference.exact import TileRunner, add_up, layer_rows, run_layer
from ohmbench.inference.on_bench import Inference
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_pairs
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import DIFFERENTIAL, ArrayRun, Target
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.torch.layers import ArrayLinear, Products


class ArrayNetwork(torch.nn.Module):
    """A copy of a module whose dense layers are on arrays. Use `on_bench`.

    Attributes:
        module: the copy; its ArrayLinear have the parameters.
        image: what the arrays hold.
        pulses: that cells have got, by all programming so far.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        benches: Sequence[Bench],
        example: torch.Tensor,
        recipe: Recipe,
        weight_bits: int,
        input_bits: int,
        activation_bits: int,
    ) -> None:
        super().__init__()
        self.module, self._layers = _replaced(module, example, input_bits, activation_bits)
        self.pulses = 0
        self._max_level = (1 << (weight_bits - 1)) - 1
        self._recipe = recipe
        self.image = self._mapped()
        if self.image.images != len(benches):
            raise UsageError(
                f"The network takes {self.image.images} arrays, {len(benches)} were given: to load one array again and "
                "again at every step would wear it out.",
                "Give a bench for each, or a smaller network.",
            )
        for bench in benches:
            self.image.check_fits(bench.info)
        self._runs = [Inference(bench, recipe, loaded=number) for number, bench in enumerate(benches)]
        self.program()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the module's, through the arrays.

        Raises:
            FaultError: a guard turned its array off.
        """
        out: torch.Tensor = self.module(x)
        return out

    def program(self) -> float:
        """Bring the weights as they are now onto the arrays: cells in their window already get no pulse.

        Returns:
            The share of the cells that are in their window.

        Raises:
            FaultError: a guard turned its array off.
        """
        image, inside, cells = self._mapped(), 0, 0
        for number, run in enumerate(self._runs):
            target = Target.of(image, number, run.bench.carrier.bad)
            records = ArrayRun(run.bench, target, self._recipe, policy=DIFFERENTIAL).run().records
            self.pulses += int(records.pulses.sum())
            inside += int(np.count_nonzero(records.inside & records.mask))
            cells += int(np.count_nonzero(records.mask))
        self.image = image
        for number, layer in enumerate(self._layers):
            levels, level = layer.levels(self._max_level)
            layer.attach(levels, level, self._products(number))
        return inside / cells if cells else 1.0

    def _mapped(self) -> WeightImage:
        """The weights as they are now, as pairs of cells."""
        layers = []
        for number, layer in enumerate(self._layers):
            levels, level = layer.levels(self._max_level)
            last = number + 1 == len(self._layers)
            bias = np.zeros(levels.shape[1])
            # what is between the layers is torch's: scales only keep the image valid
            layers.append(QuantisedLayer(levels, level * layer.step, bias, layer.input_bits, None if last else 1.0))
        return map_pairs(QuantisedNetwork(tuple(layers), self._max_level))

    def _products(self, number: int) -> Products:
        def run(image: WeightImage, index: int, row_values: IntArray) -> FloatArray:
            return self._runs[image.tiles[index].image].run_tile(image, index, row_values)

        runner: TileRunner = run

        def products(whole: IntArray) -> FloatArray:
            return np.asarray(
                add_up(self.image, number, run_layer(self.image, number, layer_rows(whole), runner)), np.float64
            )

        return products


def on_bench(
    module: torch.nn.Module,
    bench: Bench | Sequence[Bench],
    example: torch.Tensor,
    *,
    recipe: Recipe | None = None,
    weight_bits: int = 4,
    input_bits: int = 4,
    activation_bits: int = 8,
) -> ArrayNetwork:
    """Put the dense layers of a module on an array, and program it.

    The module stays as it is. What it has besides torch.nn.Linear (activations, dropout, ...) runs in torch.

    Args:
        bench: an open one, of any rung; several if the network takes several arrays. The array's wear is not recorded.
        example: inputs (n, ...) that set the ranges of what each layer takes: training data.
        weight_bits: of the signed weights, 2 to 8; input_bits: of what the first layer takes, activation_bits: of what
            the others take; 1 to 16.

    Raises:
        UsageError: no dense layer, one that is used twice or not at all, or not as many benches as arrays.
        FaultError: the guard turned the array off.
    """
    benches = [bench] if isinstance(bench, Bench) else list(bench)
    if not 2 <= weight_bits <= 8 or not 1 <= input_bits <= 16 or not 1 <= activation_bits <= 16:
        raise UsageError("Weights take 2 to 8 bits (sign included), inputs and activations 1 to 16.")
    return ArrayNetwork(module, benches, example, recipe or Recipe(), weight_bits, input_bits, activation_bits)


def _replaced(
    module: torch.nn.Module, example: torch.Tensor, input_bits: int, activation_bits: int
) -> tuple[torch.nn.Module, list[ArrayLinear]]:
    """A copy of a module with ArrayLinear in place of its dense layers, and these in the order in which they run."""
    copied = copy.deepcopy(module)
    seen: dict[torch.nn.Linear, torch.Tensor] = {}

    def look(layer: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(layer, torch.nn.Linear)
        if layer in seen or inputs[0].ndim != 2:
            raise UsageError(
                "A dense layer runs twice, or on inputs that are not (n, inputs): it cannot go on an array."
            )
        seen[layer] = inputs[0].detach()

    linears = [layer for layer in copied.modules() if isinstance(layer, torch.nn.Linear)]
    hooks = [layer.register_forward_pre_hook(look) for layer in linears]
    with torch.no_grad():
        copied(example)
    for hook in hooks:
        hook.remove()
    if not linears or len(seen) != len(linears):
        raise UsageError("The module has no dense layer (torch.nn.Linear), or one of them does not run.")
    made = {
        layer: ArrayLinear(layer, inputs, input_bits if number == 0 else activation_bits)
        for number, (layer, inputs) in enumerate(seen.items())
    }
    if isinstance(copied, torch.nn.Linear):
        return made[copied], list(made.values())
    for parent in list(copied.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, torch.nn.Linear):
                setattr(parent, name, made[child])
    return copied, list(made.values())
