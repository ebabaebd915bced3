"""Options that say which part of a record is meant."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ohmbench.cli import options
from ohmbench.record.names import RunStatus

if TYPE_CHECKING:
    from ohmbench.operations.log import Filter


def add_filter(parser: argparse.ArgumentParser) -> None:
    """The folder of the record, and what to look at in it."""
    group = options.lab(parser)
    group.add_argument("--run", type=options.whole(1), metavar="N", help="only this run")
    group.add_argument("--serial", help="only of this array")
    group.add_argument("--kind", help="only runs of this kind: program, form, infer, experiment iv, ...")
    group.add_argument("--status", choices=[status.value for status in RunStatus], help="only runs with this status")
    group.add_argument("--since", metavar="WHEN", help="since a date (2026-11-25), or within the last 90m, 12h, 7d")


def filter_of(args: argparse.Namespace) -> Filter:
    """What the options ask for; `--last` is the command's own, and so is its help.

    Raises:
        UsageError: no such date.
    """
    from ohmbench.operations.log import Filter, parse_since

    since = None if args.since is None else parse_since(args.since)
    return Filter(args.run, args.serial, args.kind, args.status, since, args.last)
