"""Trimming by the command line: raw beside trimmed, what a trimming belongs to, and what refuses it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.system.command_line import as_json, refused, run

from ohmbench.bench.base import Bench
from ohmbench.errors import DataError, UsageError
from ohmbench.inference import trimming
from ohmbench.mapping.image import WeightImage
from ohmbench.network.data import load_digits
from ohmbench.operations.digits import train_and_map


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trim")


@pytest.fixture(scope="module")
def image(folder: Path) -> Path:
    """64-32-10 on five arrays."""
    path = folder / "digits.ohmw"
    train_and_map().image.save(path)
    return path


@pytest.fixture(scope="module")
def one_array(folder: Path) -> Path:
    """64-3-10, which fits one array."""
    path, made = folder / "small.ohmw", train_and_map(hidden=3).image
    assert made.images == 1
    made.save(path)
    return path


@pytest.fixture
def lab(tmp_path: Path) -> dict[str, str]:
    return {"OHMBENCH_LAB": str(tmp_path / "lab")}


def test_raw_and_trimmed_stand_side_by_side(image: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    found = as_json("infer", image, "--port", "twin", "--trim", "500", "--report", page, "--seed", "3")
    raw = as_json("infer", image, "--port", "twin", "--seed", "3")
    assert raw["accuracy_trimmed"] is None
    assert found["accuracy_trimmed"] > found["accuracy"] - 0.005
    assert found["trimming"]["inputs"] == 500
    assert found["trimming"]["bench_time_s"] > 0
    for part in (*found["trimming"]["layers"], *found["trimming"]["tiles"]):
        assert part["residual_trimmed"] <= part["residual_raw"]
    assert "Errors by output and tile" in page.read_text()
    assert "trimmed on 500 training inputs" in run("infer", image, "--port", "twin", "--trim", "500").stdout


def test_the_rtl_gives_the_same_codes_and_corrections(image: Path) -> None:
    found = as_json("infer", image, "--port", "sim", "--trim", "200", "--images", "30", "--twin")
    same = as_json("infer", image, "--port", "twin", "--trim", "200", "--images", "30")
    assert (found["codes_that_differ"], found["cycles_equal"]) == (0, True)
    assert found["codes_compared"] > 200 * 32
    for name in ("predictions", "predictions_trimmed"):
        assert found[name] == same[name]
    for name in ("layers", "tiles", "worst", "bench_time_s"):
        assert found["trimming"][name] == same["trimming"][name]


def test_no_test_image_reaches_the_fit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, image: Path) -> None:
    from ohmbench.inference import on_bench
    from ohmbench.lab.setup import Setup
    from ohmbench.operations.infer import infer_file
    from ohmbench.operations.trim import TrimRequest
    from ohmbench.progress import Progress

    seen: list[np.ndarray] = []  # type: ignore[type-arg]

    def trim(image: WeightImage, fit_to: np.ndarray, *others: object) -> trimming.Trimmed:  # type: ignore[type-arg]
        seen.append(fit_to)
        return trimming.trim(image, fit_to, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(on_bench, "trim", trim)
    data = load_digits()
    infer_file(Setup("twin"), image, Progress(quiet=True), trim=TrimRequest(len(data.train_x)))
    (fit_to,) = seen
    rows = {row.tobytes() for row in np.asarray(data.train_x, np.int64)}
    assert {row.tobytes() for row in np.asarray(fit_to, np.int64)} == rows
    # the digits have no image twice, so that the sets are apart
    assert not rows & {row.tobytes() for row in np.asarray(data.test_x, np.int64)}


def test_a_trimming_is_kept_and_used_again(one_array: Path, tmp_path: Path, lab: dict[str, str]) -> None:
    array, file = ("--port", "twin", "--array", tmp_path / "a.ohma"), tmp_path / "a.ohmt"
    assert run("program", one_array, *array, **lab).returncode == 0
    (wear,) = as_json("log", "arrays", **lab)["arrays"]
    made = as_json("trim", one_array, *array, "-o", file, "--inputs", "400", **lab)
    assert made["stale"] is None
    used = as_json("infer", one_array, *array, "--trimming", file, **lab)
    again = as_json("infer", one_array, *array, "--trimming", "record", **lab)
    assert used["trimming"]["at"] == again["trimming"]["at"] == made["at"]
    assert (used["trimming"]["stale"], used["accuracy_trimmed"] is not None) == (None, True)
    # nothing of this sent a pulse
    assert as_json("log", "arrays", **lab)["arrays"][0]["pulses_mean"] == wear["pulses_mean"]
    rested = as_json("infer", one_array, *array, "--no-program", "--after", "100000", **lab)
    assert rested["trimming"] is None
    said = run("infer", one_array, *array, "--no-program", **lab).stdout
    assert "trimming wins back" in said
    assert "ohmbench infer small.ohmw --no-program --trim" in said
    events = [event["what"] for event in as_json("log", "events", **lab)["events"]]
    assert any("raw" in what and "trimmed" in what for what in events)
    assert "--no-program --trim" in run("verify", one_array, *array, "--after", "100000", **lab).stdout
    assert run("program", one_array, *array, "--passes", "2", **lab).returncode == 0
    assert "stale: its cells were pulsed since" in run("infer", one_array, *array, "--trimming", file, **lab).stdout


def test_a_trimming_of_another_array_or_image_is_refused(
    one_array: Path, image: Path, tmp_path: Path, lab: dict[str, str]
) -> None:
    file = tmp_path / "a.ohmt"
    array = ("--port", "twin", "--array", tmp_path / "a.ohma")
    assert run("trim", one_array, *array, "-o", file, "--inputs", "400", **lab).returncode == 0
    other = ("--port", "twin", "--array", tmp_path / "b.ohma")
    used = ("--trimming", file)
    assert "of array a, and array b is in the socket" in refused(
        DataError.exit_code, "infer", one_array, *other, *used, **lab
    )
    assert "of another weight image" in refused(DataError.exit_code, "infer", image, *array, *used, **lab)
    bad = tmp_path / "bad.ohmt"
    shutil.copy(one_array, bad)
    assert "not a trimming" in refused(DataError.exit_code, "infer", one_array, *array, "--trimming", bad, **lab)
    message = refused(UsageError.exit_code, "infer", one_array, *other, "--trimming", "record", **lab)
    assert "has no trimming of this image" in message
    message = refused(UsageError.exit_code, "infer", one_array, *other, "--no-program", **lab)
    assert "does not say that this array holds it" in message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--trim 0", "0 is not 1 or more"),
        ("--trim 1", "needs 12 inputs or more, not 1"),
        ("--trim 5000", "5000 training inputs were asked for, there are 1 to 1437"),
        ("--trim 100 --trimming x.ohmt", "not allowed with argument"),
        ("--no-program", "the image takes 5 arrays, the socket has one"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: str, said: str, image: Path) -> None:
    assert said in refused(UsageError.exit_code, "infer", image, "--port", "twin", *arguments.split())


def test_in_the_loop_writes_what_the_array_holds(
    one_array: Path, image: Path, tmp_path: Path, lab: dict[str, str]
) -> None:
    out, array = tmp_path / "fitted.ohmw", ("--port", "twin", "--array", tmp_path / "a.ohma")
    found = as_json("program", image, "--port", "twin", "--in-the-loop", "500", "-o", out, **lab)
    assert found["cells_changed"] > 0
    assert found["accuracy_trimmed"] > 0.9
    assert (WeightImage.load(out).levels != WeightImage.load(image).levels).sum() == found["cells_changed"]
    assert run("program", one_array, *array, "--in-the-loop", "500", "-o", out, **lab).returncode == 0
    assert as_json("verify", out, *array, **lab)["in_window_fraction"] > 0.95
    kept = as_json("infer", out, *array, "--trimming", "record", **lab)
    assert kept["trimming"]["stale"] is None
    assert "go together" in refused(UsageError.exit_code, "program", image, "--port", "twin", "--in-the-loop", "500")
    line = ("program", image, "--port", "twin", "--in-the-loop", "500", "-o", out, "--only", "1")
    assert "--only has no meaning" in refused(UsageError.exit_code, *line)


def test_a_trimming_needs_an_array_that_is_known(image: Path, tmp_path: Path) -> None:
    message = refused(UsageError.exit_code, "trim", image, "--port", "twin", "-o", tmp_path / "a.ohmt")
    assert "belongs to an array" in message


def test_a_stopped_trimming_leaves_the_record_and_the_array(
    one_array: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ohmbench.bench.opening import SimulatedArray, open_bench
    from ohmbench.inference.on_bench import Inference
    from ohmbench.programming.recipe import Recipe

    image, data = WeightImage.load(one_array), load_digits()
    with open_bench("twin", array=SimulatedArray(seed=2)) as bench:
        run = Inference(bench, Recipe())
        raw = run.logits(image, data.test_x[:20])
        monkeypatch.setattr(Bench, "execute", lambda *args, **options: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run.trim(image, data.train_x[:300], data.test_x[:20])
        monkeypatch.undo()
        assert not bench.state().armed
        assert (np.argmax(run.logits(image, data.test_x[:20]), axis=1) == np.argmax(raw, axis=1)).mean() > 0.8


def test_what_the_array_holds_goes_back(one_array: Path, tmp_path: Path, lab: dict[str, str]) -> None:
    array, out = ("--port", "twin", "--array", tmp_path / "W1.ohma"), tmp_path / "held.npz"
    assert run("program", one_array, *array, **lab).returncode == 0
    asked = ("--conductances", one_array, "--serial", "W1")
    said = as_json("export", out, *asked, **lab)
    image = WeightImage.load(one_array)
    assert (said["cells_read"], said["cells"]) == (image.cells, image.cells)
    with np.load(out) as found:
        used = image.mask
        off = (found["conductance_usiemens"] - found["target_usiemens"])[used]
        assert np.mean(np.abs(off) < 10) > 0.9
        for number, layer in enumerate(image.layers):
            weights, targets = found[f"layer{number}_weights"], found[f"layer{number}_targets"]
            assert weights.shape == targets.shape == (layer.inputs, layer.outputs)
            assert (targets == np.rint(targets)).all()
            assert np.std(weights - targets) < 1
    assert run("export", out, *asked, "--names", "0,2", **lab).returncode == 0
    trained = train_and_map(hidden=3).network
    with np.load(out) as found:
        assert sorted(found) == ["0.bias", "0.weight", "2.bias", "2.weight"]
        for name, wanted in zip(("0", "2"), trained.weights, strict=True):
            assert np.corrcoef(found[f"{name}.weight"].T.ravel(), wanted.ravel())[0, 1] > 0.95
            scale = np.std(found[f"{name}.weight"]) / np.std(wanted)
            assert 0.9 < scale < 1.1
    assert "Give one for each" in refused(UsageError.exit_code, "export", out, *asked, "--names", "0", **lab)
