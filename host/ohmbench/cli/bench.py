"""The commands that find a bench and say how it is."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.array import AddCommand
from ohmbench.cli.output import bench_of, save_and_show, show, socket_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def find_port(progress: Progress) -> str:
    """The port of a command that was given none."""
    from ohmbench.lab.ports import Ports, choose_port, list_ports_found
    from ohmbench.lab.settings import Settings

    def look(settings: Settings) -> Ports:
        progress.say("no port given: looking for a bench")
        return list_ports_found(settings)

    return choose_port(Settings.load(), look)


def _list(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab.ports import list_ports_found
    from ohmbench.lab.settings import Settings

    progress.say("looking at every port")
    show(args, list_ports_found(Settings.load(), probe_all=args.all))


def _doctor(args: argparse.Namespace, progress: Progress) -> int:
    from ohmbench.operations.doctor import diagnose

    diagnosis = diagnose()
    show(args, diagnosis)
    return int(diagnosis.is_broken)


def _selftest(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.checks.selftest import selftest
    from ohmbench.report.selftest import write_report

    if args.report is not None:
        check_writable(args.report)
    with bench_of(args, progress) as bench:
        result = selftest(bench, progress)
    save_and_show(args, result, partial(write_report, result), args.report)
    result.require_good()


def _calibrate(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab.carrier import board_of, calibrate_board

    with bench_of(args, progress) as bench:
        result = calibrate_board(bench, args.board or board_of(socket_of(args)), args.lab, progress, args.meter)
    args.calibration = None
    show(args, result)


def _supply(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab.supply import read_supply

    show(args, read_supply(args.file))


def add_commands(command: AddCommand) -> None:
    """Add list, doctor, selftest, calibrate and supply."""
    listing = command("list", _list, "list serial ports and the benches behind them")
    listing.add_argument("--all", action="store_true", help="open ports too whose USB bridge bench boards do not have")

    command("doctor", _doctor, "say what this machine lacks for which part of the work, and how to get it")

    selftest = command("selftest", _selftest, "check the carrier through its own converters; no pulse", options.port())
    selftest.add_argument("--report", type=Path, metavar="FILE", help="page to write, and the same as JSON beside it")

    calibrate = command(
        "calibrate",
        _calibrate,
        "measure what the carrier's channels and rails are off by, for every later result; no pulse",
        options.port(),
        options.lab(),
    )
    calibrate.add_argument("--board", metavar="SERIAL", help="serial number of the board (default: its USB bridge's)")
    calibrate.add_argument("--meter", metavar="VISA", help="address of a meter at test point CAL: docs/instruments.md")

    supply = command("supply", _supply, "say what a power supply gives; nothing is turned on or off")
    supply.add_argument("file", type=Path, help="its TOML file: docs/instruments.md")
