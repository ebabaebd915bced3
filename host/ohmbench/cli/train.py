"""`ohmbench train`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def add(commands: Commands) -> None:
    parser = commands.add(
        "train",
        run,
        "train a network on MNIST, the digits or your own data, in floating point",
        examples=["784-10 -o trained.npz"],
    )
    options.data(parser, "mnist")
    options.network_seed(parser)
    parser.add_argument("net", help="widths, features first: on MNIST 784-10, 196-10, 96-10, 32-16-10 or 784-64-10")
    parser.add_argument("-o", "--output", type=Path, required=True, help="network to write (.npz)")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.study.methods import train_net

    check_writable(args.output)
    result = train_net(args.net, seed=args.network_seed, data=args.data, folder=args.mnist, progress=progress)
    result.network.save(args.output)
    output.print(result.summary(), f"{result.describe()}\nwritten: {args.output}")
