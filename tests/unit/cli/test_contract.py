"""What every command promises: help with its exit codes, --json, and a page that says what an exit code means."""

from __future__ import annotations

import argparse
import re
import subprocess
from pathlib import Path

import pytest

from ohmbench import errors
from ohmbench.cli.main import _EPILOG, INTERRUPTED, _parser, main
from ohmbench.errors import OhmbenchError

REPO = Path(__file__).resolve().parents[3]
DOCS = "\n".join(page.read_text() for page in [REPO / "README.md", *(REPO / "docs").glob("*.md")])
ERRORS = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, OhmbenchError)]


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(found.choices)


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_help_json_and_exit_codes(name: str) -> None:
    parser = commands()[name]
    text = parser.format_help()
    options = {option for action in parser._actions for option in action.option_strings}
    assert {"--help", "--json", "--quiet"} <= options
    assert "exit codes: 0 done" in text
    assert parser.description
    for action in parser._actions:
        assert action.help, f"{name}: {action.dest} says nothing of itself"
    assert re.search(rf"ohmbench {name}\b", DOCS), f"no page shows ohmbench {name}"


def test_exit_codes_are_distinct_and_said_everywhere() -> None:
    codes = [error.exit_code for error in ERRORS]
    assert len(set(codes)) == len(codes)
    said = {int(code) for code in re.findall(r"(?:codes: |, |; )(\d+) ", _EPILOG.replace("\n", " "))}
    assert said == {0, INTERRUPTED, *codes} - {OhmbenchError.exit_code}
    table = {int(code) for code in re.findall(r"^\| (\d+) \|", (REPO / "docs/runs.md").read_text(), re.M)}
    assert table == said


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
    assert all(name in script for name in commands())
    if shell == "bash":
        asked = f"{script}\nCOMP_WORDS=(ohmbench exper); COMP_CWORD=1; _shtab_ohmbench; echo ${{COMPREPLY[@]}}"
        done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["experiment", "experiments"]


def test_the_version_says_what_was_built(capsys: pytest.CaptureFixture[str]) -> None:
    from ohmbench import __version__
    from ohmbench.build_id import build_id

    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"ohmbench {__version__}\nbuild {build_id():08x} ")
