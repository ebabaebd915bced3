"""`ohmbench compress`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli import options
from ohmbench.cli.commands import Commands
from ohmbench.cli.output import Output
from ohmbench.errors import UsageError
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


def _budgets(text: str) -> list[float]:
    values = [options.share(part) for part in text.split(",")]
    if 0 in values:
        raise argparse.ArgumentTypeError("0 is not a share above 0 and at most 1")
    return values


_budgets.__name__ = "list of shares"  # argparse names it in its message for what is none


def add(commands: Commands) -> None:
    text = "compress a trained network to a budget of cells, and say how much accuracy it loses"
    parser = commands.add("compress", run, text, examples=["trained.npz -o small.ohmc --method spectral --cells 0.4"])
    options.data(parser, "what the network was trained on")
    options.network_seed(parser)
    parser.add_argument("network", type=Path, help="network that `train` (.npz) or `import` (.ohmn) wrote")
    parser.add_argument("-o", "--output", type=Path, help="compressed network to write (.ohmc), for `map`")
    parser.add_argument("--method", default="all", help="method; see docs/compression.md (default: %(default)s)")
    parser.add_argument(
        "--cells",
        type=_budgets,
        default=[0.35],
        metavar="SHARE,...",
        help="share of the cells of plain pairs to keep; several shares give a curve (default: 0.35)",
    )
    parser.add_argument(
        "--bits",
        type=options.whole(2, 4),
        help="bits of a signed weight: 2 (ternary) or 4 (default: 2, or those that an imported network has)",
    )
    parser.add_argument(
        "--weight-noise",
        type=options.share,
        default=0.0,
        metavar="SHARE",
        help="train with noise on the weights, its standard deviation as a share of the highest level (default: 0)",
    )


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.operations.compress import compress_file

    if args.output is not None:
        check_writable(args.output)
        if len(args.cells) > 1:
            raise UsageError(
                "Several budgets give a curve, not one compressed network.", "Leave out -o, or give one share."
            )
    result = compress_file(
        args.network,
        args.method,
        args.cells,
        bits=args.bits,
        seed=args.network_seed,
        weight_noise=args.weight_noise,
        data=args.data,
        folder=args.mnist,
        progress=progress,
    )
    if args.output is not None:
        result.outcomes[0].save(args.output)
    output.show(result)
