"""What a terminal gets: colours by the rules of NO_COLOR, tables that it does not wrap, letters that it has."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ohmbench.cli.output import Output
from ohmbench.operations.read import ReadResult
from ohmbench.progress import Progress
from ohmbench.record.store import Store
from ohmbench.support import writer
from ohmbench.support.colour import words

CELLS = np.arange(1024.0).reshape(32, 32) / 4
RESULT = ReadResult("twin", CELLS.astype(np.int64), CELLS)
ESCAPE = re.compile(r"\x1b\[[\d;]*m")
VARIABLES = ("NO_COLOR", "FORCE_COLOR", "TERM", "COLUMNS")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, **environment: str) -> str:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", stream)
    Output(as_json=False).show(RESULT)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("stream", "environment", "coloured"),
    [
        (Terminal, {"TERM": "xterm"}, True),
        (Terminal, {"TERM": "dumb"}, False),
        (Terminal, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal, {"TERM": "xterm", "NO_COLOR": ""}, True),  # https://no-color.org: when not empty
        (io.StringIO, {"TERM": "xterm"}, False),
        (io.StringIO, {"FORCE_COLOR": "1"}, True),
        (io.StringIO, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_only_where_they_are_wanted(
    stream: type[io.StringIO], environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = shown(monkeypatch, stream(), **environment)
    assert (ESCAPE.search(text) is not None) == coloured
    plain = shown(monkeypatch, io.StringIO(), TERM="xterm")
    assert ESCAPE.sub("", text) == plain  # colours change no letter


def test_json_has_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    Output(as_json=True).show(RESULT)
    assert "\x1b" not in capsys.readouterr().out


def test_how_it_ended_is_coloured() -> None:
    assert words("run 3 killed, run 2 done") == "run 3 \x1b[31mkilled\x1b[0m, run 2 \x1b[32mdone\x1b[0m"
    assert words("abandoned goodness") == "abandoned goodness"


@pytest.mark.parametrize(("width", "blocks"), [("40", 4), ("60", 4), ("80", 2), ("100", 2), ("200", 1), (None, 1)])
def test_a_table_of_cells_fits_the_terminal(width: str | None, blocks: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _, *lines = shown(monkeypatch, io.StringIO(), **({} if width is None else {"COLUMNS": width})).splitlines()
    assert all(len(line) <= int(width or 1000) for line in lines)
    assert len(lines) == 33 * blocks
    found = np.full((32, 32), -1)
    for line in lines:
        numbers = [int(number) for number in line.split()]
        if line.startswith("  "):
            columns = numbers
        else:
            found[numbers[0], columns] = numbers[1:]
    assert np.array_equal(found, np.round(CELLS))


def test_a_bar_has_letters_that_the_terminal_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for encoding, block in (("ascii", False), ("utf-8", True)):
        stream = io.TextIOWrapper(io.BytesIO(), encoding)
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys, "stderr", stream)
        with Progress() as progress:
            progress("work", 0, 10)
            time.sleep(0.15)  # tqdm draws ten times a second
            progress("work", 5, 10)
        stream.flush()
        text = stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
        assert ("\u2588" in text) == block
        assert "\\u2588" not in text


def test_a_result_begins_on_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both streams of a terminal are one: the bar is taken away before."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(sys, "stdout", screen)
    with Progress() as progress:
        progress("work", 0, 10)
        time.sleep(0.15)
        progress("work", 9, 10)
        Output(as_json=False, before=progress.end).print({}, "the result")
    assert "work:  90 %" in screen.getvalue()
    last = screen.getvalue().rstrip("\n").split("\r")[-1]
    assert last == "the result"


COMMANDS = """
read --port twin
selftest --port twin --report {}/selftest.html
experiment read-noise --cells 0,0 --port twin --report {}/experiment.html
demo --port twin --out {}/demo
log --lab {}
log arrays --lab {}
show 1 --lab {} --report {}/run.html
doctor
sweep --params
experiments
carrier --template
completion zsh
--version
read --help
"""
RUN = """
import shlex, sys, warnings
# ours that take the encoding of whoever runs them would read or write other letters there
warnings.filterwarnings("error", category=EncodingWarning, module=r"ohmbench\\.")
from ohmbench.cli.main import main
for line in sys.argv[1].strip().splitlines():
    try:
        code = main(shlex.split(line))
    except SystemExit as end:
        code = end.code
    print("ended", line, "with", code, file=sys.stderr)
"""


@pytest.mark.parametrize("encoding", ["ascii", "koi8-r", "utf-16"])
def test_no_encoding_ends_the_work(encoding: str, tmp_path: Path) -> None:
    """In a locale without letters, with a serial number and a recipe's name that have some."""
    with Store.open(tmp_path / "record.sqlite") as store:
        store.array("W\u03bc-gr\u00f6\u00dfe", "1T1R", 32, 32, budget=None)
        mask = np.zeros((32, 32), np.bool_)
        provenance = {"recipe": "\u9635\u5217"}
        with store.begin_run(
            "verify", "W\u03bc-gr\u00f6\u00dfe", rung="twin", mask=mask, pulses=0, provenance=provenance
        ):
            pass
    environment = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", RUN, COMMANDS.replace("{}", str(tmp_path))],
        env={**os.environ, **environment, "OHMBENCH_LAB": str(tmp_path), "OHMBENCH_TRACEBACK": "1"},
        capture_output=True,
    )
    said = done.stderr.decode(encoding, "replace")
    ends = re.findall(r"ended (.*) with (\d+)", said)
    assert len(ends) == len(COMMANDS.strip().splitlines()), said
    assert {code for line, code in ends if line != "doctor"} == {"0"}, said
    assert "\u00b5S" in (tmp_path / "experiment.html").read_text(encoding="utf-8")


def test_what_stderr_can_spell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), "koi8-r"))
    assert writer.STDERR.can_spell("\u2588")
    assert not writer.STDERR.can_spell("\u9635")
