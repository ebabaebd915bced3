"""Pages of the site that are no files of docs/: those at the top of the repository, commands, the Python interface."""

from __future__ import annotations

import os
import re
from argparse import Action
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

import ohmbench
from ohmbench.cli.command_line import make_parser

TOP = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md")
HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
ASSETS = ("iframe-worker.js", "access.css", "access.js")
"""The search of pages from the disk, which the theme would load from a server; contrast, names and keyboard."""


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made here."""
    made = {name: at_top((REPO / name).read_text(encoding="utf-8")) for name in TOP}
    made |= {"reference/commands.md": commands(), "reference/python.md": interface()}
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    for name in ASSETS:
        files.append(File.generated(config, name, abs_src_path=str(HERE / name)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Pages at the top of the repository are beside those of docs/ here."""
    up = "../" * page.file.src_uri.count("/")
    return re.sub(rf"\]\({up}\.\./({'|'.join(map(re.escape, TOP))})", rf"]({up}\1", markdown)


def at_top(text: str) -> str:
    """A page of the repository's top, whose links go to docs/."""
    return text.replace("](docs/", "](")


def commands() -> str:
    """What every command takes, from its parser."""
    os.environ["COLUMNS"] = "100"  # argparse wraps at the terminal's width
    parser = make_parser()
    lines = ["# Commands", "", "What `ohmbench COMMAND --help` prints, command by command.", ""]
    for name, command in sorted(_subparsers(parser).items()):
        lines += [f"## {name}", "", "```text", command.format_help().rstrip(), "```", ""]
        for inner_name, inner in sorted(_subparsers(command).items()):
            lines += [f"### {name} {inner_name}", "", "```text", inner.format_help().rstrip(), "```", ""]
    return "\n".join(lines)


def _subparsers(parser: Any) -> dict[str, Any]:
    actions: list[Action] = [action for action in parser._actions if isinstance(action.choices, dict)]
    return dict(actions[0].choices or {}) if actions else {}


def interface() -> str:
    """The public names of the package, with their docstrings."""
    lines = ["# Python", "", "`import ohmbench` gives these names; each is loaded when it is first used.", ""]
    for name, module in sorted(ohmbench._FACE.items()):
        lines += [f"::: ohmbench.{module}.{name}", ""]
    return "\n".join(lines)
