"""`ohmbench wave`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options, pulse_program
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def add(commands: Commands) -> None:
    text = (
        "write a waveform of one cell being programmed in the simulator, or of a pulse program; see docs/waveforms.md"
    )
    parser = commands.add("wave", run, text, examples=["--cell 4,7 -o pulse.fst"])
    options.port(parser, default="sim")
    options.recipe(parser)
    parser.add_argument(
        "--cell", type=options.cell, default=(0, 0), metavar="ROW,COL", help="the cell to look at (default: 0,0)"
    )
    parser.add_argument(
        "--level",
        type=options.whole(0, 15),
        help="level to program it to, 0 to 15, or to 7 on the X1's carrier (default: the highest)",
    )
    parser.add_argument(
        "--pulse",
        type=options.whole(1, 0xFFFF),
        metavar="N",
        help="only the cell's N-th pulse, from the pulse before it to the one after",
    )
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", required=True, help="waveform to write (.fst)")
    pulse_program.add(parser, is_needed=False)


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.model.waves import Waves
    from ohmbench.operations.wave import wave

    setup = setup_of(args, progress, recipe=args.recipe)
    asked = None if args.program is None else pulse_program.asked(args, setup.recipe)
    check_writable(args.out)
    waves = Waves(args.out, armed=True, cell=args.cell, pulse=args.pulse)
    output.show(wave(setup, waves, progress, level=args.level, asked=asked), work=True)
