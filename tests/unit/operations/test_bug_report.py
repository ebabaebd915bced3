"""The report of a defect: complete, and nothing private in it."""

from __future__ import annotations

import getpass
import json
import socket
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ohmbench.cli.main import main
from ohmbench.errors import DataError, UsageError
from ohmbench.operations.bug_report import Scrubber, bug_report
from ohmbench.record.store import Store

SCRUB = Scrubber(["ada", "lab-3.example.org"], Path("/home/ada"))


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/home/ada/lab/record.sqlite", "~/lab/record.sqlite"),
        ("/home/eve/x and C:\\\\Users\\\\Eve\\\\x", "~/x and ~\\\\x"),
        ("/Users/eve/Library", "~/Library"),
        ("socket://lab-3:4000/x rfc2217://10.0.0.7:1", "socket://<host>/x rfc2217://<host>"),
        ("Ada on LAB-3, lab-3.example.org", "<name> on <name>, <name>"),
        ("adapter, readable, ada_1", "adapter, readable, <name>_1"),
        ("ada@example.org 192.168.1.20", "<address> <address>"),
        ("fe80::1%eth0, 2001:db8::8a2e:370:7334 and [::1]:80", "<address>, <address> and [<address>]:80"),
        ("at 12:30:45, 2026-01-31T12:00:00+00:00, std::move", "at 12:30:45, 2026-01-31T12:00:00+00:00, std::move"),
        ("de:ad:be:ef:00:01 or DE-AD-BE-EF-00-01", "<address> or <address>"),
        ('user=eve, "owner": "eve"', 'user=<name>, "owner": "<name>"'),
        ("scope.lab.example.org answers, nas.local does not", "<name> answers, <name> does not"),
        ("numpy.org.x, os.path.join(a), record.sqlite", "numpy.org.x, os.path.join(a), record.sqlite"),
        ("version 1.2.3, 0.1.0, 200 uS", "version 1.2.3, 0.1.0, 200 uS"),
    ],
)
def test_what_is_taken_out(text: str, clean: str) -> None:
    assert SCRUB(text) == clean


def test_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # where another test may have left a defect
    trace = tmp_path / "t.trace"
    with Store.open(tmp_path / "record.sqlite") as store:
        store.array("W1", "1T1R", 2, 2)
        every = np.ones((2, 2), np.bool_)
        with store.begin_run(
            "form", "W1", rung="board", mask=every, pulses=1, provenance={"file": "/home/ada/x"}
        ) as run:
            run.note("seen on lab-3")
    trace.write_text('{"what": "open", "port": "/home/ada/pts"}\n')
    report = bug_report(tmp_path / "r.zip", tmp_path, traces=[trace], logs=[trace], scrub=SCRUB)
    with zipfile.ZipFile(tmp_path / "r.zip") as bundle:
        parts = {name: bundle.read(name).decode() for name in bundle.namelist()}
    assert {name: len(text.encode()) for name, text in parts.items()} == report.parts
    assert set(parts) == {"versions.json", "doctor.json", "record.json", "trace-0.txt", "log-0.txt"}
    assert not [name for name, text in parts.items() if "/home/ada" in text or "lab-3" in text]
    said = json.loads(parts["record.json"])
    assert [event["what"] for event in said["events"]] == ["done", "seen on <name>", "begun on board"]
    assert said["runs"][0]["provenance"]["file"] == "~/x"
    assert said["arrays"][0]["serial"] == "W1"
    assert json.loads(parts["versions.json"])["record_schema"] >= 2


def test_names_of_this_machine_are_taken_out(tmp_path: Path) -> None:
    bug_report(tmp_path / "r.zip", tmp_path)
    with zipfile.ZipFile(tmp_path / "r.zip") as bundle:
        text = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert str(Path.home()) not in text
    words = set(text.replace("/", " ").replace('"', " ").split())
    assert not words & {getpass.getuser(), socket.gethostname()}


def test_what_cannot_be_written_or_read(tmp_path: Path) -> None:
    (tmp_path / "record.sqlite").write_text("no record")
    bug_report(tmp_path / "r.zip", tmp_path)  # a damaged record is no reason not to report it
    with zipfile.ZipFile(tmp_path / "r.zip") as bundle:
        assert "is not a record" in bundle.read("record.json").decode()
    with pytest.raises(DataError, match="Leave it out"):
        bug_report(tmp_path / "s.zip", tmp_path, traces=[tmp_path / "none"])
    assert not (tmp_path / "s.zip").exists()
    with pytest.raises(UsageError):
        bug_report(tmp_path / "none" / "r.zip", tmp_path)


def test_damaged_settings_are_no_reason_not_to_report_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("OHMBENCH_LAB", raising=False)
    (tmp_path / "ohmbench").mkdir()
    (tmp_path / "ohmbench/config.toml").write_text("prt = 3\n")
    assert main(["bug-report", "-o", str(tmp_path / "r.zip")]) == 0
    with zipfile.ZipFile(tmp_path / "r.zip") as bundle:
        assert "prt" in json.loads(bundle.read("record.json"))["record"]
