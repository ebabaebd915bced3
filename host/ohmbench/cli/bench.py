"""The commands that find a bench and say how it is."""

from __future__ import annotations

import argparse

from ohmbench.cli.array import AddCommand
from ohmbench.cli.output import show
from ohmbench.progress import Progress


def find_port(progress: Progress) -> str:
    """The port of a command that was given none."""
    from ohmbench.ports import Ports, choose_port, list_ports_found
    from ohmbench.settings import Settings

    def look(settings: Settings) -> Ports:
        progress.say("no port given: looking for a bench")
        return list_ports_found(settings)

    return choose_port(Settings.load(), look)


def _list(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.ports import list_ports_found
    from ohmbench.settings import Settings

    progress.say("looking at every port")
    show(args, list_ports_found(Settings.load(), probe_all=args.all))


def _doctor(args: argparse.Namespace, progress: Progress) -> int:
    from ohmbench.operations.doctor import diagnose

    diagnosis = diagnose()
    show(args, diagnosis)
    return int(diagnosis.is_broken)


def add_commands(command: AddCommand) -> None:
    """Add list and doctor."""
    listing = command("list", _list, "list serial ports and the benches behind them")
    listing.add_argument("--all", action="store_true", help="open ports too whose USB bridge bench boards do not have")

    command("doctor", _doctor, "say what this machine lacks for which part of the work, and how to get it")
