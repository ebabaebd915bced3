"""A network of torch on the twin: its values are the array's, its gradients the ideal layer's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ohmbench.bench.base import Bench  # noqa: E402
from ohmbench.bench.opening import SimulatedArray, open_bench  # noqa: E402
from ohmbench.bench.twin import TwinBench  # noqa: E402
from ohmbench.errors import UsageError  # noqa: E402
from ohmbench.model.array import load_params  # noqa: E402
from ohmbench.network.data import load_digits  # noqa: E402
from ohmbench.programming.recipe import Recipe  # noqa: E402
from ohmbench.torch import ArrayNetwork, on_bench  # noqa: E402


@pytest.fixture
def bench() -> Iterator[Bench]:
    stuck = {"stuck_low_fraction": 0.03, "stuck_high_fraction": 0.03}
    with open_bench("twin", array=SimulatedArray(stuck, seed=3)) as opened:
        yield opened


@pytest.fixture
def ideal() -> Iterator[Bench]:
    with open_bench("twin", array=SimulatedArray(load_params("ideal"), seed=3)) as opened:
        yield opened


def mlp(*widths: int) -> torch.nn.Sequential:
    torch.manual_seed(1)
    layers: list[torch.nn.Module] = []
    for a, b in pairwise(widths):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def pooled_digits() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The digits in 4x4 pixels of 0..1: a network of them fits one array."""
    data = load_digits()

    def pool(x: np.ndarray) -> torch.Tensor:  # type: ignore[type-arg]
        return torch.tensor(x.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16) / 15, dtype=torch.float32)

    return pool(data.train_x), torch.tensor(data.train_y), pool(data.test_x), torch.tensor(data.test_y)


def perfect(net: ArrayNetwork, bench: Bench) -> ArrayNetwork:
    """The network on an array whose cells are right at their targets, not anywhere in their windows."""
    assert isinstance(bench, TwinBench)
    bench.array.set_conductance(Recipe().targets_usiemens(net.image.levels[0], net.image.max_level) * 1e-6)
    return net


def test_an_ideal_array_gives_what_the_quantised_layer_gives(ideal: Bench) -> None:
    model, x = mlp(16, 8), torch.rand(40, 16)
    net = perfect(on_bench(model, ideal, x, input_bits=8, weight_bits=8), ideal)
    assert torch.allclose(net(x), model(x), atol=0.03)


def test_inputs_below_zero_have_a_zero_point(ideal: Bench) -> None:
    model, x = mlp(16, 8), torch.randn(40, 16)
    net = perfect(on_bench(model, ideal, x, input_bits=8, weight_bits=8), ideal)
    assert torch.allclose(net(x), model(x), atol=0.1)


def test_gradients_are_those_of_the_ideal_layer(bench: Bench) -> None:
    model, x = mlp(16, 8), torch.rand(20, 16)
    net, same = on_bench(model, bench, x), x.clone().requires_grad_()
    there = x.clone().requires_grad_()
    wanted = torch.randn(20, 8)
    (net(there) * wanted).sum().backward()
    (model(same) * wanted).sum().backward()
    assert torch.allclose(there.grad, same.grad, atol=1e-5)
    ours, theirs = dict(net.module.named_parameters()), dict(model.named_parameters())
    for name, parameter in theirs.items():
        assert torch.allclose(ours[name].grad, parameter.grad, atol=1e-4)


def test_training_moves_the_output_before_the_array_is_pulsed(ideal: Bench) -> None:
    model, x = mlp(16, 8), torch.rand(20, 16)
    net = perfect(on_bench(model, ideal, x, input_bits=8, weight_bits=8), ideal)
    before, pulses = net(x).detach(), net.pulses
    with torch.no_grad():
        net.module[0].weight += 0.1
    moved = net(x).detach() - before
    assert torch.allclose(moved, (0.1 * x.sum(dim=1, keepdim=True)).expand(-1, 8), atol=0.1 * float(moved.mean()))
    assert net.pulses == pulses
    net.program()
    assert net.pulses > pulses
    assert torch.allclose(perfect(net, ideal)(x).detach() - before, moved, atol=0.1)


def accuracy(net: torch.nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    with torch.no_grad():
        return float((net(x).argmax(dim=1) == y).float().mean())


def trained(model: torch.nn.Module, x: torch.Tensor, y: torch.Tensor, steps: int, rate: float) -> None:
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    for _ in range(steps):
        chosen = torch.randint(len(x), (64,))
        loss = torch.nn.functional.cross_entropy(model(x[chosen]), y[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def test_a_network_that_is_tuned_on_a_bad_array_is_better_there(bench: Bench) -> None:
    train_x, train_y, test_x, test_y = pooled_digits()
    model = mlp(16, 12, 10)
    trained(model, train_x, train_y, 1500, 1e-2)
    net = on_bench(model, bench, train_x[:500])
    before = accuracy(net, test_x, test_y)
    trained(net, train_x, train_y, 150, 3e-3)
    net.program()
    trained(net, train_x, train_y, 50, 1e-3)
    net.program()
    assert accuracy(net, test_x, test_y) > before + 0.02
    assert isinstance(net, ArrayNetwork)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (torch.nn.Sequential(torch.nn.ReLU()), "no dense layer"),
        (mlp(64, 32, 10), "takes 5 arrays, 1 were given"),
    ],
)
def test_what_fits_no_array_is_refused(model: torch.nn.Module, said: str, bench: Bench) -> None:
    with pytest.raises(UsageError, match=said):
        on_bench(model, bench, torch.rand(10, 64))


def test_a_layer_that_runs_twice_is_refused(bench: Bench) -> None:
    linear = torch.nn.Linear(8, 8)
    with pytest.raises(UsageError, match="runs twice"):
        on_bench(torch.nn.Sequential(linear, torch.nn.ReLU(), linear), bench, torch.rand(4, 8))


def test_the_example_of_the_documentation_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = Path(__file__).resolve().parents[3] / "docs/trimming.md"
    (example,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    torch.manual_seed(1)
    exec(compile(example, "trimming.md", "exec"), {})
    share = float(re.findall(r"tensor\(([0-9.]+)\)", capsys.readouterr().out)[0])
    assert share > 0.7
