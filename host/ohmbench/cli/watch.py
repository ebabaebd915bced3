"""`ohmbench watch`."""

from __future__ import annotations

import argparse
from contextlib import suppress

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    text = "show running jobs, past runs and cells on a page for this machine only"
    parser = commands.add("watch", run, text, examples=["", "--run 17"])
    options.lab(parser)
    parser.add_argument(
        "--run", type=options.whole(1), metavar="N", help="show this run (default: the running one, or the last)"
    )
    parser.add_argument(
        "--http",
        type=options.whole(0, 65535),
        default=8321,
        metavar="PORT",
        help="port of the page (default: %(default)s; 0: any free one)",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.lab.settings import record_path
    from ohmbench.watch.server import WatchServer

    record = record_path(args.lab)
    with WatchServer(record, args.http, args.run) as server:
        there = "watching the record" if record.exists() else "no record yet; watching for the first run"
        output.print({"url": server.url}, f"{there} at {server.url}; Ctrl-C ends it, and no run")
        with suppress(KeyboardInterrupt):
            server.serve_forever()
