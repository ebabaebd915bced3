"""What cannot be taken is refused: all of it at once, with what to do; and nothing hostile does harm."""

from __future__ import annotations

import builtins
import pathlib
import resource
import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper
from tests.onnx_models import Array, ints, model, node, random, sample, tensor

from ohmbench.errors import DataError, UsageError
from ohmbench.importing import graph
from ohmbench.importing.onnx_file import UnsupportedError, from_onnx

W = tensor("w", random(4, 4))


def refused(m: onnx.ModelProto | bytes) -> str:
    with pytest.raises(DataError) as caught:
        from_onnx(m)
    return str(caught.value)


def test_all_offending_nodes_at_once() -> None:
    m = model(
        [
            node("Elu", "x", "a"),
            node("MatMul", "a w", "b"),
            node("Erf", "b", "c"),
            node("Softmax", "c", "d", axis=1),
            node("MatMul", "d w", "e"),
            node("Mystery", "e", "y", domain="lab"),
        ],
        [W],
    )
    text = refused(m)
    with pytest.raises(UnsupportedError) as caught:
        from_onnx(m)
    assert len(caught.value.unsupported) == 4
    assert "4 of its 6 nodes" in text
    for said in ("Elu 'Elu_a' of (batch, 4)", "Use Relu", "Erf 'Erf_c' of (batch, 4)", "MatMul 'MatMul_e'", "Mystery"):
        assert said in text


@pytest.mark.parametrize(
    ("m", "said"),
    [
        (model([node("MatMul", "w x", "y")], [W]), "constant where the network's values"),
        (model([node("MatMul", "x x", "y")]), "must be a constant"),
        (model([node("Gemm", "x w", "y", transA=1)], [W]), "transposes the batch"),
        (model([node("MatMul", "x v", "y")], [tensor("v", random(5, 3))]), "multiplies [4] by [5, 3]"),
        (model([node("Transpose", "x", "y", perm=[1, 0])]), "batch must stay first"),
        (model([node("Reshape", "x s", "y")], [tensor("s", np.array([2, -1]))]), "Keep the batch"),
        (model([node("Flatten", "x", "y", axis=0)]), "Flatten from axis 1"),
        (model([node("Identity", "x", "y")]), "gives back its input"),
        (model([node("MatMul", "x w", "y")], [W], (4,)), "no axis of the batch"),
        (model([node("MatMul", "x w", "y")], [W], ("N", "features")), "does not say its shape"),
        (model([node("MatMul", "x w", "y")], [W], opset=6), "opset 6"),
        (model([node("MatMul", "x w", "y")], [W], kind=TensorProto.INT64), "of the type int64"),
        (model([node("DynamicQuantizeLinear", "x", "q s z"), node("Cast", "q", "y", to=1)]), "Quantise statically"),
        (model([node("Relu", "x", "a"), node("Tanh", "x", "b")], outputs=("a", "b")), "2 outputs (a, b)"),
        (model([node("Relu", "w", "y")], [W]), "constant where"),
        (model([node("Pad", "x p", "y", mode="reflect")], [tensor("p", np.zeros(4, np.int64))]), "Pad with zeros"),
        (model([node("Dropout", "x r t", "y")], [tensor("r", 0.5), tensor("t", True, TensorProto.BOOL)]), "training"),
        (model([node("QuantizeLinear", "x s", "q"), node("Relu", "q", "y")], [tensor("s", 0.1)]), "DequantizeLinear"),
        (model([node("QuantizeLinear", "x s", "y")], [tensor("s", 0.0)]), "not above 0"),
        (model([node("MatMul", "x v", "y")], [tensor("v", np.full((4, 2), np.nan))]), "not finite"),
    ],
)
def test_refused_with_a_reason(m: onnx.ModelProto, said: str) -> None:
    assert said in refused(m)


def test_no_model() -> None:
    for data in (b"", b"PK\x03\x04", b"\x00" * 100, b"\x08" * 10):
        assert "not an ONNX model" in refused(data)


def test_a_missing_file(tmp_path: Any) -> None:
    with pytest.raises(DataError, match="No such file"):
        from_onnx(tmp_path / "net.onnx")


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "onnx":
            raise ImportError("No module named 'onnx'")
        return plain(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"ohmbench\[onnx\]"):
        from_onnx(b"")


# hostile files


@pytest.mark.parametrize("place", ["../../etc/passwd", "/etc/passwd", "weights.bin"])
def test_nothing_outside_of_the_file_is_read(place: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    m = model([node("MatMul", "x w", "y")], [W])
    t = m.graph.initializer[0]
    t.ClearField("raw_data")
    t.data_location = TensorProto.EXTERNAL
    entry = t.external_data.add()
    entry.key, entry.value = "location", place
    (tmp_path / "weights.bin").write_bytes(bytes(64))
    (tmp_path / "net.onnx").write_bytes(m.SerializeToString())
    opened: list[str] = []
    plain = pathlib.Path.open

    def watched(path: pathlib.Path, *rest: Any, **more: Any) -> Any:
        opened.append(path.name)
        return plain(path, *rest, **more)

    monkeypatch.setattr(pathlib.Path, "open", watched)
    monkeypatch.setattr(builtins, "open", lambda *rest, **more: pytest.fail("something else was opened"))
    with pytest.raises(DataError, match="outside of the file"):
        from_onnx(tmp_path / "net.onnx")
    assert opened == ["net.onnx"]


def test_external_data_in_an_attribute() -> None:
    m = model([node("Constant", "", "w", value=W), node("MatMul", "x w", "y")])
    m.graph.node[0].attribute[0].t.data_location = TensorProto.EXTERNAL
    assert "outside of the file" in refused(m)


def test_circles() -> None:
    assert "circle" in refused(model([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")]))
    assert "nothing makes" in refused(model([node("Add", "x q", "y")]))
    assert "made twice" in refused(model([node("Relu", "x", "y"), node("Tanh", "x", "y")]))


HUGE = {
    "ConstantOfShape": model(
        [node("ConstantOfShape", "s", "b"), node("Add", "x b", "y")], [ints("s", 1 << 20, 1 << 20)]
    ),
    "Reshape": model([node("Reshape", "x s", "y")], [ints("s", -1, 1 << 40)]),
    "Pad": model([node("Pad", "x s", "y")], [ints("s", 0, 0, 0, 1 << 40)]),
    "input": model([node("Relu", "x", "y")], (), ("N", 1 << 20, 1 << 20)),
    "Conv": model([node("Conv", "x k", "y", pads=[20000] * 4)], [tensor("k", random(8, 1, 1, 1))], ("N", 1, 8, 8)),
    "Tile": model([node("Tile", "x s", "y")], [ints("s", 1, 1 << 40)]),
    "a product of constants": model(
        [node("Mul", "a b", "c"), node("Add", "x c", "y")],
        [tensor("a", np.ones((20000, 1))), tensor("b", np.ones((1, 20000)))],
    ),
}


@pytest.mark.parametrize("name", HUGE)
def test_huge_shapes(name: str) -> None:
    start = time.monotonic()
    refused(HUGE[name])
    assert time.monotonic() - start < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 << 20  # KB


def test_a_tensor_that_is_larger_than_its_data() -> None:
    m = model([node("MatMul", "x w", "y")], [W])
    m.graph.initializer[0].dims[:] = [4, 1 << 20]
    assert "damaged" in refused(m)
    m.graph.initializer[0].dims[:] = [1 << 40, 1 << 40]
    assert "numbers are supported" in refused(m)


def test_constants_that_double_with_each_node() -> None:
    names = ["w", *(f"w{n}" for n in range(40))]
    nodes = [node("Concat", f"{a} {a}", b, axis=1) for a, b in pairwise(names)]
    start = time.monotonic()
    refused(model([*nodes, node("MatMul", f"x {names[-1]}", "y")], [W]))
    assert time.monotonic() - start < 10


def test_constants_that_many_nodes_make_large() -> None:
    """A megabyte of weights, made into floats by 3,000 nodes."""
    weights = tensor("v", np.zeros((1000, 1000), np.int8), TensorProto.INT8)
    nodes = [node("DequantizeLinear", "v s", f"w{n}") for n in range(3000)]
    m = model([*nodes, node("MatMul", "x w7", "y")], [weights, tensor("s", 0.1)], ("N", 1000))
    start = time.monotonic()
    assert "make more than" in refused(m)
    assert time.monotonic() - start < 10


def test_copies_that_many_nodes_make() -> None:
    names = ["v", *(f"w{n}" for n in range(4000))]
    nodes = []
    for number, (a, b) in enumerate(pairwise(names)):
        nodes.append(node("Reshape", f"{a} s", b) if number % 2 else node("Transpose", a, b))
    m = model([*nodes, node("MatMul", f"x {names[-1]}", "y")], [tensor("v", random(400, 200)), ints("s", 400, 200)])
    assert "make more than" in refused(m)


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "MAX_BYTES", 100)
    assert "are supported" in refused(model([node("MatMul", "x w", "y")], [W]))


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    spoiled = bytearray(data)
    for _ in range(int(rng.integers(1, 8))):
        at = int(rng.integers(len(spoiled)))
        match int(rng.integers(5)):
            case 0:
                spoiled[at] ^= 1 << int(rng.integers(8))
            case 1:
                spoiled[at] = int(rng.integers(256))
            case 2:
                del spoiled[at : at + int(rng.integers(1, 20))]
            case 3:
                spoiled[at:at] = bytes(rng.integers(0, 256, int(rng.integers(1, 10)), np.uint8))
            case _:
                spoiled[at : at + 4] = spoiled[: int(rng.integers(1, 5))]
        if not spoiled:
            break
    return bytes(spoiled)


def altered(data: bytes, rng: np.random.Generator) -> bytes:
    """A model that still parses, with a field changed."""
    m = onnx.load_model_from_string(data)
    n = m.graph.node[int(rng.integers(len(m.graph.node)))]
    t = m.graph.initializer[int(rng.integers(len(m.graph.initializer)))]
    extreme = int(rng.choice([-(1 << 63), -1, 0, 1, 2, 3, 7, 1 << 31, (1 << 63) - 1]))
    match int(rng.integers(7)):
        case 0 if n.attribute:
            a = n.attribute[0]
            if a.ints:
                a.ints[int(rng.integers(len(a.ints)))] = extreme
            else:
                a.i = extreme
        case 1 if n.input:
            n.input[int(rng.integers(len(n.input)))] = str(rng.choice([*n.output, "x", "", "w", "y", "xs", "p"]))
        case 2 if t.dims:
            t.dims[int(rng.integers(len(t.dims)))] = extreme
        case 3:
            t.data_type = int(rng.integers(0, 26))
        case 4:
            n.op_type = str(
                rng.choice(["Add", "Conv", "MatMul", "Reshape", "Concat", "Slice", "Squeeze", "QLinearConv"])
            )
        case 5:
            values = np.frombuffer(t.raw_data, np.uint8).copy()
            if values.size:
                values[int(rng.integers(values.size))] = int(rng.integers(256))
                t.raw_data = values.tobytes()
        case _:
            m.graph.input[0].type.tensor_type.shape.dim[int(rng.integers(4))].dim_value = extreme
    return bytes(m.SerializeToString())


def survive(count: int, seed: int) -> int:
    """How many of so many spoiled models were taken all the same."""
    data, rng = sample(), np.random.default_rng(seed)
    from_onnx(data)
    taken = 0
    for number in range(count):
        spoiled = (mutate if number % 2 else altered)(data, rng)
        start = time.monotonic()
        try:
            network = from_onnx(spoiled)
        except DataError:
            pass
        else:
            taken += 1
            assert network.to_bytes()
            if np.prod(network.input_shape) < 1000:
                run(network, network.input_shape)
        assert time.monotonic() - start < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 2 << 20  # KB
    return taken


def run(network: Any, shape: tuple[int, ...]) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(network.forward(np.ones((1, *shape))))


def test_spoiled_models() -> None:
    assert 0 < survive(1000, 0) < 900


@pytest.mark.slow
def test_thousands_of_spoiled_models() -> None:
    survive(5000, 1)


def test_deep_models_do_not_end_the_stack() -> None:
    names = ["x", *(f"v{n}" for n in range(3000))]
    nodes = [node("Relu", a, b) for a, b in pairwise(names)]
    m = model([*nodes, node("MatMul", f"{names[-1]} w", "y")], [W])
    assert len(from_onnx(m).steps) == 3001


def test_nodes_in_any_order() -> None:
    m = model([node("Relu", "a", "y"), node("MatMul", "x w", "a")], [W])
    assert [step.kind for step in from_onnx(m).steps] == ["dense", "relu"]


def test_a_helper_without_names() -> None:
    m = model([helper.make_node("MatMul", ["x", "w"], ["y"])], [W])
    assert from_onnx(m).steps[0].name == "y"
