"""`ohmbench measure`, a command for each of its figures."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import setup_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def add(commands: Commands) -> None:
    group = commands.add_group("measure", "measure the bench itself")
    group.add("sim", simulator, "the simulator's clocks a second, with the pty attached and bare", examples=[""])

    parser = group.add(
        "program", program, "time and busy share of an image and of matrix-vector products", examples=["--port twin"]
    )
    _bench(parser)

    text = "goodput at 3 and 12 Mbaud, in simulation also while programming and with damaged frames (two minutes)"
    options.bare_port(group.add("link", link, text, examples=["--port sim"]), "sim")

    text = "what stuck cells cost MNIST 196-10, and what mapping around them wins back"
    parser = group.add("defects", defects, text, examples=["--port twin"])
    options.bare_port(parser, "sim")
    options.mnist(parser)
    parser.add_argument(
        "--stuck",
        type=options.share,
        default=0.04,
        help="share of stuck cells, half low and half high (default: %(default)s)",
    )
    parser.add_argument(
        "--on-array",
        action="store_true",
        help="through the array model of --port, on 3 arrays with 1,000 images; without it, in exact arithmetic",
    )

    parser = group.add(
        "infer", infer, "time and accuracy of MNIST 784-10 with all test images", examples=["--port twin"]
    )
    _bench(parser)
    options.mnist(parser)

    parser = group.add("trim", trim, "what trimming wins back of MNIST 784-10, on ten simulated arrays", examples=[""])
    options.bare_port(parser, "twin")
    options.mnist(parser)
    parser.add_argument(
        "--inputs", type=options.whole(1), default=2000, metavar="N", help="training inputs (default: %(default)s)"
    )
    parser.add_argument(
        "--rest",
        type=options.seconds,
        nargs="+",
        default=[],
        metavar="S",
        help="test again S seconds after programming, with the first trimming and with a new one",
    )
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="table to write as well (.md)")

    group.add("wires", wires, "the wire solver against badcrossbar", examples=[""])


def _bench(parser: argparse.ArgumentParser) -> None:
    options.port(parser, "sim")
    options.budget(options.record(parser))


def simulator(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations import measure

    output.show(measure.simulator(progress))


def program(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations import measure

    setup = setup_of(args, progress, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    output.show(measure.program(setup, progress))


def link(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations import measure

    output.show(measure.link(args.port, progress))


def defects(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations import measure

    on_array = args.port if args.on_array else None
    output.show(measure.defects(progress, fraction=args.stuck, folder=args.mnist, on_array=on_array))


def infer(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations import measure

    setup = setup_of(args, progress, serial=args.serial, lab=args.lab, budget=args.wear_budget)
    output.show(measure.infer(setup, progress, folder=args.mnist))


def trim(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations import measure
    from ohmbench.report.trim_table import save_table

    if args.out is not None:
        check_writable(args.out)
    found = measure.trim(args.port, progress, inputs=args.inputs, rests_s=args.rest, folder=args.mnist)
    output.save_and_show(found, lambda path: save_table(found.values, path), args.out)


def wires(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations import measure

    output.show(measure.wires(progress))
