"""Whatever a command ends with, what became of the array is said once; it is said where the command line ends alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from tests.random_networks import random_compressed

import ohmbench
from ohmbench import errors
from ohmbench.cli.command_line import COMMANDS, make_parser, module_of
from ohmbench.cli.main import main
from ohmbench.errors import ArrayState, OhmbenchError
from ohmbench.mapping.mapper import map_compressed

PACKAGE = Path(ohmbench.__file__).parent
NO_ARRAY = {"list", "doctor", "carrier", "watch", "log", "show", "plot", "export", "merge-arrays", "bug-report"} | {
    *("train", "import", "compress", "map", "report", "results", "asm", "completion", "experiments"),
}
"""Commands that open no bench, so that no array is spoken of."""


def kinds_of(kind: type[OhmbenchError] = OhmbenchError) -> Iterator[type[OhmbenchError]]:
    yield kind
    for one in kind.__subclasses__():
        if one.__module__ == errors.__name__:
            yield from kinds_of(one)


KINDS = list(kinds_of())


def said_of_the_array(text: str) -> list[ArrayState]:
    """What a message says of the array, as often as it says it."""
    line = " ".join(text.split())
    return [state for state in ArrayState for _ in range(line.count(state))]


def test_every_exit_code_is_that_of_a_kind() -> None:
    assert {kind.exit_code for kind in KINDS} == set(range(1, 19))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_error_before_a_bench_is_open(
    kind: type[OhmbenchError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise kind("This happened.", "Do that.")

    monkeypatch.setattr("ohmbench.operations.read.read", fail)
    assert main(["read", "--port", "twin", "--quiet"]) == kind.exit_code
    said = capsys.readouterr().err
    state = kind.array or ArrayState.UNTOUCHED
    assert f"This happened. {state} Do that." in said
    assert said_of_the_array(said) == [state]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_error_while_the_array_is_on(
    kind: type[OhmbenchError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise kind("This happened.", "Do that.")

    monkeypatch.setattr("ohmbench.programming.programmer.read_array", fail)
    monkeypatch.setattr("ohmbench.operations.read.read_array", fail)
    monkeypatch.setattr("ohmbench.bench.base.Bench.was_armed", True)
    assert main(["read", "--port", "twin", "--quiet"]) == kind.exit_code
    said = capsys.readouterr().err
    assert said_of_the_array(said) == [kind.array or ArrayState.NOT_PULSED]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "measure"])
def test_a_usage_error_of_every_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--no-such-option"])
    assert ended.value.code == errors.UsageError.exit_code
    expected = [] if name in NO_ARRAY else [ArrayState.UNTOUCHED]
    assert said_of_the_array(capsys.readouterr().err) == expected


def test_a_command_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["saef"])
    said = capsys.readouterr().err
    assert "'safe'" in said
    assert said_of_the_array(said) == [ArrayState.UNTOUCHED]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder of files of which each is refused in its own way, and one image."""
    map_compressed(random_compressed(np.random.default_rng(1), [32, 10])).save(tmp_path / "net.ohmw")
    (tmp_path / "bad.ohmw").write_bytes(b"none")
    (tmp_path / "bad.useq").write_text("start: nonsense r1\n")
    (tmp_path / "bad.toml").write_text("nonsense = 1\n")
    (tmp_path / "bad.bit").write_bytes(b"none")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "record.sqlite").write_bytes(b"none" * 1000)
    (tmp_path / "rails.useq").write_text(".arg level = r0\n    vset sl_reset, r0\n    halt 0\n")
    return tmp_path


REAL = [
    (2, ArrayState.UNTOUCHED, "run no-such-program --port twin"),
    (2, ArrayState.UNTOUCHED, "program net.ohmw --port twin --only 5"),
    (2, ArrayState.UNTOUCHED, "sweep bad.toml --assert nonsense"),
    (2, ArrayState.UNTOUCHED, "replay bad.useq --port twin"),
    (2, ArrayState.UNTOUCHED, "flash --board ulx4s"),
    (3, ArrayState.NOT_TOUCHED, "info --port /dev/no-such-port"),
    (6, ArrayState.UNTOUCHED, "program bad.ohmw --port twin"),
    (7, ArrayState.UNTOUCHED, "run bad.useq --port twin"),
    (10, ArrayState.PROGRAMMED, "program net.ohmw --port twin --only 0 --recipe slow.toml --require 1"),
    (10, ArrayState.READ, "verify net.ohmw --port twin --only 0 --require 1"),
    (11, ArrayState.UNTOUCHED, "read --port twin --recipe bad.toml"),
    (11, ArrayState.UNTOUCHED, "sweep bad.toml"),
    (13, ArrayState.NOT_PULSED, "form --port twin --array A.ohma --lab . --wear-budget 1"),
    (14, ArrayState.UNTOUCHED, "form --port twin --array A.ohma --lab lab"),
    (15, ArrayState.BOARD_NOT_TOUCHED, "flash bad.bit"),
    (17, ArrayState.NOT_PULSED, "selftest --port twin --carrier-faults dead=5"),
]


@pytest.mark.parametrize(("code", "state", "line"), REAL, ids=[line for _, _, line in REAL])
def test_real_errors(
    code: int,
    state: ArrayState,
    line: str,
    files: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(files)
    (files / "slow.toml").write_text("rounds = 1\n")
    assert main([*line.split(), "--quiet"]) == code, capsys.readouterr().err
    assert said_of_the_array(capsys.readouterr().err) == [state]


OWN_WORDS = re.compile(
    r"(nothing|no program|none of (it|them|these)) (was|were) (sent|started|computed|simulated|compressed|measured)"
    r"|(array|board) (was|is) (not touched|untouched|off)\b|no cell was (pulsed|changed)|has not rested",
    re.IGNORECASE,
)


def errors_in(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of each error that a module makes, without what stands in its braces."""
    names = {kind.__name__ for kind in KINDS} | {"ArgumentTypeError"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
            texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
            yield node.lineno, " ".join(text for text in texts if isinstance(text, str))


def test_no_message_says_it_in_its_own_words() -> None:
    made = [(path, *one) for path in sorted(PACKAGE.rglob("*.py")) for one in errors_in(path)]
    assert len(made) > 400
    assert [f"{path}:{line}: {text}" for path, line, text in made if OWN_WORDS.search(text)] == []


def test_what_opens_a_bench_says_that_an_array_is_near() -> None:
    for name in sorted(set(COMMANDS) - {"measure", "carrier"}):
        parser = make_parser([name])
        (commands,) = (action for action in parser._actions if action.dest not in ("help", "version"))
        near = commands.choices[name].get_default("near_array")  # type: ignore[index, call-overload]
        assert near is (name not in NO_ARRAY), import_module(f"ohmbench.cli.{module_of(name)}")
