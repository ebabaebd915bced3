"""`ohmbench calibrate`."""

from __future__ import annotations

import argparse

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress


def add(commands: Commands) -> None:
    text = "measure the errors of the carrier's channels and rails, for every later result; no pulse"
    parser = commands.add("calibrate", run, text, examples=["--supply bench.toml --meter TCPIP0::192.168.1.40::INSTR"])
    options.port(parser)
    options.lab(parser)
    parser.add_argument("--board", metavar="SERIAL", help="serial number of the board (default: its USB bridge's)")
    parser.add_argument("--meter", metavar="VISA", help="address of a meter at test point CAL: docs/instruments.md")
    parser.add_argument(
        "--resistor",
        type=options.real(0, 1e9, "resistance in ohm", "a resistance"),
        metavar="OHM",
        help="on the X1's carrier: value of the resistor in the chip's place",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.calibrate import calibrate

    setup = setup_of(args, progress, lab=args.lab)
    output.show(calibrate(setup, progress, board=args.board, meter=args.meter, resistor_ohm=args.resistor), work=True)
