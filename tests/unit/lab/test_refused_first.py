"""Every pulsing command looks at all that it was given before the first pulse: refused is as if it was never asked."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.random_networks import random_compressed

from ohmbench.cli.main import main
from ohmbench.faults.fault_map import FaultMap
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.array import ArrayModel

COMMANDS = {
    "form": ["form"],
    "characterise": ["characterise"],
    "program": ["program", "net.ohmw", "--only", "0"],
    "resume": ["program", "net.ohmw", "--only", "0", "--resume"],
    "experiment": ["experiment", "endurance", "--cells", "0,0:3,3"],
    "infer": ["infer", "net.ohmw", "--data", "digits", "--images", "2"],
    "trim": ["trim", "net.ohmw", "--data", "digits", "-o", "new.ohmt"],
    "demo": ["demo"],
}
EVERY = tuple(COMMANDS)
IMAGES = ("program", "resume", "infer", "trim")
RECIPES = ("form", "characterise", "program", "infer", "trim")
MAPS = ("program", "resume", "experiment")
TEXTS = {"characterise": "--out", "program": "--report", "experiment": "--report", "infer": "--report"}
OUTPUTS = TEXTS | {"trim": "--out", "demo": "--out"}

BAD: list[tuple[str, tuple[str, ...], list[str]]] = [
    *((f"{what} {name}", EVERY, [option, name])
      for option, what in (("--carrier", "carrier"), ("--supply", "supply"), ("--device", "device"), ("--faults", "f"))
      for name in ("absent", "garbage", "folder", "empty.bin", "nan.toml")),
    *((f"recipe {name}", RECIPES, ["--recipe", name])
      for name in ("absent", "garbage", "folder", "nan.toml", "unknown.toml", "strong.toml")),
    ("recipe that cannot form", ("form",), ["--recipe", "coarse-fine"]),
    ("levels that overlap", ("characterise",), ["--recipe", "wide.toml"]),
    *((f"fault map {name}", MAPS, ["--fault-map", name]) for name in ("absent", "garbage", "folder", "other.json")),
    *((f"image {name}", IMAGES, ["IMAGE", name]) for name in ("absent", "garbage", "folder", "half.ohmw")),
    ("another image", ("resume", "infer", "trim"), ["IMAGE", "other.ohmw"]),
    ("array of the image", ("program",), ["--only", "99"]),
    ("data", ("infer", "trim"), ["--data", "mnist", "--mnist", "absent"]),
    ("data of another shape", ("infer", "trim"), ["--data", "mnist"]),
    ("no cell", ("experiment",), ["--cells", "40,0"]),
    ("no such setting", ("experiment",), ["--set", "colour=1"]),
    ("setting nan", ("experiment",), ["--set", "set_v=nan"]),
    ("no such experiment", ("experiment",), ["NAME", "nonsense"]),
    ("budget", ("program", "experiment", "form", "characterise"), ["--wear-budget", "1"]),
    ("trace of the twin", EVERY, ["--trace", "t.trace"]),
    ("line faults of the twin", EVERY, ["--line-faults", "flip=1e-3"]),
    *((f"output {name}", tuple(OUTPUTS), ["OUT", name])
      for name in ("/proc/x/y", "garbage/below", "lab/record.sqlite", "A.ohma")),
    *((f"output {name}", tuple(TEXTS), ["OUT", name]) for name in ("net.ohmw", "folder")),
    ("output that is no file", tuple(TEXTS), ["OUT", "fifo"]),
    ("output that is an input", ("characterise", "program"), ["--recipe", "own.toml", "OUT", "own.toml"]),
    ("output that is an input by a link", ("characterise",), ["--recipe", "own.toml", "OUT", "link.toml"]),
    ("output that is the carrier", tuple(TEXTS), ["--carrier", "carrier.toml", "OUT", "carrier.toml"]),
    ("output that is the fault map", ("program", "experiment"), ["--fault-map", "own.json", "OUT", "own.json"]),
]  # fmt: skip
TABLE = [(command, what, more) for what, commands, more in BAD for command in commands]


def line(command: str, more: list[str]) -> list[str]:
    words, rest = list(COMMANDS[command]), list(more)
    for name, at in (("IMAGE", 1), ("NAME", 1)):
        if name in rest:
            place = rest.index(name)
            words[at] = rest[place + 1]
            del rest[place : place + 2]
    rest = [OUTPUTS[command] if word == "OUT" else word for word in rest]
    lab = [] if command == "demo" else ["--lab", "lab"]
    return [*words, "--port", "twin", "--array", "A.ohma", *lab, "--quiet", *rest]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    map_compressed(random_compressed(np.random.default_rng(1), [64, 10])).save(folder / "net.ohmw")
    map_compressed(random_compressed(np.random.default_rng(2), [20, 5])).save(folder / "other.ohmw")
    (folder / "half.ohmw").write_bytes((folder / "net.ohmw").read_bytes()[:300])
    (folder / "garbage").write_text("= [[ no\n")
    (folder / "empty.bin").write_bytes(b"\0" * 100)
    (folder / "folder").mkdir()
    FaultMap(np.zeros((32, 32), np.uint8), "Z").save(folder / "other.json")
    FaultMap(np.zeros((32, 32), np.uint8), "A").save(folder / "own.json")
    for name, text in {
        "nan.toml": "g_min_usiemens = nan\nlimits = nan\n",
        "unknown.toml": "colour = 3\n",
        "strong.toml": "[set]\nend_v = 9.0\n",
        "wide.toml": "window_usiemens = 100\n",
        "own.toml": "window_usiemens = 9\n",
        "carrier.toml": 'name = "c"\n',
    }.items():
        (folder / name).write_text(text)
    (folder / "link.toml").symlink_to("own.toml")
    os.mkfifo(folder / "fifo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(line("program", [])) == 0
    with closing(sqlite3.connect(folder / "lab/record.sqlite")) as sql:
        sql.execute("UPDATE runs SET status = 'interrupted'")  # there is something to go on with
        sql.commit()
    return folder


State = tuple[list[str], list[int], dict[str, bytes]]


def state(folder: Path) -> State:
    """What the record has, the pulses of the array, and all other files."""
    with closing(sqlite3.connect(folder / "lab/record.sqlite")) as sql:
        record = list(sql.iterdump())
    with closing(ArrayModel.open(folder / "A.ohma")) as array:
        pulses = array.pulses().ravel().tolist()
    files = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file() and file.suffix != ".ohma"}
    return record, pulses, files


def wear(found: State) -> State:
    return [line for line in found[0] if line.startswith('INSERT INTO "wear')], found[1], found[2]


@pytest.mark.parametrize(("command", "what", "more"), TABLE, ids=[f"{command}: {what}" for command, what, _ in TABLE])
def test_refused_is_as_if_never_asked(
    command: str,
    what: str,
    more: list[str],
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    here = tmp_path / "here"
    shutil.copytree(prepared, here, symlinks=True, ignore=shutil.ignore_patterns("fifo"))
    os.mkfifo(here / "fifo")
    monkeypatch.chdir(here)
    monkeypatch.setenv("OHMBENCH_LAB", "lab")
    monkeypatch.delenv("OHMBENCH_MNIST", raising=False)
    before = state(here)
    try:
        code = main(line(command, more))
    except SystemExit as ended:  # argparse's own
        code = int(ended.code or 0)
    said = capsys.readouterr().err
    assert code not in (0, 1), (what, said)
    assert "Traceback" not in said
    after = state(here)
    if what == "budget":  # which it is from now on, and runs that were begun are refused for it
        before, after = wear(before), wear(after)
    assert after == before
