"""A bench that cannot read is not pulsed: refused before the first pulse, or stopped after the first rows."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.random_networks import random_compressed

from ohmbench.bench.opening import SimulatedArray
from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.checks.before_pulses import check_before_pulses
from ohmbench.cli.main import main
from ohmbench.errors import CheckError, DataError
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.operations.characterise import characterise
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.recipe_file import RECIPES
from ohmbench.progress import Progress
from ohmbench.record.store import Store

COMMANDS = {
    "form": ["form"],
    "program": ["program", "IMAGE", "--only", "0"],
    "characterise": ["characterise"],
    "iv": ["experiment", "iv", "--cells", "0,0:1,1"],
    "endurance": ["experiment", "endurance", "--cells", "3,3"],
    "forming": ["experiment", "forming", "--cells", "0,0:1,1"],
    "trim": ["trim", "IMAGE", "--data", "digits", "--inputs", "200", "-o", "OUT"],
    "infer": ["infer", "IMAGE", "--data", "digits", "--images", "2"],
}
USED = {"form": ["bl_read", "wl_read", "bl_set", "sl_inhibit", "wl_set"]}
ALL_RAILS = ["bl_read", "wl_read", "bl_set", "sl_inhibit", "wl_set", "sl_reset", "wl_reset"]
FRESH = {"unformed_fraction": 1.0, "stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}
UNFORMED = ["--device", "FRESH.toml"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    map_compressed(random_compressed(np.random.default_rng(1), [64, 10])).save(tmp_path / "random.ohmw")
    return tmp_path / "random.ohmw"


def line(name: str, folder: Path, image: Path, *more: str) -> list[str]:
    files = {"IMAGE": str(image), "OUT": str(folder / "new.ohmt")}
    words = [files.get(word, word) for word in COMMANDS[name]]
    return [*words, "--port", "twin", "--array", str(folder / "A.ohma"), "--lab", str(folder), "--quiet", *more]


def pulses(folder: Path) -> np.ndarray:
    with closing(ArrayModel.open(folder / "A.ohma")) as array:
        return array.pulses()


def charged(folder: Path) -> np.ndarray:
    with Store.open(folder / "record.sqlite") as store:
        store.check()
        return store.wear("A").total if store.arrays() else np.zeros((32, 32), np.int64)


CASES = [(name, f"rail={rail}:{factor}") for name in COMMANDS for rail, factor in (("bl_read", 0), ("wl_read", 0.5))]
CASES += [
    (name, f"rail={rail}:{factor}")
    for name in ("form", "program")
    for rail in USED.get(name, ALL_RAILS)
    for factor in (0, 0.5, 1.5)
]
CASES += [("program", faults) for faults in ("swap=3:7", "dead=9", "dead=12", "rail=cal:0", "rail=sl_inhibit:0.9")]
CASES += [("endurance", f"rail={rail}:0.5") for rail in ALL_RAILS]


@pytest.mark.parametrize(("name", "faults"), CASES)
def test_what_cannot_read_is_refused(
    name: str, faults: str, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line(name, tmp_path, image, "--carrier-faults", faults)) == CheckError.exit_code
    said = capsys.readouterr().err
    assert "The check of reading before the first pulse failed" in said
    assert "No cell was pulsed, and the array is off." in said
    assert "selftest" in said
    assert not pulses(tmp_path).any()
    assert not charged(tmp_path).any()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "faults",
    ["", "gain-spread=0.02,offset-spread=5,rail=bl_set:1.03,rail=cal:0.96", "missing=4", "open=5", "offset=3:200"],
)
def test_what_reads_is_not_refused(faults: str, seed: int) -> None:
    """Without the calibration of what it is off by, fresh or formed, and at the ends of what rails are driven to."""
    for params in ({}, FRESH):
        bench = TwinBench(ArrayModel(params, seed), SimulatedCarrier.parse(faults).open())
        for recipe in (Recipe(), Recipe.load("form")):
            check_before_pulses(bench)
            bench.require_ready(recipe.limits())
        assert not bench.twin.array.pulses().any()


def test_a_dead_channel_that_the_carrier_leaves_out_refuses_nothing() -> None:
    bench = TwinBench(ArrayModel({}, 1), SimulatedCarrier.parse("dead=9").open())
    bad = np.zeros((32, 32), np.bool_)
    bad[:, 9] = True
    bench.carrier = Carrier(bad=bad)
    check_before_pulses(bench)
    bench.require_ready(Recipe().limits())


def test_a_carrier_without_resistors_says_so_in_its_file(image: Path, tmp_path: Path) -> None:
    """Otherwise nobody could program with it."""
    without = ",".join(f"missing={column}" for column in range(32))
    assert main(line("program", tmp_path, image, "--carrier-faults", without)) == CheckError.exit_code
    (tmp_path / "bare.toml").write_text("self_check = false\n")
    more = ["--carrier-faults", without, "--carrier", str(tmp_path / "bare.toml")]
    assert main(line("program", tmp_path, image, *more)) == 0
    (tmp_path / "bare.toml").write_text("self_check = 0\n")
    assert main(line("program", tmp_path, image, *more)) == DataError.exit_code


def test_it_is_once_a_command_and_not_for_reads() -> None:
    bench, looked = TwinBench(ArrayModel({}, 1)), []
    bench.before_pulses = looked.append
    bench.require_ready(Recipe().limits())
    with bench.armed(Recipe().limits(), {}):
        pass
    assert looked == [Recipe().limits()]


NOT_MOVING = {
    "unformed": ("program", UNFORMED),
    "unformed, characterise": ("characterise", UNFORMED),
    "unformed, infer": ("infer", UNFORMED),
    "weak gate of the recipe": ("program", ["--recipe", "WEAK"]),
    "weak gate, form": ("form", [*UNFORMED, "--recipe", "WEAK-FORM"]),
    "pulses that are too small": ("form", [*UNFORMED, "--recipe", "SHORT-FORM"]),
}


@pytest.mark.parametrize("what", NOT_MOVING)
def test_what_does_not_move_is_stopped(
    what: str, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After some rows, and not one is pulsed behind the record's back."""
    form = (RECIPES / "form.toml").read_text()
    files = {
        "WEAK": "wl_read_v = 0.3\n",
        "WEAK-FORM": f"wl_read_v = 0.3\n{form}",
        "SHORT-FORM": form.replace("start_v = 2.0", "start_v = 1.0").replace("3.55", "1.6"),
        "FRESH.toml": "".join(f"{name} = {value}\n" for name, value in FRESH.items()),
    }
    name, given = NOT_MOVING[what]
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    more = [str(tmp_path / word) if word in files else word for word in given]
    assert main(line(name, tmp_path, image, *more)) == DataError.exit_code
    said = capsys.readouterr().err
    assert "moved in its whole ramp" in said
    assert "not formed" in said
    given_pulses = pulses(tmp_path)
    assert 48 <= np.count_nonzero(given_pulses) <= 300
    assert (charged(tmp_path) >= given_pulses).all()


@pytest.mark.parametrize("seed", range(4))
def test_stuck_cells_alone_stop_nothing(seed: int, image: Path, tmp_path: Path) -> None:
    """A third of the array is stuck, and two word lines: programmed, and again when nothing else is left to do."""
    faults = np.zeros((32, 32), np.uint8)
    rng = np.random.default_rng(seed)
    faults[rng.random((32, 32)) < 0.3] = 1
    faults[:2] = 1
    array = SimulatedArray(seed=seed, file=tmp_path / "A.ohma", faults=faults).open()
    array.close()
    for name in ("program", "program", "infer", "infer", "characterise"):
        assert main(line(name, tmp_path, image)) in (0, 10), name


def test_a_command_finds_the_same_as_without_it() -> None:
    """The check takes none of the run's clocks, and moves no cell."""
    found = []
    for look in (True, False):
        bench = TwinBench(ArrayModel({}, 3))
        if look:
            check_before_pulses(bench)
        found.append(json.dumps(characterise(bench, None, Progress(quiet=True)).summary()))
    assert found[0] == found[1]
