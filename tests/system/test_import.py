"""`ohmbench import` from an ONNX file to the array and back, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.system.command_line import as_json, refused, run

from ohmbench.errors import DataError, UsageError
from ohmbench.network.data import load_digits
from ohmbench.network.network import train


def saved(
    path: Path,
    nodes: list[onnx.NodeProto],
    constants: dict[str, np.ndarray],  # type: ignore[type-arg]
    shape: tuple[int, ...] = (1, 8, 8),
) -> Path:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", None])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolution of edges in four directions, a pool, and a dense layer that was trained behind them."""
    edge = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]], np.float32) / 3
    kernels = np.stack([edge, -edge, edge.T, -edge.T])[:, None]
    digits = load_digits(8)
    x = (digits.train_x.reshape(-1, 1, 8, 8) / 16).astype(np.float32)
    padded = np.pad(x[:, 0], ((0, 0), (1, 1), (1, 1)))
    maps = np.stack(
        [sum(k[i, j] * padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)) for k in kernels[:, 0]],
        axis=1,
    )
    pooled = np.maximum(maps, 0).reshape(-1, 4, 4, 2, 4, 2).max(axis=(3, 5)).reshape(len(x), -1)
    dense = train(pooled, digits.train_y, (64, 10), epochs=30)
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], name="edges", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "w", "b"], ["y"], name="dense"),
    ]
    weights = {"w": dense.weights[0].astype(np.float32), "b": dense.biases[0].astype(np.float32)}
    return saved(tmp_path_factory.mktemp("import") / "net.onnx", nodes, {"k": kernels} | weights)


def test_check_says_what_it_costs_and_writes_nothing(model: Path) -> None:
    before = sorted(model.parent.iterdir())
    found = as_json("import", model, "--check")
    assert sorted(model.parent.iterdir()) == before
    assert [layer["places"] for layer in found["layers"]] == [64, 1]
    assert found["weights"] == 4 * 9 + 64 * 10
    assert found["cells_as_pairs"] == 2 * found["weights"]
    # the convolution is one tile, the dense layer two
    assert (found["images"], found["products_per_input"]) == (2, 64 + 2)
    assert found["bench_time_per_input_s"] > 0
    assert found["unsupported"] == []
    assert "products an input" in run("import", model, "--check").stdout


def test_from_a_model_to_the_array(model: Path, tmp_path: Path) -> None:
    network, image = tmp_path / "net.ohmn", tmp_path / "net.ohmw"
    made = as_json("import", model, "-o", network, "--data", "digits", "--bits", "4", "--activation-bits", "5")
    assert made["accuracy_float"] > 0.9
    assert made["accuracy_quantised"] > made["accuracy_float"] - 0.03
    assert run("map", network, "-o", image).returncode == 0
    found = as_json("infer", image, "--port", "twin", "--trim", "300")
    assert found["accuracy_quantised"] == made["accuracy_quantised"]
    assert found["accuracy_float"] == made["accuracy_float"]
    assert found["accuracy_trimmed"] > 0.85
    same = as_json("infer", image, "--port", "sim", "--images", "10", "--trim", "60", "--twin")
    assert (same["codes_that_differ"], same["cycles_equal"]) == (0, True)


def test_own_data_calibrate_and_test(model: Path, tmp_path: Path) -> None:
    digits = load_digits(8)
    x, y = np.concatenate([digits.train_x, digits.test_x]) / 16, np.concatenate([digits.train_y, digits.test_y])
    data, network, image = tmp_path / "own.npz", tmp_path / "net.ohmn", tmp_path / "net.ohmw"
    np.savez(data, x_train=x[:1437], y_train=y[:1437], x_test=x[1437:], y_test=y[1437:])
    made = as_json("import", model, "-o", network, "--data", data, "--bits", "4", "--activation-bits", "5")
    assert made["accuracy_quantised"] > 0.87
    assert run("map", network, "-o", image).returncode == 0
    found = as_json("infer", image, "--port", "twin", "--data", data, "--trim", "300")
    assert (found["dataset"], found["accuracy_quantised"]) == ("own.npz", made["accuracy_quantised"])
    other = tmp_path / "other.npz"  # other inputs: what was reached on the first ones is not said of these
    np.savez(other, x=x[:200], y=y[:200])
    elsewhere = as_json("infer", image, "--port", "twin", "--data", other)
    assert (found["data_known"], elsewhere["data_known"]) == (True, False)
    assert found["accuracy_float"] == made["accuracy_float"]
    assert elsewhere["accuracy_float"] is None
    assert elsewhere["accuracy_quantised"] > 0.87
    np.savez(data, x=x, y=y)
    said = refused(UsageError.exit_code, "import", model, "-o", tmp_path / "other.ohmn", "--data", data)
    assert "no part to train on" in said


def test_targets_are_compared_with_floats_and_integers(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    weights = rng.normal(size=(64, 2)).astype(np.float32)
    nodes = [helper.make_node("Flatten", ["x"], ["f"]), helper.make_node("MatMul", ["f", "w"], ["y"], name="values")]
    model = saved(tmp_path / "values.onnx", nodes, {"w": weights})
    x = rng.random((300, 64))
    y = x @ weights
    data, network, image = tmp_path / "values.npz", tmp_path / "values.ohmn", tmp_path / "values.ohmw"
    np.savez(data, x_train=x[:200], y_train=y[:200], x_test=x[200:], y_test=y[200:] + 0.25)
    made = as_json("import", model, "-o", network, "--data", data, "--bits", "6")
    assert made["accuracy_float"] is None
    assert made["rmse_float"] == pytest.approx(0.25, rel=1e-4)
    assert made["rmse_quantised"] != made["rmse_float"]
    assert run("map", network, "-o", image).returncode == 0
    found = as_json("infer", image, "--port", "twin", "--data", data)
    assert found["rmse_float"] == made["rmse_float"]
    assert found["rmse_quantised"] == pytest.approx(made["rmse_quantised"], rel=1e-6)
    assert found["rmse_to_integers"] > 0
    said = run("infer", image, "--port", "twin", "--data", data, "--quiet").stdout
    assert "Error in floating point: 0.25" in said


@pytest.mark.slow
@pytest.mark.timeout(2000)
def test_a_large_convolutional_network_on_sim_as_on_the_twin(tmp_path: Path) -> None:
    """5,110 weights in three layers on 28x28: 100 inputs, every code of the RTL is the twin's."""
    rng = np.random.default_rng(8)
    nodes = [
        helper.make_node("Conv", ["x", "k"], ["c"], name="first"),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Conv", ["p", "l"], ["d"], name="second"),
        helper.make_node("Relu", ["d"], ["s"]),
        helper.make_node("MaxPool", ["s"], ["q"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["q"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"], name="dense"),
    ]
    shapes = {"k": (6, 1, 5, 5), "l": (16, 6, 5, 5), "w": (256, 10)}
    weights = {n: (rng.normal(size=s) / np.sqrt(np.prod(s[1:]))).astype(np.float32) for n, s in shapes.items()}
    model = saved(tmp_path / "large.onnx", nodes, weights, (1, 28, 28))
    x, y = rng.random((400, 1, 28, 28)).astype(np.float32), np.arange(400) % 10
    data, network, image = tmp_path / "x.npz", tmp_path / "large.ohmn", tmp_path / "large.ohmw"
    np.savez(data, x_train=x[:300], y_train=y[:300], x_test=x[300:], y_test=y[300:])
    made = as_json("import", model, "-o", network, "--data", data, "--activation-bits", "4")
    assert made["weights"] == sum(int(np.prod(shape)) for shape in shapes.values()) > 5000
    assert run("map", network, "-o", image).returncode == 0
    found = as_json("infer", image, "--port", "sim", "--data", data, "--images", "100", "--twin", timeout_s=1800)
    assert (found["images"], found["codes_that_differ"], found["cycles_equal"]) == (100, 0, True)
    assert found["codes_compared"] > 100 * (576 * 6 + 64 * 16 + 10)


def test_what_cannot_be_taken_is_named_at_once(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Einsum", ["x", "x"], ["a"], name="first", equation="nchw,nchw->nchw"),
        helper.make_node("Det", ["a"], ["b"], name="second"),
        helper.make_node("Flatten", ["b"], ["y"]),
    ]
    path = saved(tmp_path / "bad.onnx", nodes, {})
    said = refused(DataError.exit_code, "import", path, "-o", tmp_path / "a.ohmn")
    assert "'first'" in said
    assert "'second'" in said
    checked = run("import", path, "--check", "--json")
    assert checked.returncode == DataError.exit_code
    assert len(json.loads(checked.stdout)["unsupported"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "Give -o FILE, or --check"),
        ("-o a.ohmn", "needs inputs to calibrate with"),
        ("--check -o a.ohmn", "Give -o FILE, or --check"),
        ("-o a.ohmn --data mnist --bits 1", "1 is not 2 to 8"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: str, said: str, model: Path) -> None:
    assert said in refused(UsageError.exit_code, "import", model, *arguments.split())
