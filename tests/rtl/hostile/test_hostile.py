"""Hostile programs against the whole FPGA, with a checker of its pins: nothing that docs/guard.md rules out happens."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from tests.rtl.hostile.hostile_programs import script
from tests.rtl.runner import BUILDS, COVERAGE_ARGUMENTS, REPO, WAIVERS

from ohmbench.support.rtl import rtl_files, rtl_folders, rtl_headers
from ohmbench.support.toolchain import verilator_environment
from ohmbench.tables import DEFAULT_CARRIER, Fault

HERE = Path(__file__).parent
OPTIONS = ["--cc", "--exe", "--build", "--assert", "-O3", "--x-assign", "fast", "--x-initial", "fast", "-Wno-fatal"]
OPTIONS += ["--timescale", "1ns/1ps", "--top-module", "hostile_tb", "--output-split", "0", "-CFLAGS", "-O2", "-j", "2"]
OPTIONS += COVERAGE_ARGUMENTS
PROGRAMS, ALL_PROGRAMS, X1_PROGRAMS = 400, 10_000, 1_000
DAMAGES = {  # of hostile_tb.sv, and what the checker has to say of it
    1: "enable longer than the limit",
    2: "both enables",
    3: "DAC told other than one channel's code",
    4: "a line with two sources",
    5: "enable after over-current|chips on while all has to be off",
    6: "enable after silence|chips on while all has to be off",
    7: "rail above its limit|enable longer than the limit|budget is spent",
    8: "chips on while all has to be off|on while disarmed",
    9: "on while disarmed",
    10: "chips on before the rails have fallen",
    11: "a chip is written during a pulse|switches written before the pulse has decayed",
    12: "the inhibit rail away from the bit line",
    13: "the inhibit rail away from the bit line",
    14: "word lines left on in READ",
    15: "word lines left on in READ",
}


SEEN = ["pulses", "at_limit", "spent", "apart", "second", "left_on", "trips", "silences", "cut_rails"]
X1 = "x1_scan"
X1_SEEN = ["pulses", "at_limit", "spent", "second", "reads", "trips", "silences", "cut_rails"]
X1_DAMAGES = {  # of x1_hostile_tb.sv
    1: "a pulse longer than the limit",
    2: "DAC told other than one channel's code",
    3: "two rows in a packet|another row than the lines'|another column than the lines'",
    4: "enable after over-current|chips on while all has to be off",
    5: "enable after silence|chips on while all has to be off",
    6: "a supply above its limit|a pulse longer than the limit|budget is spent",
    7: "chips on while all has to be off|on while disarmed",
    8: "on while disarmed",
    9: "chips on before the rails have fallen",
    10: "a bias without a whole word",
    11: "the chip out of reset while all is off",
    12: "a supply is written during a bias",
    13: "another row than the lines'",
    14: "TM high while all is off",
}


def build(kind: str) -> Path:
    """The executable."""
    benches = {DEFAULT_CARRIER: ("pin_checker.sv", "hostile_tb.sv"), X1: ("x1_pin_checker.sv", "x1_hostile_tb.sv")}
    folder = BUILDS / "hostile" / kind
    folder.mkdir(parents=True, exist_ok=True)
    sources = [*rtl_files(REPO, kind), *(HERE / name for name in benches[kind]), HERE / "hostile_main.cpp"]
    state = [path.read_text() for path in [*sources, HERE / "host_side.svh", *rtl_headers(REPO, kind)]]
    digest = hashlib.sha256(repr((OPTIONS, state)).encode()).hexdigest()
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "built"
        if not stamp.exists() or stamp.read_text() != digest:
            includes = [f"-I{folder}" for folder in (*rtl_folders(REPO, kind), HERE)]
            command = ["verilator", *OPTIONS, *includes, "-Mdir", "obj", str(WAIVERS), *map(str, sources)]
            done = subprocess.run(command, cwd=folder, env=verilator_environment(), capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            stamp.write_text(digest)
    return folder / "obj/Vhostile_tb"


def play(
    tmp_path: Path, seed: int, programs: int, damage: int = 0, kind: str = DEFAULT_CARRIER
) -> tuple[dict[str, int], list[int], str]:
    """What was seen, how often each fault was, and what the checker said."""
    executable, file = build(kind), tmp_path / "script"
    file.write_text("\n".join([f"d {damage}", *script(seed, programs, kind)]) + "\n")
    done = subprocess.run([executable, file], cwd=BUILDS / "hostile", capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    counts, faults = said.pop("seen"), said.pop("faults")
    seen = said | dict(zip(X1_SEEN if kind == X1 else SEEN, counts, strict=True))
    return seen, faults, "\n".join(done.stdout.splitlines()[:5])


def check(seen: dict[str, int], faults: list[int], said: str, programs: int) -> None:
    assert seen["violations"] == 0, said
    assert seen["programs"] == programs
    # the programs got to where the promises matter
    assert seen["pulses"] > programs // 2
    for what in ("at_limit", "spent", "silences"):
        assert seen[what] > programs // 10, what
    for what in ("apart", "second", "reads"):
        assert what not in seen or seen[what] > programs // 20, what
    assert "left_on" not in seen or seen["left_on"] > programs // 40
    for what in ("trips", "cut_rails"):  # in the middle of a pulse; between two
        assert seen[what] >= programs // 400, what
    for fault in Fault:
        assert faults[fault] > programs // 100, fault.name


def test_hostile_programs(tmp_path: Path) -> None:
    check(*play(tmp_path, 5, PROGRAMS), PROGRAMS)


@pytest.mark.slow
def test_hostile_programs_all(tmp_path: Path) -> None:
    check(*play(tmp_path, 2, ALL_PROGRAMS), ALL_PROGRAMS)


@pytest.mark.parametrize("damage", DAMAGES)
def test_checker_sees_damage(damage: int, tmp_path: Path) -> None:
    _, _, said = play(tmp_path, 1, PROGRAMS, damage)
    assert re.search(f"violation: .*({DAMAGES[damage]})", said), said


@pytest.mark.slow  # a build of the RTL
def test_hostile_programs_on_the_x1(tmp_path: Path) -> None:
    check(*play(tmp_path, 2, X1_PROGRAMS, kind=X1), X1_PROGRAMS)


@pytest.mark.slow
@pytest.mark.parametrize("damage", X1_DAMAGES)
def test_the_x1s_checker_sees_damage(damage: int, tmp_path: Path) -> None:
    _, _, said = play(tmp_path, 1, PROGRAMS, damage, kind=X1)
    assert re.search(f"violation: .*({X1_DAMAGES[damage]})", said), said
