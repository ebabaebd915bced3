"""Files that commands write: refused before the work if they cannot be written, and not lost with stdout."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ohmbench.cli.main import main
from ohmbench.errors import UsageError

BENCH = ("--port", "twin", "--quiet")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("image") / "digits.ohmw"
    assert main(["map", "--hidden", "2", "-o", str(path)]) == 0
    return str(path)


def commands(image: str) -> list[tuple[str, ...]]:
    """With the option that names their file last."""
    return [
        ("characterise", *BENCH, "--out"),
        ("selftest", *BENCH, "--report"),
        ("verify", image, "--only", "0", *BENCH, "--report"),
        ("experiment", "iv", "--cells", "0,0", *BENCH, "--report"),
    ]


@pytest.mark.parametrize(("number", "fails"), [(0, BrokenPipeError()), *((n, OSError(28, "full")) for n in range(4))])
def test_a_file_is_written_though_stdout_takes_nothing(
    number: int, fails: OSError, image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def write(self, _text: str) -> int:
            raise fails

        def fileno(self) -> int:
            return 1

    monkeypatch.setattr("os.dup2", lambda *_: None)  # pytest's own stdout stays
    monkeypatch.setattr(sys, "stdout", Full())
    file = tmp_path / "made/here"
    # these change an array: the code is the work's
    works = commands(image)[number][0] in (
        "characterise",
        "experiment",
    )
    assert main([*commands(image)[number], str(file)]) == (0 if works or isinstance(fails, BrokenPipeError) else 2)
    assert file.stat().st_size > 100


def test_a_result_is_printed_though_its_file_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["characterise", *BENCH, "--out", str(tmp_path / "map.json")]) == UsageError.exit_code
    said = capsys.readouterr()
    assert "cells bad" in said.out
    assert "No space left" in said.err


@pytest.mark.parametrize("file", [Path(), Path("/dev/null")])
def test_a_folder_or_a_device_is_refused_before_the_work(
    file: Path, image: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def opened(*_: object, **__: object) -> None:
        pytest.fail("the work was begun")

    monkeypatch.setattr("ohmbench.lab.setup.open_bench", opened)
    monkeypatch.setattr("ohmbench.operations.map.map_digits", opened)
    for arguments in [*commands(image), ("map", "-o"), ("bug-report", "-o")]:
        assert main([*arguments, str(file)]) == UsageError.exit_code
        said = capsys.readouterr().err
        assert f"Cannot write results to {file}: it is a folder or a device. " in said
