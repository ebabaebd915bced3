"""Lab folders, ports and temporary files: one form at the door, and a missing one is said."""

from __future__ import annotations

import os
import tempfile
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from ohmbench.bench.opening import open_bench
from ohmbench.cli.main import main
from ohmbench.errors import StoreError, UsageError
from ohmbench.lab.ports import board_serial
from ohmbench.lab.settings import record_path
from ohmbench.record.store import Store
from ohmbench.support.files import temporary_folder
from ohmbench.support.sqlite_file import SqliteFile


def test_names_of_one_folder_are_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    composed, apart = (tmp_path / unicodedata.normalize(form, "lab \u00e9") for form in ("NFC", "NFD"))
    assert record_path(apart) == record_path(composed)
    composed.mkdir()
    (tmp_path / "link").symlink_to(composed)
    monkeypatch.chdir(tmp_path)
    ways = (composed, apart, tmp_path / "link", Path("link"), Path(composed.name), tmp_path / "link/../link/.")
    assert {record_path(way) for way in ways} == {composed / "record.sqlite"}
    monkeypatch.setenv("OHMBENCH_LAB", str(apart))
    assert record_path(None) == composed / "record.sqlite"


@pytest.mark.parametrize("name", ["lab ", " lab", "lab\t", "lab\r", "l\u200bab", "lab\x1b[2J", "a /lab"])
def test_a_new_folder_has_a_name_that_can_be_read(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["form", "--port", "twin", "--array", str(tmp_path / "A.ohma"), "--lab", str(tmp_path / name)]
    assert main(line) == UsageError.exit_code
    said = capsys.readouterr().err
    assert "lab folder" in said
    assert "\x1b" not in said
    assert list(tmp_path.iterdir()) == []
    (tmp_path / name).mkdir(parents=True)
    assert record_path(tmp_path / name).parent == tmp_path / name


def test_a_port_is_what_it_leads_to(tmp_path: Path) -> None:
    device, name = os.openpty()
    try:
        path = os.ttyname(name)
        (tmp_path / "by-id").symlink_to(path)
        assert board_serial(str(tmp_path / "by-id")) == board_serial(path) == path
    finally:
        os.close(device)
        os.close(name)


def test_no_folder_for_temporary_files(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", none)
    for act in (temporary_folder, lambda: open_bench("sim").__enter__()):
        with pytest.raises(UsageError, match="Set TMPDIR"):
            act()
    with open_bench("twin"):
        pass


def test_a_record_that_may_only_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its lab is on a colleague's disk: all that only looks works, and what pulses is refused before it does."""
    monkeypatch.chdir(tmp_path)
    bench = ["--port", "twin", "--array", "A.ohma", "--lab", "lab"]
    assert main(["map", "-o", "d.ohmw", "--hidden", "8", "--quiet"]) == 0
    assert main(["program", "d.ohmw", "--only", "0", *bench, "--quiet"]) == 0
    monkeypatch.setattr(SqliteFile, "may_be_written", lambda path: False)
    for line in (["verify", "d.ohmw", "--only", "0", *bench], ["log", "runs", "--lab", "lab"]):
        assert main(line) == 0, line
    assert "not recorded" in capsys.readouterr().err
    with Store.open(tmp_path / "lab/record.sqlite") as store:
        wear, runs = store.wear("A").total, len(store.runs("A"))

    def read_only(*_: object, **__: object) -> None:
        raise StoreError("it may only be read")

    monkeypatch.setattr(Store, "open", read_only)
    for line in (["form"], ["characterise"], ["program", "d.ohmw", "--only", "0"]):
        assert main([*line, *bench]) == StoreError.exit_code
    monkeypatch.undo()
    with Store.open(tmp_path / "lab/record.sqlite") as store:
        assert np.array_equal(store.wear("A").total, wear)
        assert len(store.runs("A")) == runs
