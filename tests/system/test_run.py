"""`ohmbench run`: the program of docs/pulse-programs.md by its command, recorded, charged, refused, step by step."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.system.command_line import as_json, refused, run

from ohmbench.isa import assemble_file

PAGE = Path(__file__).resolve().parents[2] / "docs/pulse-programs.md"
PULSES = 1640


@pytest.fixture
def program(tmp_path: Path) -> Path:
    blocks = re.findall(r"```(\w*)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (source,) = [text for kind, text in blocks if not kind and ".entry from_above" in text]
    path = tmp_path / "from-above.useq"
    path.write_text(source)
    return path


@pytest.fixture
def options() -> list[str]:
    """Those of the page's command."""
    (command,) = re.findall(r"ohmbench run from-above.useq --port twin (.*?)\n\n", PAGE.read_text(), re.DOTALL)
    return str(command).replace("\\\n", " ").split()


def test_the_pages_command_on_twin_and_simulator(program: Path, options: list[str], executable: Path) -> None:
    found: dict[str, Any] = {port: as_json("run", program, "--port", port, *options) for port in ("twin", "sim")}
    assert found["twin"]["words"] == found["sim"]["words"]
    assert found["twin"]["run_cycles"] == found["sim"]["run_cycles"]
    args = found["twin"]["args"]
    assert len(found["twin"]["words"]) == 32
    assert all(args["low"] <= word <= args["high"] for word in found["twin"]["words"])


def test_a_run_is_recorded_and_charged_before_it_is_sent(program: Path, options: list[str], tmp_path: Path) -> None:
    lab, array = tmp_path / "lab", tmp_path / "die.ohma"
    line = ("run", program, "--port", "twin", "--array", array, "--lab", lab, *options)
    found = as_json(*line)
    assert found["serial"] == "die"
    (recorded,) = as_json("log", "--lab", lab)["runs"]
    assert (recorded["kind"], recorded["status"]) == ("run", "done")
    shown = run("show", str(found["run"]), "--lab", lab)
    assert "from-above.useq" in shown.stdout
    assert "row 3" in shown.stdout
    assert f"code 0 after {found['run_cycles']} clocks, 32 words" in shown.stdout
    (known,) = as_json("log", "arrays", "--lab", lab)["arrays"]
    assert known["pulses_max"] == PULSES
    # what the guard cuts short has been charged all the same, and what a budget forbids is not sent
    cut = run(*line, "--arg", "row=5", "--pulses", "1")
    assert cut.returncode == 9
    assert "pulses of its budget (fault budget, " in cut.stderr
    (known,) = as_json("log", "arrays", "--lab", lab)["arrays"]
    assert known["pulses_max"] == PULSES + 1
    assert "larger budget" in refused(13, *line, "--wear-budget", "2000")
    assert len(as_json("log", "--lab", lab)["runs"]) == 2
    (known,) = as_json("log", "arrays", "--lab", lab)["arrays"]
    assert known["pulses_max"] == PULSES + 1


def test_a_first_program_of_ones_own_is_told_of_its_limits(program: Path, options: list[str]) -> None:
    rest = [o for i, o in enumerate(options) if not {"--pulse-us", "--pulses"} & {o, options[max(i - 1, 0)]}]
    assert len(rest) == len(options) - 4
    said = refused(9, "run", program, "--port", "twin", *rest)
    assert "fault width_limit" in said
    assert "give --pulse-us and --pulses" in said


def test_steps_of_the_twin(program: Path, options: list[str]) -> None:
    whole = as_json("run", program, "--port", "twin", *options)
    stepped = as_json("run", program, "--port", "twin", *options, "--steps", "1000000")
    steps = stepped.pop("steps")
    assert stepped == whole  # to look changes nothing
    assert sum(step["cycles"] for step in steps) == whole["run_cycles"]
    assert steps[-1]["text"] == "halt    0"
    assembled = assemble_file(program)
    for step in steps:
        assert assembled.lines[step["address"]] == step["line"]
        assert step["text"] in assembled.source[step["line"] - 1]
    first = steps[0]
    assert (first["text"], first["registers"]) == ("mone    m1, r0", {"m1": "00000008"})
    pulses = [step for step in steps if step["pulses"]]
    assert {step["text"] for step in pulses} == {"pulse   r5"}
    assert 0 < len(pulses) <= PULSES
    moved = [step["rails_v"]["sl_reset"] for step in steps if "sl_reset" in step["rails_v"]]
    assert min(moved) == pytest.approx(0.72, abs=1e-4)
    text = run("run", program, "--port", "twin", *options, "--steps", "4").stdout.splitlines()
    assert text[3].split()[2:5] == ["18", "lines", "read,"]


def test_steps_are_the_twins_alone(program: Path, options: list[str], executable: Path) -> None:
    said = refused(2, "run", program, "--port", "sim", *options, "--steps", "4")
    assert "--steps works only on the twin" in said
    assert said.count("Nothing was sent to the array") == 1
