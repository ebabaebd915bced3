"""The command line: arguments in, library calls, results out. No logic of its own."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ohmbench import __version__
from ohmbench._files import check_writable
from ohmbench.bench import Bench
from ohmbench.errors import OhmbenchError, UsageError
from ohmbench.progress import Progress

INTERRUPTED = 130
_SEED_MAX = 2**64 - 1
_HIDDEN_MAX = 4096  # more would train for hours

_EPILOG = """exit codes: 0 done, 2 usage, 3 port, 4 protocol, 5 link, 6 weight image, 7 pulse program, 8 simulator
build, 9 guard fault, 10 not converged, 11 data, 12 chip model; 130 after Ctrl-C. Results go to stdout, progress to
stderr."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    args = _parser().parse_args(argv)
    try:
        with Progress(quiet=args.quiet) as progress:
            return int(args.command(args, progress) or 0)
    except OhmbenchError as error:
        print(f"ohmbench: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("ohmbench: interrupted; all outputs are off", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever reads our stdout has gone, as `head` does, and wants no more of it
        _drop_stdout()
        return 1


def _demo(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench import demo

    started = time.monotonic()  # before the simulator is built: that is waited for too
    check_writable(args.out)
    with _bench(args, progress) as bench:
        result = demo.run(bench, progress, seed=args.network_seed, started=started)
    _print(args, demo.values(result), demo.table(result))  # first: a disk that is full by now costs the files only
    demo.save(result, args.out)
    if not args.json:
        print(f"\nreport: {args.out / 'report.html'}")


def _map(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench import demo

    check_writable(args.output.parent)
    progress.say("training the network")
    trained = demo.train_and_map(hidden=args.hidden, bits=args.bits, seed=args.network_seed)
    trained.image.save(args.output)
    _print(args, trained.summary(), f"{trained.describe()}\nwritten: {args.output}")


def _program(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench import commands

    image = commands.load_image(args.image)
    recipe = commands.load_recipe(args.recipe)
    with _bench(args, progress) as bench:
        result = commands.program(bench, image, recipe, progress, only=args.only)
    _print(args, result.summary(), result.describe())
    result.require(args.require)


def _read(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench import commands

    recipe = commands.load_recipe(args.recipe)
    with _bench(args, progress) as bench:
        result = commands.read(bench, recipe, progress)
    _print(args, result.summary(), result.describe())


def _infer(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench import commands

    image = commands.load_image(args.image)
    recipe = commands.load_recipe(args.recipe)
    with _bench(args, progress) as bench:
        result = commands.infer(bench, image, recipe, progress, count=args.images)
    _print(args, result.summary(), result.describe())


def _info(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench import commands

    with _bench(args, progress) as bench:
        result = commands.info(bench)
    _print(args, result, "\n".join(f"{key:12} {value}" for key, value in result.items()))


def _safe(args: argparse.Namespace, progress: Progress) -> None:
    with _bench(args, progress) as bench:
        bench.safe()
    _print(args, {"safe": True}, "all outputs are off")


def _assemble(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.isa import assemble_file, listing

    program = assemble_file(args.file)
    summary = {"words": list(program.words), "entries": dict(program.entries), "args": dict(program.args)}
    _print(args, summary, listing(program).rstrip())


def _measure(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench import measure

    if args.what == "program":
        with _bench(args, progress) as bench:
            result = measure.programming_speed(bench, progress)
    elif (args.port, args.device, args.seed) == ("sim", None, None):
        result = measure.simulator_speed(progress)
    else:
        raise UsageError("`measure sim` is always of the same simulator; give it no port, device or seed.")
    _print(args, result, "\n".join(f"{key:20} {value:,.3g}" for key, value in result.items()))


@contextmanager
def _bench(args: argparse.Namespace, progress: Progress) -> Iterator[Bench]:
    from ohmbench.commands import simulated_array
    from ohmbench.rungs import open_bench

    if not args.port:
        raise UsageError(
            "No port given, so nothing was sent to an array. Give --port sim, --port twin or a serial port, or set "
            "OHMBENCH_PORT."
        )
    array = simulated_array(args.device, args.seed)
    with open_bench(args.port, baud=args.baud, array=array, say=progress.say) as bench:
        yield bench


def _print(args: argparse.Namespace, summary: object, text: str) -> None:
    try:
        # flushed here: at the end of Python it would be too late to say that it failed
        print(json.dumps(summary, indent=1) if args.json else text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        _drop_stdout()
        raise UsageError(f"Cannot write the result: {error.strerror}. The array is off. Free space there.") from error


def _drop_stdout() -> None:
    """Let Python end without a second attempt to write what is left in its buffer."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _port(default: str | None) -> argparse.ArgumentParser:
    """Options of a command that opens a bench; a default goes before OHMBENCH_PORT.

    A new parser each time: commands share the options of a common parent, and with them what `set_defaults` changes.
    """
    port = argparse.ArgumentParser(add_help=False)
    port.add_argument(
        "--port",
        default=default or os.environ.get("OHMBENCH_PORT"),
        help=f"sim, twin, or a serial port or URL of a board (default: {default or 'OHMBENCH_PORT'})",
    )
    port.add_argument(
        "--baud", type=_whole(1), default=12_000_000, help="rate to raise the link to (default: %(default)s)"
    )
    port.add_argument(
        "--device", metavar="PRESET", help="array model of sim and twin: a, c, ideal or a TOML file (default: a)"
    )
    port.add_argument("--seed", type=_whole(0, _SEED_MAX), help="seed of the array model of sim and twin (default: 1)")
    return port


def _whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """The type of an option that takes whole numbers in a range."""

    def parse(text: str) -> int:
        value = int(text)
        if value < low or (high is not None and value > high):
            limits = f"{low} or more" if high is None else f"{low} to {high}"
            raise argparse.ArgumentTypeError(f"{value} is not {limits}; nothing was sent to the array")
        return value

    parse.__name__ = "whole number"  # argparse names it in its message for what is no number at all
    return parse


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{value} is not a share from 0 to 1; nothing was sent to the array")
    return value


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print the result as JSON")
    common.add_argument("--quiet", action="store_true", help="no progress on stderr")

    recipe = argparse.ArgumentParser(add_help=False)
    recipe.add_argument("--recipe", type=Path, help="TOML file of levels, window, voltages and ramps")

    parser = argparse.ArgumentParser(prog="ohmbench", description="Bench for a 32x32 ReRAM crossbar.", epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"ohmbench {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, epilog=_EPILOG, parents=[common, *parents])
        made.set_defaults(command=run)
        return made

    demo = command("demo", _demo, "train, map, program and infer the digits; writes a report", _port("sim"))
    demo.add_argument("--out", type=Path, default=Path("build/demo"), help="folder for results (default: %(default)s)")
    demo.add_argument("--network-seed", type=_whole(0), default=0, help="seed of the training")

    mapping = command("map", _map, "train a network on the digits, quantise it and map it on 32x32 images")
    mapping.add_argument("-o", "--output", type=Path, required=True, help="weight image to write (.ohmw)")
    mapping.add_argument(
        "--hidden", type=_whole(1, _HIDDEN_MAX), default=32, help="hidden units (default: %(default)s)"
    )
    mapping.add_argument("--bits", type=_whole(2, 8), default=4, help="bits of a signed weight (default: %(default)s)")
    mapping.add_argument("--network-seed", type=_whole(0), default=0, help="seed of the training")

    program = command("program", _program, "program a weight image into the array, with verify", _port(None), recipe)
    program.add_argument("image", type=Path, help="weight image (.ohmw)")
    program.add_argument("--only", type=_whole(0), metavar="N", help="program the N-th array of the image only, from 0")
    program.add_argument(
        "--require",
        type=_share,
        default=0.9,
        help="exit with 10 below this share of converged cells (default: %(default)s)",
    )

    command("read", _read, "read every cell once", _port(None), recipe)

    infer = command(
        "infer", _infer, "program a weight image and run the digits' test set through it", _port(None), recipe
    )
    infer.add_argument("image", type=Path, help="weight image (.ohmw)")
    infer.add_argument("--images", type=_whole(1), help="only the first so many test images")

    command("info", _info, "say what is behind a port", _port(None))
    command("safe", _safe, "turn all outputs off", _port(None))

    asm = command("asm", _assemble, "assemble a pulse program and list it")
    asm.add_argument("file", type=Path)

    measure = command("measure", _measure, "measure the bench itself", _port("sim"))
    measure.add_argument(
        "what",
        choices=["sim", "program"],
        help="sim: the simulator's clocks a second, with the pty attached and bare; program: time and busy share of "
        "an image and of matrix-vector products",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
