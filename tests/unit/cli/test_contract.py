"""What every command promises: help with its exit codes, --json, and a page that says what an exit code means."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ohmbench import errors
from ohmbench.cli.command_line import COMMANDS, KINDS, make_parser, module_of
from ohmbench.cli.help import EXIT_CODES
from ohmbench.cli.main import main
from ohmbench.cli.signals import INTERRUPTED
from ohmbench.errors import DataError, OhmbenchError, UsageError
from ohmbench.faults.fault_map import FaultMap

REPO = Path(__file__).resolve().parents[3]
DOCS = "\n".join(page.read_text() for page in [REPO / "README.md", *(REPO / "docs").glob("*.md")])
# kinds between the root and these are for `except`; nothing is raised as one of them
ERRORS = [e for e in vars(errors).values() if isinstance(e, type) and "exit_code" in vars(e)]


def commands() -> dict[str, argparse.ArgumentParser]:
    """By what is typed for them, those of `measure` as well."""
    return dict(_commands_of(make_parser(), ""))


def _commands_of(parser: argparse.ArgumentParser, before: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, made in action.choices.items():
                yield before + name, made
                yield from _commands_of(made, f"{before}{name} ")


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_help_json_and_exit_codes(name: str) -> None:
    parser = commands()[name]
    text = parser.format_help()
    options = {option for action in parser._actions for option in action.option_strings}
    assert {"--help", "--json", "--quiet"} <= options
    assert EXIT_CODES in text
    if not any(isinstance(action, argparse._SubParsersAction) for action in parser._actions):
        examples = re.findall(rf"^  (ohmbench {name}\b.*)$", text, re.M)
        assert examples, f"the help of {name} has no example"
        for example in examples:  # each is taken as it stands
            arguments = shlex.split(re.split(r" >+ ", example)[0])[1:]
            args = make_parser().parse_all(arguments)
            assert args.parser.prog == f"ohmbench {name}"
    assert parser.description
    for action in parser._actions:
        assert action.help, f"{name}: {action.dest} says nothing of itself"
    assert re.search(rf"ohmbench {name}\b", DOCS), f"no page shows ohmbench {name}"


PAGES = [REPO / "README.md", *(REPO / "docs").rglob("*.md")]
TYPED = [
    pytest.param(line, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, line in enumerate(re.findall(r"^ +(ohmbench .*)$", page.read_text().replace("\\\n", " "), re.M))
]


@pytest.mark.parametrize("line", TYPED)
def test_the_parser_takes_every_command_of_a_page(line: str) -> None:
    """Those that stand on a line of their own, to be copied."""
    arguments = shlex.split(re.split(r" [>|]+ ", line)[0], comments=True)[1:]
    assert make_parser(arguments[:1]).parse_all(arguments).parser.prog.startswith("ohmbench")


def test_a_command_has_a_file_of_its_own() -> None:
    folder = REPO / "host/ohmbench/cli"
    files = {path.stem for path in folder.glob("*.py")}
    shared = {"__init__", "main", "command_line", "signals", "defect", "commands", "options", "output", "setup"}
    shared |= {"record_filter", "version", "parser", "pulse_program", "help", "value_names"}
    assert files == shared | {module_of(name) for name in COMMANDS}


def test_nothing_below_the_command_line_knows_its_options() -> None:
    package = REPO / "host/ohmbench"
    knowing = {path.parent for path in package.rglob("*.py") if "argparse" in path.read_text()}
    assert knowing == {package / "cli"}


def test_json_and_quiet_may_stand_before_a_figure_or_after_it() -> None:
    parser = make_parser()
    for arguments in (["measure", "--json", "wires"], ["measure", "wires", "--json"]):
        assert parser.parse_args(arguments).json
    args = parser.parse_args(["measure", "wires"])
    assert not args.json
    assert not args.quiet


def test_an_option_of_one_figure_is_none_of_another(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["measure", "wires", "--stuck", "0.1"])
    assert ended.value.code == UsageError.exit_code
    assert "unrecognized arguments: --stuck 0.1" in capsys.readouterr().err


def test_exit_codes_are_distinct_and_said_everywhere() -> None:
    codes = [error.exit_code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    said = {int(code) for code in re.findall(r"\d+", EXIT_CODES.replace("3 to 18", " ".join(map(str, range(3, 19)))))}
    assert said == {0, INTERRUPTED, *codes} - {OhmbenchError.exit_code}
    table = {int(code) for code in re.findall(r"^\| (\d+) \|", (REPO / "docs/errors.md").read_text(), re.M)}
    assert table == said | {OhmbenchError.exit_code}


def test_help_has_every_command_in_one_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    text = capsys.readouterr().out
    assert text.rstrip("\n") == make_parser().format_help().rstrip("\n")
    titles = [text.index(f"\n  {title}:\n") for title in KINDS]
    assert titles == sorted(titles)
    assert len(KINDS) >= 4
    for kind, names in KINDS.items():
        part = text[text.index(f"  {kind}:\n") :]
        for name in names:
            assert re.search(rf"^    {name}(\n| )", part, re.M), name
    assert sorted(COMMANDS) == sorted(set(COMMANDS))


def test_the_page_of_errors_has_a_section_for_each() -> None:
    page = (REPO / "docs/errors.md").read_text()
    sections = {(int(code), name) for code, name in re.findall(r"^## (\d+): (\w+)$", page, re.M)}
    assert sections == {(e.exit_code, e.__name__) for e in ERRORS} | {(INTERRUPTED, "KeyboardInterrupt")}
    for part in re.split(r"^## ", page, flags=re.M)[1:]:
        for heading in ("**What it means.**", "**The array.**", "**What to do.**"):
            assert heading in part, f"{part.splitlines()[0]} lacks {heading}"


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(name.split()[-1] in script for name in commands())
    if shell == "bash":
        asked = f"{script}\nCOMP_WORDS=(ohmbench exper); COMP_CWORD=1; _shtab_ohmbench; echo ${{COMPREPLY[@]}}"
        done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["experiment", "experiments"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("infer x.ohmw --port si", {"sim"}),
        ("read --recipe coarse", {"coarse-fine", "coarse-fine-gate"}),
        ("read --recipe my", {"my.toml"}),
        ("read --device c", {"c"}),
        ("experiment endur", {"endurance"}),
        ("compress x.npz --method loss", {"lossless", "lossless-rows"}),
        ("train 784", {"784-10", "784-64-10"}),
        ("infer my", {"my.ohmw", "mydir"}),
        ("asm my", {"my.useq", "mydir"}),
        ("sweep pap", {"paper.toml"}),
        ("plot conf", {"confusion"}),
        ("log --kind ch", {"characterise"}),
        ("log --lab my", {"mydir"}),
    ],
)
def test_completion_knows_values(
    typed: str, offered: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mydir").mkdir()
    for ending in ("ohmw", "ohmc", "useq", "toml", "npz", "txt"):
        (tmp_path / f"my.{ending}").touch()
    assert main(["completion", "bash"]) == 0
    words = " ".join(shlex.quote(word) for word in ["ohmbench", *typed.split()])
    asked = f"{capsys.readouterr().out}\nCOMP_WORDS=({words}); COMP_CWORD={len(typed.split())}; _shtab_ohmbench"
    done = subprocess.run(
        ["bash", "-c", asked + "; printf '%s\\n' \"${COMPREPLY[@]}\""],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    found = set(done.stdout.split())
    assert offered <= found
    assert not {name for name in found - offered if name.startswith("my") and name != "mydir"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("compress x.npz --cells x", "argument --cells: invalid list of shares value: 'x'"),
        ("compress x.npz --weight-noise x", "argument --weight-noise: invalid share from 0 to 1 value: 'x'"),
        ("verify x.ohmw --after x", "argument --after: 'x' is not a time: give 90, 90s, 15m, 1h or 2d"),
    ],
)
def test_a_value_of_another_kind(arguments: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == UsageError.exit_code
    assert said in capsys.readouterr().err


def test_faults_of_an_array_of_another_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FaultMap(np.zeros((2, 2), np.uint8)).save(tmp_path / "small.json")
    assert main(["read", "--port", "twin", "--faults", str(tmp_path / "small.json")]) == DataError.exit_code
    said = capsys.readouterr().err
    assert f"The fault map {tmp_path / 'small.json'} is of a 2x2 array, the simulated one has 32x32 cells." in said


def test_the_version_says_what_was_built(capsys: pytest.CaptureFixture[str]) -> None:
    from ohmbench import __version__
    from ohmbench.support.build_id import build_id

    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"ohmbench {__version__}\nbuild {build_id():08x} ")
