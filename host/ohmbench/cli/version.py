"""`ohmbench --version`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from ohmbench.cli.parser import Parser


class Version(argparse.Action):
    """Prints versions and build id, which take a moment to find, when they are asked for."""

    def __init__(self, option_strings: Sequence[str], dest: str, **_: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print versions and the build id, and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from ohmbench.operations.versions import describe

        assert isinstance(parser, Parser)
        parser.say(describe())
        parser.exit()
