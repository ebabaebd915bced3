"""`ohmbench map`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.cli.setup import fault_map_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable

_HIDDEN_MAX = 4096  # more would train for hours


def add(commands: Commands) -> None:
    parser = commands.add(
        "map",
        run,
        "map a network on 32x32 images, and count the cells and arrays that it takes",
        examples=["small.ohmc -o small.ohmw", "small.ohmc -o W3-17.ohmw --fault-map W3-17.json"],
    )
    parser.add_argument(
        "network",
        type=Path,
        nargs="?",
        help="compressed network (.ohmc) or imported network (.ohmn); without one, a network is trained on the digits",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="weight image to write (.ohmw)")
    parser.add_argument(
        "--hidden",
        type=options.whole(1, _HIDDEN_MAX),
        help="hidden units of the digits' network (default: 32)",
    )
    parser.add_argument("--bits", type=options.whole(2, 8), help="bits of its signed weights (default: 4)")
    parser.add_argument(
        "--apart",
        action="store_true",
        help="an image for every tile: more arrays, but less current on their wires (default: tiles share images)",
    )
    parser.add_argument("--fault-map", type=Path, metavar="FILE", help="map around the bad cells of this array")
    parser.add_argument("--network-seed", type=options.whole(0), help="seed of its training (default: 0)")


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.map import map_network

    check_writable(args.output)
    training = {"hidden": args.hidden, "bits": args.bits, "seed": args.network_seed}
    result = map_network(
        args.network,
        progress,
        training={name: value for name, value in training.items() if value is not None},
        faults=fault_map_of(args.fault_map),
        apart=args.apart,
    )
    result.image.save(args.output)
    output.print(result.summary(), f"{result.describe()}\nwritten: {args.output}")
