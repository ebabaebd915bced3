"""The commands that train and compress networks; no array is touched."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.cli.array import AddCommand
from ohmbench.cli.options import share, whole
from ohmbench.cli.output import print_result
from ohmbench.errors import UsageError
from ohmbench.progress import Progress
from ohmbench.support.files import check_folder, check_writable


def _train(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.study.methods import train_net

    check_writable(args.output)
    result = train_net(args.net, seed=args.network_seed, folder=args.mnist, progress=progress)
    result.network.save(args.output)
    print_result(args, result.summary(), f"{result.describe()}\nwritten: {args.output}")


def _compress(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations.compress import compress_file

    if args.output is not None:
        check_writable(args.output)
        if len(args.cells) > 1:
            raise UsageError("A curve of several budgets gives no single file: leave out -o, or give one --cells.")
    result = compress_file(
        args.network,
        args.method,
        args.cells,
        bits=args.bits,
        seed=args.network_seed,
        weight_noise=args.weight_noise,
        folder=args.mnist,
        progress=progress,
    )
    if args.output is not None:
        result.outcomes[0].save(args.output)
    print_result(args, result.summary(), result.describe())


def _results(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations.results import run_results
    from ohmbench.report.compression import save_results

    check_folder(args.out)
    result = run_results(progress, seeds=args.seeds, only=args.net, finished=args.finished, folder=args.mnist)
    save_results(result.rows, args.out)
    print_result(args, result.summary(), result.describe())


def _budgets(text: str) -> list[float]:
    values = [float(part) for part in text.split(",")]
    for value in values:
        if not 0 < value <= 1:
            raise argparse.ArgumentTypeError(f"{value:g} is not a share above 0 and at most 1; nothing was trained")
    return values


_budgets.__name__ = "list of shares"  # argparse names it in its message for what is none


def add_commands(command: AddCommand) -> None:
    """Add train, compress and results."""
    mnist = argparse.ArgumentParser(add_help=False)
    mnist.add_argument("--mnist", type=Path, metavar="DIR", help="folder of MNIST's files (default: OHMBENCH_MNIST)")
    seed = argparse.ArgumentParser(add_help=False)
    seed.add_argument("--network-seed", type=whole(0, 2**32 - 1), default=0, help="seed of training and clustering")

    train = command("train", _train, "train a network on MNIST, in floating point", mnist, seed)
    train.add_argument("net", help="784-10, 196-10, 96-10, 32-16-10 or 784-64-10")
    train.add_argument("-o", "--output", type=Path, required=True, help="network to write (.npz)")

    text = "compress a trained network to a budget of cells, and say what it loses"
    compress = command("compress", _compress, text, mnist, seed)
    compress.add_argument("network", type=Path, help="network that `train` wrote (.npz)")
    compress.add_argument("-o", "--output", type=Path, help="compressed network to write (.ohmc), for `map`")
    compress.add_argument("--method", default="all", help="see docs/compression.md (default: %(default)s)")
    compress.add_argument(
        "--cells",
        type=_budgets,
        default=[0.35],
        metavar="SHARE,...",
        help="share of the cells of plain pairs to keep; several shares give a curve (default: 0.35)",
    )
    compress.add_argument(
        "--bits", type=whole(2, 4), default=2, help="bits of a signed weight: 2 (ternary) or 4 (default: %(default)s)"
    )
    compress.add_argument(
        "--weight-noise",
        type=share,
        default=0.0,
        metavar="SHARE",
        help="train with noise on the weights, its standard deviation as a share of the highest level (default: 0)",
    )

    results = command("results", _results, "run every method on every net, and write the table and the plots", mnist)
    results.add_argument(
        "--out", type=Path, default=Path("docs/results"), help="folder to write (default: %(default)s)"
    )
    results.add_argument("--finished", action="store_true", help="run nothing: write what is finished so far")
    results.add_argument("--seeds", type=whole(1), default=5, help="seeds of each net (default: %(default)s)")
    results.add_argument(
        "--net", action="append", default=[], metavar="NET[:BITS]", help="only this net; may be given several times"
    )
