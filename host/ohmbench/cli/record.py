"""The commands that look into the record of a lab."""

from __future__ import annotations

import argparse
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ohmbench.cli.array import AddCommand
from ohmbench.cli.options import lab, whole
from ohmbench.cli.output import print_result, show
from ohmbench.progress import Progress
from ohmbench.record.records import LOGGED, TABLES, RunStatus

if TYPE_CHECKING:
    from ohmbench.operations.log import Filter


def _filter(args: argparse.Namespace) -> Filter:
    from ohmbench.operations.log import Filter, parse_since

    since = None if args.since is None else parse_since(args.since)
    return Filter(args.run, args.serial, args.kind, args.status, since, args.last)


def _log(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab.socket import record_to_read
    from ohmbench.operations.log import log

    asked = _filter(args)
    with record_to_read(args.lab) as store:
        result = log(store, args.what, asked)
    show(args, result)


def _export(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab.socket import record_to_read
    from ohmbench.operations.export import export

    asked = _filter(args)
    with record_to_read(args.lab) as store:
        result = export(store, args.file, asked, args.table)
    show(args, result)


def _watch(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab.settings import record_path
    from ohmbench.lab.socket import record_to_read
    from ohmbench.watch.server import WatchServer

    with record_to_read(args.lab), WatchServer(record_path(args.lab), args.http, args.run) as server:
        print_result(args, {"url": server.url}, f"watching the record at {server.url}; Ctrl-C ends it, and no run")
        with suppress(KeyboardInterrupt):
            server.serve_forever()


def add_commands(command: AddCommand) -> None:
    """Add log, export and watch."""
    looking = lab()
    group = looking.add_argument_group("record")
    group.add_argument("--run", type=whole(1), metavar="N", help="this run only")
    group.add_argument("--serial", help="of this array only")
    group.add_argument("--kind", help="runs of this kind only: program, form, infer, experiment iv, ...")
    group.add_argument("--status", choices=[status.value for status in RunStatus], help="runs that ended so only")
    group.add_argument("--since", metavar="WHEN", help="from a date (2026-11-25) on, or of the last 90m, 12h, 7d")

    logging = command("log", _log, "say what the record has: runs, arrays with wear, events, calibrations", looking)
    logging.add_argument("what", nargs="?", default="runs", choices=LOGGED, help="default: %(default)s")
    logging.add_argument("--last", type=whole(1), metavar="N", help="the last N runs, events or calibrations only")

    export = command("export", _export, "write the record for other programs: HDF5 with all of it, or a table", looking)
    export.add_argument("file", type=Path, help=".h5, .csv or .parquet")
    export.add_argument("--table", choices=TABLES, default="runs", help="of a .csv or .parquet (default: %(default)s)")
    export.add_argument("--last", type=whole(1), metavar="N", help="the last N runs only; in --table events, events")

    text = "serve a page, to this machine only, that follows a running job by its record"
    watch = command("watch", _watch, text, lab())
    watch.add_argument("--run", type=whole(1), metavar="N", help="this run (default: the one that runs, or the last)")
    watch.add_argument(
        "--http", type=whole(0, 65535), default=8321, metavar="PORT", help="default: %(default)s; 0: any"
    )
