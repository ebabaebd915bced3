"""An exception that nobody expected: one line that says what to do, the traceback where it is asked for."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ohmbench.cli.main import main


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A command with a defect; a cache folder for its traceback."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("of two\nlines")

    monkeypatch.setattr("ohmbench.programming.programmer.read_array", fail)
    monkeypatch.setattr("ohmbench.operations.read.read_array", fail)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("OHMBENCH_TRACEBACK", raising=False)


def test_one_line(broken: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "--port", "twin", "--quiet"]) == 1
    out, err = capsys.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    for part in ("defect", "ZeroDivisionError: of two lines", "Nothing was sent to the array.", "bug-report"):
        assert part in err


def test_the_traceback_is_shown_if_asked_for(
    broken: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OHMBENCH_TRACEBACK", "1")
    assert main(["read", "--port", "twin", "--quiet"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_traceback_is_in_the_bug_report(broken: None, tmp_path: Path) -> None:
    assert main(["read", "--port", "twin", "--quiet"]) == 1
    assert main(["bug-report", "-o", str(tmp_path / "r.zip"), "--lab", str(tmp_path)]) == 0
    with zipfile.ZipFile(tmp_path / "r.zip") as bundle:
        assert "ZeroDivisionError" in bundle.read("defect.txt").decode()


def test_no_place_for_the_traceback(
    broken: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert main(["read", "--port", "twin", "--quiet"]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err
