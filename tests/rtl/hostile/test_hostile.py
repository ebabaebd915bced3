"""Hostile programs against the whole FPGA, with a checker of its pins: nothing that docs/guard.md rules out happens."""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from tests.rtl.hostile.hostile_programs import script

from ohmbench._tables import Fault
from ohmbench._toolchain import verilator_environment
from runner import BUILDS, COVERAGE_ARGUMENTS, REPO, WAIVERS

HERE = Path(__file__).parent
RTL = REPO / "fpga/rtl"
OPTIONS = ["--cc", "--exe", "--build", "--assert", "-O3", "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal"]
OPTIONS += ["--timescale", "1ns/1ps", "--top-module", "hostile_tb", "-MAKEFLAGS", "OPT_FAST=-O2", "-j", "2", *COVERAGE_ARGUMENTS]
PROGRAMS, ALL_PROGRAMS = 400, 10_000
MUTANTS = {
    "budget": ("ohm_guard_budget.sv", "need_q > {1'b0, budget_i}", "1'b0"),
    "width": ("ohm_guard_pins.sv", "high_q < max_width_i && ", ""),
    "rail": ("ohm_guard_check.sv", "cmd_i.value > max_rail_i[cmd_i.rail]", "cmd_i.value > max_rail_i[cmd_i.rail] + 16'd1"),
}


def build(name: str, damage: tuple[str, str, str] | None = None) -> Path:
    """The executable; with `damage`, of RTL in which the text of one file is changed."""
    folder = BUILDS / f"hostile-{name}"
    folder.mkdir(parents=True, exist_ok=True)
    sources = {path.name: path.read_text() for path in sorted(RTL.glob("*.sv*"))}
    own = [HERE / "pin_checker.sv", HERE / "hostile_tb.sv", HERE / "hostile_main.cpp"]
    if damage is not None:
        file, find, replace = damage
        assert sources[file].count(find) == 1
        sources[file] = sources[file].replace(find, replace)
    digest = hashlib.sha256(repr((OPTIONS, sources, [path.read_text() for path in own])).encode()).hexdigest()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "built"
        if not stamp.exists() or stamp.read_text() != digest:
            for file, text in sources.items():
                (folder / file).write_text(text)
            files = [*sorted(f for f in sources if f.endswith("_pkg.sv")), *(f for f in sources if f.endswith(".sv") and not f.endswith("_pkg.sv"))]
            command = ["verilator", *OPTIONS, "-I.", "-Mdir", "obj", str(WAIVERS), *files, *map(str, own)]
            done = subprocess.run(command, cwd=folder, env=verilator_environment(), capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            stamp.write_text(digest)
    return folder / "obj/Vhostile_tb"


def play(executable: Path, tmp_path: Path, seed: int, programs: int) -> tuple[dict[str, int], list[int], str]:
    """What was seen, how often each fault was, and what the checker said."""
    file = tmp_path / "script"
    file.write_text("\n".join(script(seed, programs)) + "\n")
    done = subprocess.run([executable, file], cwd=executable.parents[1], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    return seen, seen.pop("faults"), done.stdout


def check(seen: dict[str, int], faults: list[int], said: str, programs: int) -> None:
    assert seen["violations"] == 0, said
    assert seen["programs"] == programs
    # the programs got to where the promises matter
    assert seen["pulses"] > programs // 2
    for what in ("at_limit", "spent", "silences"):
        assert seen[what] > programs // 10, what
    for what in ("trips", "cut_rails"):  # in the middle of a pulse; between two
        assert seen[what] >= programs // 400, what
    for fault in Fault:
        assert faults[fault] > programs // 100, fault.name


def test_hostile_programs(tmp_path: Path) -> None:
    check(*play(build("guard"), tmp_path, 1, PROGRAMS), PROGRAMS)


@pytest.mark.slow
def test_hostile_programs_all(tmp_path: Path) -> None:
    check(*play(build("guard"), tmp_path, 2, ALL_PROGRAMS), ALL_PROGRAMS)


@pytest.mark.slow
@pytest.mark.parametrize("name", MUTANTS)
def test_checker_sees_a_damaged_guard(name: str, tmp_path: Path) -> None:
    seen, _, said = play(build(name, MUTANTS[name]), tmp_path, 1, PROGRAMS)
    assert seen["violations"] > 0, said
