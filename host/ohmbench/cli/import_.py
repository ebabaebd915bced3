"""`ohmbench import`."""

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
        "import",
        run,
        "take a network that was made elsewhere: an ONNX model",
        examples=["model.onnx --data own.npz -o model.ohmn", "model.onnx --check"],
    )
    parser.add_argument("model", type=Path, help="ONNX model, in floating point or quantised")
    parser.add_argument("-o", "--out", type=Path, metavar="FILE", help="network to write (.ohmn), for `ohmbench map`")
    parser.add_argument(
        "--check", action="store_true", help="only say what the network costs and what cannot be imported"
    )
    options.data(parser, "none: a quantised model is not tested")
    group = parser.add_argument_group("quantisation of a model in floating point")
    group.add_argument("--bits", type=options.whole(2, 8), help="bits of the signed weights (default: 4)")
    group.add_argument(
        "--activation-bits", type=options.whole(1, 16), help="bits of what goes into each layer (default: 8)"
    )
    group.add_argument(
        "--ranges",
        choices=["percentile", "mse"],
        help="how the ranges of activations are found: 99.9 %% of the values, or the least squared error "
        "(default: percentile)",
    )
    group.add_argument(
        "--single-cells",
        type=_layers,
        metavar="all|N,N...",
        help="layers, counted from 0, whose weights get one cell each instead of a pair",
    )


def _layers(text: str) -> tuple[int, ...] | str:
    if text == "all":
        return text
    try:
        return tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither `all` nor numbers of layers, such as 0,2") from None


def run(args: argparse.Namespace, output: Output, progress: Progress) -> None:
    from ohmbench.errors import UsageError
    from ohmbench.importing.onnx_file import UnsupportedError
    from ohmbench.operations.import_network import Quantisation, import_onnx

    if (args.out is None) != args.check:
        raise UsageError("No output was named.", "Give -o FILE, or --check to write nothing.")
    if args.out is not None:
        check_writable(args.out)
    asked = {
        "weight_bits": args.bits,
        "activation_bits": args.activation_bits,
        "ranges": args.ranges,
        "single_cells": args.single_cells,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    try:
        found = import_onnx(
            args.model,
            progress,
            quantisation=Quantisation(**given) if given else None,
            data=args.data,
            folder=args.mnist,
            check=args.check,
        )
    except UnsupportedError as error:
        if args.check:  # that is the answer to the question
            output.print({"unsupported": list(error.unsupported)}, "\n".join(error.unsupported))
        raise
    if args.out is not None:
        found.network.save(args.out)
    output.show(found)
