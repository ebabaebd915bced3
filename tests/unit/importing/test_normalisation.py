"""Normalisation of inputs taken into the first product: the same function, and nothing that cannot be exact."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("onnx")

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.onnx_models import model, node, random, tensor

from ohmbench.importing.normalisation import fold_normalisation
from ohmbench.importing.onnx_file import from_onnx
from ohmbench.importing.quantise import quantise_network
from ohmbench.network.imported import ImportedNetwork

SHAPE = (3, 6, 5)
X = np.random.default_rng(0).random((50, *SHAPE)).astype(np.float32)


def of_channels(*values: float) -> np.ndarray:
    return np.array(values, np.float32).reshape(-1, 1, 1)


MEAN, STD = of_channels(0.485, 0.456, 0.406), of_channels(0.229, 0.224, 0.225)
CHAINS = {
    "(x - m) / s": ([node("Sub", "x m", "n"), node("Div", "n s", "z")], {"m": MEAN, "s": STD}),
    "x * s + m": ([node("Mul", "x s", "n"), node("Add", "n m", "z")], {"m": MEAN, "s": STD}),
    "m - x": ([node("Sub", "m x", "z")], {"m": MEAN}),
    "BatchNormalization": (
        [node("BatchNormalization", "x s m m s", "z")],
        {"m": MEAN.ravel(), "s": STD.ravel()},
    ),
    "transposed": (
        [node("Sub", "x m", "n"), node("Transpose", "n", "t", perm=[0, 1, 3, 2]), node("Transpose", "t", "z",
                                                                                      perm=[0, 1, 3, 2])],
        {"m": MEAN},
    ),
}  # fmt: skip


def network(chain: str, *, dense: bool = False, pads: int = 0, groups: int = 1) -> ImportedNetwork:
    nodes, arrays = CHAINS[chain]
    constants = [tensor(name, array) for name, array in arrays.items()]
    if dense:
        nodes = [*nodes, node("Flatten", "z", "f"), node("Gemm", "f w b", "y")]
        constants += [tensor("w", random(90, 4, scale=0.2)), tensor("b", random(4))]
    else:
        nodes = [*nodes, node("Conv", "z k c", "y", pads=[pads] * 4, group=groups)]
        constants += [tensor("k", random(6, 3 // groups, 3, 3, scale=0.3)), tensor("c", random(6))]
    return from_onnx(bytes(model(nodes, constants, ("N", *SHAPE)).SerializeToString()))


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("chain", CHAINS)
def test_what_is_folded_computes_the_same(chain: str, dense: bool, groups: int) -> None:
    before = network(chain, dense=dense, groups=groups)
    after = fold_normalisation(before, X)
    assert not {step.kind for step in after.steps} & {"add", "subtract", "multiply", "divide", "affine"}
    np.testing.assert_allclose(after.forward(X), before.forward(X), rtol=1e-5, atol=1e-5)
    assert "is folded into" in after.said[-1]


def test_inputs_then_drive_the_array_as_they_come() -> None:
    whole = quantise_network(network("(x - m) / s"), X, weight_bits=8)
    assert [step.kind for step in whole.steps][:2] == ["quantise", "array"]
    assert whole.steps[0].numbers["zero"] == 0
    wanted = network("(x - m) / s").forward(X)
    assert np.abs(whole.forward(X) - wanted).mean() < 0.01 * np.abs(wanted).max()


def test_a_padded_convolution_folds_a_scale_and_no_shift() -> None:
    shifted = network("(x - m) / s", pads=1)
    kept = fold_normalisation(shifted, X)
    assert kept.steps == shifted.steps
    assert "stays with the host" in kept.said[-1]
    assert "padded" in kept.said[-1]
    nodes = [node("Div", "x s", "z"), node("Conv", "z k", "y", pads=[1, 1, 1, 1])]
    constants = [tensor("s", STD), tensor("k", random(2, 3, 3, 3))]
    scaled = from_onnx(bytes(model(nodes, constants, ("N", *SHAPE)).SerializeToString()))
    folded = fold_normalisation(scaled, X)
    assert [step.kind for step in folded.steps] == ["conv"]
    np.testing.assert_allclose(folded.forward(X), scaled.forward(X), rtol=1e-5, atol=1e-5)


def of_table(mean: np.ndarray, std: np.ndarray) -> ImportedNetwork:
    nodes = [node("Sub", "x m", "n"), node("Div", "n s", "z"), node("MatMul", "z w", "y")]
    constants = [tensor("m", mean), tensor("s", std), tensor("w", random(3, 2))]
    return from_onnx(bytes(model(nodes, constants, ("N", 3)).SerializeToString()))


@pytest.mark.parametrize(
    ("mean", "std"), [([1.0, 700.0, 0.1], [0.5, 300.0, 0.05]), ([300.0, 300.0, 300.0], [5.0, 5.0, 5.0])]
)
def test_features_of_several_units_or_far_from_zero_stay_with_the_host(mean: list[float], std: list[float]) -> None:
    m, s = np.array(mean, np.float32), np.array(std, np.float32)
    x = (m + s * np.random.default_rng(1).normal(size=(100, 3))).astype(np.float32)
    kept = fold_normalisation(of_table(m, s), x)
    assert len(kept.steps) == 3
    assert "more bits" in kept.said[-1]


def test_what_others_take_too_or_stands_behind_something_else_stays() -> None:
    nodes = [node("Sub", "x m", "z"), node("Conv", "z k", "a", pads=[1, 1, 1, 1]), node("Add", "a z", "y")]
    constants = [tensor("m", MEAN), tensor("k", random(3, 3, 3, 3))]
    used_twice = from_onnx(bytes(model(nodes, constants, ("N", *SHAPE)).SerializeToString()))
    assert fold_normalisation(used_twice, X) is used_twice
    nodes = [node("Relu", "x", "r"), node("Sub", "r m", "z"), node("Conv", "z k", "y")]
    behind = from_onnx(bytes(model(nodes, constants, ("N", *SHAPE)).SerializeToString()))
    assert fold_normalisation(behind, X) is behind


@given(st.integers(0, 2**32 - 1), st.lists(st.sampled_from(["Add", "Sub", "Mul", "Div", "Flip"]), max_size=5))
@settings(max_examples=50, deadline=None)
def test_any_chain_computes_the_same(seed: int, kinds: list[str]) -> None:
    rng = np.random.default_rng(seed)
    nodes, constants, value = [], [tensor("k", rng.normal(size=(2, 3, 2, 2)).astype(np.float32))], "x"
    for number, kind in enumerate(kinds):
        constant = rng.uniform(0.5, 2.0, (3, 1, 1) if rng.random() < 0.5 else ()).astype(np.float32)
        constants.append(tensor(f"c{number}", constant))
        order = f"c{number} {value}" if kind == "Flip" else f"{value} c{number}"
        nodes.append(node("Sub" if kind == "Flip" else kind, order, f"v{number}"))
        value = f"v{number}"
    nodes.append(node("Conv", f"{value} k", "y"))
    before = from_onnx(bytes(model(nodes, constants, ("N", *SHAPE)).SerializeToString()))
    np.testing.assert_allclose(fold_normalisation(before, X).forward(X), before.forward(X), rtol=1e-4, atol=1e-4)
