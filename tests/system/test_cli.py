"""The command line as an operator meets it: a process, its two outputs and its exit code."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.random_networks import random_compressed
from tests.system.command_line import as_json, command, environment, refused, run

from ohmbench.cli.signals import INTERRUPTED
from ohmbench.errors import (
    AssemblyError,
    BuildError,
    DataError,
    ImageError,
    LinkError,
    NotConvergedError,
    PortError,
    ProtocolError,
    UsageError,
)
from ohmbench.link.transport import SerialTransport
from ohmbench.mapping.compressed_file import save_compressed
from ohmbench.mapping.counting import count
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.simulator import Simulator
from ohmbench.support.build_id import build_id

REPO = Path(__file__).resolve().parents[2]
COMMANDS = [
    "demo",
    "map",
    "program",
    "verify",
    "form",
    "characterise",
    "read",
    "infer",
    "info",
    "safe",
    "asm",
    "measure",
]
SUMMARY = {
    *("rung", "accuracy_float", "accuracy_quantised", "accuracy_bench", "cells", "converged_fraction"),
    *("pulses_per_cell", "bench_time_s", "wall_time_s"),
}


# What works


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_names_the_exit_codes(name: str | None) -> None:
    done = run(*([name] if name else []), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: ohmbench {name or ''}".rstrip())
    assert "exit codes: 0 done, 2 usage" in done.stdout
    assert "docs/errors.md has all" in done.stdout
    assert done.stderr == ""


def test_console_script() -> None:
    script = Path(sys.executable).parent / "ohmbench"
    done = subprocess.run([script, "info", "--port", "twin"], capture_output=True, text=True, check=True)
    assert "32x32" in done.stdout


@pytest.mark.parametrize("rung", ["twin", "sim"])
def test_info_and_safe(rung: str, executable: Path) -> None:
    info = as_json("info", "--port", rung)
    assert info["rung"] == rung
    assert info["array"].startswith("32x32 ")
    assert (info["armed"], info["fault"]) == (False, "none")
    assert info["build_id"] == f"{build_id():08x}"
    assert as_json("safe", "--port", rung) == {"safe": True}


def test_simulator_programs_and_reads_as_the_twin(image: Path, executable: Path) -> None:
    for arguments in (["program", image, "--only", "0", "--seed", "3"], ["read", "--seed", "3", "--device", "c"]):
        twin, sim = (as_json(*arguments, "--port", rung) for rung in ("twin", "sim"))
        assert (twin.pop("rung"), sim.pop("rung")) == ("twin", "sim")
        assert sim == twin


def test_program_says_what_it_did(image: Path) -> None:
    done = run("program", image, "--only", "1", "--port", "twin")
    assert done.returncode == 0
    assert re.search(r"cells programmed \(twin\), \d+\.\d+ % in their window", done.stdout)
    assert "program image 2/5" in done.stderr
    assert "recorded" not in done.stdout  # an array that is gone with the command has no record
    quiet = run("program", image, "--only", "1", "--port", "twin", "--quiet")
    assert (quiet.stdout, quiet.stderr) == (done.stdout, "")


def test_port_from_the_environment(image: Path) -> None:
    done = run("info", "--json", OHMBENCH_PORT="twin")
    assert json.loads(done.stdout)["rung"] == "twin"


def test_infer(image: Path) -> None:
    result = as_json("infer", image, "--images", "20", "--port", "twin")
    assert result["images"] == len(result["predictions"]) == 20
    assert result["accuracy"] > 0.8


@pytest.mark.parametrize("source", sorted(REPO.glob("firmware/*.useq")), ids=lambda path: path.stem)
def test_asm(source: Path) -> None:
    result = as_json("asm", source)
    assert result["words"]
    assert all(entry < len(result["words"]) for entry in result["entries"].values())


def test_demo(tmp_path: Path) -> None:
    out = tmp_path / "made/here"
    done = run("demo", "--port", "twin", "--out", out, "--json")
    assert done.returncode == 0
    summary = json.loads((out / "summary.json").read_text())
    assert json.loads(done.stdout) == summary
    assert summary.keys() >= SUMMARY
    assert summary["accuracy_bench"] > 0.9
    report = (out / "report.html").read_text()
    assert "simulated" in report.lower()
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:|//|[\w./]+\.(css|js|png))|@import|url\(", report)


@pytest.mark.slow
def test_measure() -> None:
    result = as_json("measure", "sim")
    assert result["bare_cycles_per_s"] > 0
    assert result["cycles"] > 0


# What does not: flags and files


@pytest.mark.parametrize("name", ["program", "verify", "form", "characterise", "infer", "read", "info", "safe"])
def test_no_port(name: str, image: Path) -> None:
    files = [image] if name in ("program", "verify", "infer") else []
    said = refused(UsageError.exit_code, name, *files)
    assert "No port was given" in said
    assert "Nothing was sent to the array. Give --port" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("info --port twin --baud 0", "0 is not 1 or more"),
        ("info --port twin --baud -9600", "-9600 is not 1 or more"),
        ("info --port twin --seed -1", "-1 is not 0 to"),
        ("info --port twin --seed 18446744073709551616", "is not 0 to 18446744073709551615"),
        ("program IMAGE --port twin --only -1", "-1 is not 0 or more"),
        ("program IMAGE --port twin --only 5", "arrays 0 to 4. Nothing was sent"),
        ("program IMAGE --port twin --require nan", "is not a share from 0 to 1"),
        ("program IMAGE --port twin --require 90", "is not a share from 0 to 1"),
        ("program IMAGE --port twin --passes 0", "0 is not 1 or more"),
        ("program IMAGE --port twin --rest -1", "-1.0 is not a time from 0 s on"),
        ("program IMAGE --port twin --wear-budget 0", "0 is not 1 or more"),
        ("verify IMAGE --port twin --only 5", "arrays 0 to 4. Nothing was sent"),
        ("verify IMAGE --port twin", "Give its number with --only"),
        ("verify IMAGE --port twin --only 0 --after inf", "inf is not a time from 0 s on"),
        ("infer IMAGE --port twin --images 0", "0 is not 1 or more"),
        ("infer IMAGE --port twin --images 361", "the test set has 1 to 360"),
        ("map -o TMP/x.ohmw --hidden 0", "0 is not 1 to"),
        ("map -o TMP/x.ohmw --bits 9", "9 is not 2 to 8"),
        ("map -o TMP/x.ohmw --network-seed -1", "-1 is not 0 or more"),
        ("info --port /dev/null --device a", "--device is for sim and twin, and /dev/null is a board"),
    ],
)
def test_value_out_of_range(arguments: str, said: str, image: Path, tmp_path: Path) -> None:
    words = arguments.replace("IMAGE", str(image)).replace("TMP", str(tmp_path)).split()
    assert said in refused(UsageError.exit_code, *words)
    assert not list(tmp_path.iterdir())


def test_rate_that_the_fpga_cannot_do(executable: Path) -> None:
    said = refused(UsageError.exit_code, "info", "--port", "sim", "--baud", "1000000000")
    assert "The array was not touched. Rates that fit: 12000000" in said


def test_unknown_preset() -> None:
    said = refused(DataError.exit_code, "info", "--port", "twin", "--device", "zzz")
    assert "one of the presets: a, c, ideal" in said


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        ("no toml", "Cannot read the recipe"),
        (
            "nonsense = 1",
            "nonsense is not a key of a recipe. Nothing was sent to the array. The keys are: g_min_usiemens",
        ),
        ("rounds = 1.5", "rounds = 1.5 is a number, not a whole number. Nothing"),
        ("rounds = 1" + 400 * "0", "Nothing was sent to the array"),
        ("[set]\nhold_v = 1" + 400 * "0", "Nothing was sent to the array"),
        ("[set]\nhold_v = nan", "set.hold_v = nan"),
        ('ramp = "gate"\nset_v = 4.0', "above 3.6 V, the carrier's ceiling of rails bl_set and sl_inhibit"),
        ('ramp = "gate"\nset_end_v = 9.0', "above 3.6 V, the carrier's ceiling of rail wl_set"),
        ("read_v = 0.5", "the carrier's ceiling of rail bl_read"),
        ("[set]\nstep_v = 5.0\ncurve = []", "set.step_v is not a step"),
        ("[reset]\nstep_v = 1e-6", "reset.step_v is not a step"),
        ("[set]\nus = 2000.0", "set.us = 2000.0 is outside"),
        ("reset_us = 0.001", "reset.us = 0.001 is outside"),
        ("rounds = 100", "more than 255 a cell"),
        ("g_min_usiemens = 300.0", "g_max_usiemens is not above"),
        ("g_max_usiemens = 1e5", "range of the ADC"),
        ("window_usiemens = 1e-6", "narrower than a code"),
    ],
)
def test_bad_recipe(recipe: str, said: str, image: Path, tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(recipe)
    message = refused(DataError.exit_code, "program", image, "--port", "twin", "--recipe", file)
    assert said in message
    assert "Nothing was sent to the array" in message


def test_missing_recipe(image: Path, tmp_path: Path) -> None:
    said = refused(DataError.exit_code, "program", image, "--port", "twin", "--recipe", tmp_path / "none.toml")
    assert "none.toml: No such file" in said


@pytest.mark.parametrize("name", ["program", "infer"])
def test_damaged_image(name: str, image: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.ohmw"
    data = bytearray(image.read_bytes())
    data[len(data) // 3] ^= 0x10
    for content in (bytes(data), bytes(data[:500]), b"", b"not a zip"):
        damaged.write_bytes(content)
        said = refused(ImageError.exit_code, name, damaged, "--port", "twin")
        assert "Cannot load the weight image" in said
        assert "Nothing was sent to the array" in said


@pytest.mark.parametrize("name", ["program", "infer"])
def test_image_for_another_array(name: str, image: Path, tmp_path: Path) -> None:
    digits = WeightImage.load(image)
    tiles = [replace(t, row_of_input=np.where(t.row_of_input < 16, t.row_of_input, np.int16(-1))) for t in digits.tiles]
    small = tmp_path / "small.ohmw"
    replace(digits, levels=digits.levels[:, :16], mask=digits.mask[:, :16], tiles=tuple(tiles)).save(small)
    said = refused(ImageError.exit_code, name, small, "--port", "twin")
    assert "is for a 16x32" in said
    assert "the bench has a 32x32" in said
    assert "Nothing was sent to the array. Map the network again" in said


def test_program_that_does_not_assemble(tmp_path: Path) -> None:
    source = tmp_path / "bad.useq"
    source.write_text(".entry main\nmain:\n  li r0, 1\n  pulsse r0\n  halt 0\n")
    said = refused(AssemblyError.exit_code, "asm", source)
    assert f"{source}:4:3: unknown instruction `pulsse`" in said
    assert said.endswith(f"1 error in {source}.\n")
    said = refused(AssemblyError.exit_code, "run", source, "--port", "twin")
    assert said.endswith(f"1 error in {source}. Nothing was sent to the array.\n")
    assert "No such file" in refused(UsageError.exit_code, "asm", tmp_path / "none.useq")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    start = time.monotonic()
    for arguments, array in (
        (["demo", "--port", "twin", "--out"], " Nothing was sent to the array."),
        (["map", "-o"], ""),
    ):
        said = refused(UsageError.exit_code, *arguments, tmp_path / "file/out/x")
        assert re.search(rf"Cannot write results to \S*: [\w ]+\.{array} Give a folder", said)
        assert "training" not in said  # said before the work, not after
    assert time.monotonic() - start < 20


def test_compressed_network_is_mapped_and_counted(tmp_path: Path) -> None:
    network = random_compressed(np.random.default_rng(6), [64, 16, 10])
    save_compressed(network, tmp_path / "network.ohmc", {"dataset": "none"})
    summary = as_json("map", tmp_path / "network.ohmc", "-o", tmp_path / "network.ohmw")
    image = WeightImage.load(tmp_path / "network.ohmw")
    assert replace(image, provenance={}) == map_compressed(network)
    counts = count(image).summary()
    assert {name: summary[name] for name in counts} == counts
    assert summary["dataset"] == image.provenance["dataset"] == "none"
    assert 0 < summary["wire_error_mean"] < summary["wire_error_max"] < 1

    as_json("map", tmp_path / "network.ohmc", "-o", tmp_path / "network.ohmw", "--apart")
    image = WeightImage.load(tmp_path / "network.ohmw")
    assert replace(image, provenance={}) == map_compressed(network, share_images=False)

    said = refused(UsageError.exit_code, "map", "-o", tmp_path / "x.ohmw", "--apart")
    assert "for a compressed network" in said
    said = refused(UsageError.exit_code, "map", tmp_path / "network.ohmc", "-o", tmp_path / "x.ohmw", "--bits", "3")
    assert "mapped as it is" in said
    (tmp_path / "network.ohmc").write_bytes(b"PK")
    said = refused(DataError.exit_code, "map", tmp_path / "network.ohmc", "-o", tmp_path / "x.ohmw")
    assert "Make it with `ohmbench compress`." in said
    assert not (tmp_path / "x.ohmw").exists()


def test_too_few_cells_converge(image: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "short.toml"
    recipe.write_text("rounds = 1\n")
    done = run("program", image, "--only", "0", "--port", "twin", "--recipe", recipe, "--json", "--require", "1")
    assert done.returncode == NotConvergedError.exit_code
    assert json.loads(done.stdout)["converged_fraction"] < 1  # the records are not lost
    assert "100 % were required. The array is off and holds what was programmed. Widen the window" in done.stderr


def test_simulator_that_does_not_build(image: Path, tmp_path: Path) -> None:
    """A package with a mistake in its RTL, as after an edit."""
    package = tmp_path / "host/ohmbench"
    shutil.copytree(REPO / "host/ohmbench", package)
    for folder in ("firmware", "fpga", "sim"):
        shutil.copytree(REPO / folder, tmp_path / folder, ignore=shutil.ignore_patterns("build", "__pycache__"))
    top = tmp_path / "fpga/rtl/ohm_core.sv"
    top.write_text(top.read_text().replace("endmodule", "assign x = ;\nendmodule"))
    broken = {"PYTHONPATH": str(tmp_path / "host"), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    said = refused(BuildError.exit_code, "program", image, "--port", "sim", **broken)
    assert "The simulator does not build.\n" in said
    assert said.count("Nothing was sent to the array.") == 1
    assert "ohm_core.sv:" in said
    assert "--port twin" in said


def test_simulator_without_a_compiler(tmp_path: Path) -> None:
    said = refused(BuildError.exit_code, "info", "--port", "sim", PATH=str(tmp_path))
    assert "sudo apt install g++ gcc make" in said


def test_stdout_that_takes_nothing() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command("info", "--port", "twin"), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == UsageError.exit_code
    said = "ohmbench: Cannot write the result: No space left on device. The array is off. Free space there.\n"
    assert done.stderr == said
    with subprocess.Popen(
        command("read", "--port", "twin", "--quiet"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()  # a reader such as `head` that has had enough
        assert process.stderr is not None
        assert process.stderr.read() == b""


@pytest.mark.parametrize("asked", [["--version"], ["--help"], ["program", "--help"]])
def test_help_for_a_reader_that_has_gone_or_a_full_disk(asked: list[str]) -> None:
    with subprocess.Popen(command(*asked), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command(*asked), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == UsageError.exit_code
    assert done.stderr.endswith("cannot write to stdout: No space left on device\n")


def test_a_result_that_cannot_be_printed_does_not_undo_the_work(tmp_path: Path) -> None:
    array = tmp_path / "chip.ohma"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command("form", "--port", "twin", "--array", array, "--quiet"),
            env=environment(OHMBENCH_LAB=str(tmp_path / "lab")),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 0
    assert "Cannot write the result: No space left on device. The work is done" in done.stderr


# What does not: ports


def test_port_that_is_not_there(tmp_path: Path) -> None:
    said = refused(PortError.exit_code, "info", "--port", tmp_path / "ttyNone")
    assert "no such port. The array was not touched. Is the board plugged in?" in said
    assert "not a serial port" in refused(PortError.exit_code, "info", "--port", "/dev/null")


@contextmanager
def pty_with(answer: bytes | None) -> Iterator[str]:
    """A pty on which something else sits: it sends `answer` to all that it gets, or the same again if None."""
    ours, theirs = os.openpty()
    tty.setraw(theirs, termios.TCSANOW)

    def serve() -> None:
        while data := os.read(ours, 4096):
            if b"stop" in data:
                return
            os.write(ours, data if answer is None else answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.write(theirs, b"stop")
        thread.join(10)
        os.close(theirs)
        os.close(ours)


@pytest.mark.parametrize("answer", [None, b"\r\nU-Boot 2021.01\r\nlogin: "], ids=["echo", "banner"])
def test_something_else_behind_the_port(answer: bytes | None) -> None:
    with pty_with(answer) as port:
        said = refused(ProtocolError.exit_code, "info", "--port", port)
    assert re.search(r"something answers on .* not an ohmbench, .*The array was not touched\. Check --port", said)


def test_nothing_behind_the_port() -> None:
    with pty_with(b"") as port:
        said = refused(LinkError.exit_code, "safe", "--port", port)
    assert re.search(r"nothing answers on .*\. The array is off, or goes off .*Check that the board has power", said)


def test_busy_port() -> None:
    ours, theirs = os.openpty()
    fcntl.flock(theirs, fcntl.LOCK_EX)  # as another ohmbench has it
    try:
        said = refused(PortError.exit_code, "info", "--port", os.ttyname(theirs))
    finally:
        os.close(theirs)
        os.close(ours)
    assert "the port is in use. The array was not touched. Close the other program" in said


# Ctrl-C


def descendants(pid: int) -> set[int]:
    """Processes below one, all generations."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        parents[int(stat.parent.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def interrupt_while_programming(image: Path, port: str, *options: str | Path) -> tuple[int, str, str, set[int]]:
    """Ctrl-C at the first result; returns exit code, stdout, stderr and the processes that were below."""
    process = subprocess.Popen(
        command("program", image, "--port", port, *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        process_group=0,
    )
    assert process.stderr is not None
    seen = b""
    while b"program image" not in seen:
        data = os.read(process.stderr.fileno(), 4096)
        assert data, f"it ended before it programmed: {seen.decode()}"
        seen += data
    children = descendants(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # the whole group, as a terminal does
    out, err = process.communicate(timeout=30)
    return process.returncode, out.decode(), (seen + err).decode(), children


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_interrupt_leaves_no_process(image: Path, executable: Path) -> None:
    code, out, err, children = interrupt_while_programming(image, "sim")
    assert (code, out) == (INTERRUPTED, "")
    assert "interrupted. The array is off; its cells keep what they hold." in err
    assert "Traceback" not in err
    assert children
    deadline = time.monotonic() + 5
    while not all(map(gone, children)):
        assert time.monotonic() < deadline, "the simulator runs on"
        time.sleep(0.05)


def test_interrupt_turns_the_array_off_and_frees_the_port(image: Path, executable: Path, tmp_path: Path) -> None:
    """As with a board: the other end stays, so it can be asked."""
    with Simulator(executable=executable) as simulator:
        array = ("--serial", "chip-7", "--lab", tmp_path)
        code, _, err, _ = interrupt_while_programming(image, simulator.port, *array, "--new-array", "--all")
        assert code == INTERRUPTED
        assert "Traceback" not in err
        assert "Run 1 on array chip-7 is unfinished; what was done is recorded. Give the same command with" in err
        SerialTransport(simulator.port).close()  # exclusive: it raises if somebody holds the port
        info = as_json("info", "--port", simulator.port)
        assert (info["armed"], info["fault"]) == (False, "none")
        assert info["pulses"] > 0
        expected = as_json("program", image, "--port", simulator.port, *array, "--resume", "--dry-run", "--device", "a")
        assert (expected["resumed_run"], expected["images"]) == (1, [0, 1, 2, 3, 4])
        assert info == as_json("info", "--port", simulator.port) | {"clock_cycles": info["clock_cycles"]}
        result = as_json("program", image, "--port", simulator.port, *array, "--resume")
        assert (result["resumed_run"], result["runs"], result["images"]) == (1, [1, 2, 3, 4, 5], [0, 1, 2, 3, 4])
        assert result["converged_fraction"] > 0.9


@pytest.mark.parametrize("name", ["program", "form", "characterise"])
def test_array_of_a_board_needs_a_serial_number(name: str, image: Path) -> None:
    files = [image] if name == "program" else []
    said = refused(UsageError.exit_code, name, *files, "--port", "/dev/null")
    assert "its wear must be kept for life. Nothing was sent to the array. Give --serial" in said
