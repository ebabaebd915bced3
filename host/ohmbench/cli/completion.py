"""`ohmbench completion`."""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import ohmbench
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.value_names import METHODS, NETS, PLOTS, RUNS
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    text = "print a script that completes commands, options, names and files in a shell"
    parser = commands.add("completion", run, text, examples=["bash >> ~/.bashrc"])
    parser.add_argument("shell", choices=["bash", "zsh", "tcsh"], help='bash: eval "$(ohmbench completion bash)"')


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    import shtab

    from ohmbench.cli.command_line import make_parser  # here: that imports this file

    parser, names = make_parser(), _names()
    functions: dict[str, str] = {}
    for action in _actions(parser):
        values = Values.of(action, names)
        if values is not None:
            functions[values.function] = values.script(args.shell)
            action.complete = {args.shell: values.function}  # type: ignore[attr-defined]
        elif action.type is Path:
            action.complete = shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE  # type: ignore[attr-defined]
        if args.shell == "tcsh" and values is not None:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    script = shtab.complete(parser, args.shell, preamble="\n".join(functions.values()))
    output.print({"shell": args.shell, "script": script}, script)


@dataclass(frozen=True)
class Values:
    """What a value may be.

    Attributes:
        words: names that ohmbench has. What stands in $(...) is asked of the shell when it completes.
        endings: of files; empty: none.
    """

    words: Sequence[str]
    endings: Sequence[str]

    @classmethod
    def of(cls, action: argparse.Action, names: dict[str, list[str]]) -> Values | None:
        """Of an option or argument, by its name, and by the endings that its help names; None if these say nothing."""
        words = names.get(action.option_strings[-1] if action.option_strings else action.dest, [])
        takes_files = action.type is Path or "FILE" in str(action.metavar) or action.option_strings[-1:] == ["--device"]
        help_text = re.sub(r"\(default:.*", "", action.help or "")
        endings = re.findall(r"(?<![\w/])\.([a-z]\w+)\b", help_text) if takes_files and action.metavar != "DIR" else []
        if takes_files and not endings and "TOML" in help_text:
            endings = ["toml"]
        return cls(words, endings) if words or endings else None

    @property
    def function(self) -> str:
        """Name of the shell's function; bash takes what has `file` in its name as names of files."""
        kind = "file" if self.endings else "name"
        return f"_ohmbench_{kind}_{hashlib.sha256(repr(self).encode()).hexdigest()[:8]}"

    def script(self, shell: str) -> str:
        """The function."""
        words = " ".join(self.words)
        if shell == "zsh":
            lines = [f"compadd -- {words}"] if words else []
            lines += [f"_files -g '*.({'|'.join(self.endings)})'"] if self.endings else []
        else:
            lines = [f'compgen -W "{words}" -- "$1"'] if words else []
            lines += [f"compgen -f -X '!*.{ending}' -- \"$1\"" for ending in self.endings]
            lines += ['compgen -d -- "$1"'] if self.endings else []
        return "\n".join([f"{self.function}() {{", *(f"  {line}" for line in lines), "}"])


def _names() -> dict[str, list[str]]:
    """Names of values, by the argument that takes them."""
    from ohmbench.experiments.registry import names

    return {
        "--port": ["sim", "twin", "$(ls /dev/ttyUSB* /dev/ttyACM* 2>/dev/null)"],
        "--recipe": _shipped("programming/recipes"),
        "--device": _shipped("model/presets"),
        "config": [f"{name}.toml" for name in _shipped("sweep/configs")],
        "name": list(names()),
        "--method": list(METHODS),
        "net": list(NETS),
        "--net": list(NETS),
        "--data": ["digits", "mnist"],
        "kind": list(PLOTS),
        "--kind": list(RUNS),
    }


def _shipped(folder: str) -> list[str]:
    """Names of the TOML files in a folder of the package."""
    return sorted(path.stem for path in (Path(ohmbench.__file__).parent / folder).glob("*.toml"))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """All of a parser and of its commands'."""
    found = list(parser._actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name in action.choices:
                found += _actions(action.choices[name])
    return found
