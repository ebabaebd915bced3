"""The command line: arguments in, library calls, results out. No logic of its own."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ohmbench import __version__, options
from ohmbench._files import check_writable
from ohmbench.bench import Bench
from ohmbench.errors import OhmbenchError, UsageError
from ohmbench.options import share, whole
from ohmbench.progress import Progress

if TYPE_CHECKING:
    from ohmbench.fault_map import FaultMap
    from ohmbench.image import WeightImage
    from ohmbench.jobs import Ledgered
    from ohmbench.recipe import Recipe
    from ohmbench.sockets import Socket

INTERRUPTED = 130
_HIDDEN_MAX = 4096  # more would train for hours

_EPILOG = """exit codes: 0 done, 2 usage, 3 port, 4 protocol, 5 link, 6 weight image, 7 pulse program, 8 simulator
build, 9 guard fault, 10 not converged, 11 data, 12 chip model, 13 wear budget, 14 record of runs; 130 after Ctrl-C.
Results go to stdout, progress to stderr."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    args = _parser().parse_args(argv)
    try:
        with Progress(quiet=args.quiet) as progress:
            return int(args.command(args, progress) or 0)
    except OhmbenchError as error:
        _complain(str(error), error)
        return error.exit_code
    except KeyboardInterrupt as error:
        _complain("interrupted; all outputs are off", error)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever reads our stdout has gone, as `head` does, and wants no more of it
        _drop_stdout()
        return 1


def _complain(text: str, error: BaseException) -> None:
    for line in (text, *getattr(error, "__notes__", ())):
        print(f"ohmbench: {line}", file=sys.stderr)


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
    from ohmbench import jobs, program_command, sockets
    from ohmbench.estimate import estimate

    file = jobs.ImageFile.load(args.image)
    socket = _socket(args)
    recipe, fault_map = _recipe(args), _fault_map(args)
    record = sockets.record_if_there(socket, args.lab) if args.dry_run else _record(socket, args)
    with record as ledgered:
        job = jobs.plan(
            file,
            only=args.only,
            recipe=recipe,
            fault_map=fault_map,
            ledgered=ledgered,
            resume=args.resume,
            window_usiemens=socket.window_usiemens(ledgered),
        )
        if job.is_done:
            result = program_command.already_done(job)
        elif args.dry_run:
            _check_fits(file.image, socket, args, progress)
            expected = estimate(job, socket.nominal(), progress, ledgered, args.wear_budget)
            _print(args, expected.summary(), expected.describe())
            return
        else:
            with _bench(args, progress) as bench:
                result = program_command.program(bench, job, progress, ledgered)
    _print(args, result.summary(), result.describe())
    result.require(args.require)


def _verify(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench import jobs, sockets, verify_command

    file = jobs.ImageFile.load(args.image)
    recipe, fault_map = _recipe(args), _fault_map(args)
    with sockets.record_if_there(_socket(args), args.lab) as ledgered:
        check = verify_command.check_of(file, only=args.only, recipe=recipe, fault_map=fault_map, ledgered=ledgered)
        with _bench(args, progress) as bench:
            result = verify_command.verify(bench, check, progress, after_s=args.after, ledgered=ledgered)
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
    elif (args.port, args.device, args.seed, args.array, args.faults) == ("sim", None, None, None, None):
        result = measure.simulator_speed(progress)
    else:
        raise UsageError("`measure sim` is always of the same simulator; give it no port, device or seed.")
    _print(args, result, "\n".join(f"{key:20} {value:,.3g}" for key, value in result.items()))


@contextmanager
def _bench(args: argparse.Namespace, progress: Progress) -> Iterator[Bench]:
    from ohmbench.rungs import open_bench

    array = _socket(args).simulated
    with open_bench(args.port, baud=args.baud, array=array, say=progress.say) as bench:
        yield bench


def _socket(args: argparse.Namespace) -> Socket:
    from ohmbench.sockets import socket_of

    if not args.port:
        raise UsageError(
            "No port given, so nothing was sent to an array. Give --port sim, --port twin or a serial port, or set "
            "OHMBENCH_PORT."
        )
    return socket_of(
        args.port, device=args.device, seed=args.seed, file=args.array, faults=args.faults, serial=args.serial
    )


def _record(socket: Socket, args: argparse.Namespace) -> AbstractContextManager[Ledgered | None]:
    from ohmbench import sockets

    sockets.require_serial(socket)
    return sockets.record_of(socket, args.lab, args.wear_budget)


def _check_fits(image: WeightImage, socket: Socket, args: argparse.Namespace, progress: Progress) -> None:
    """Compare an image with a board's array; a simulated one needs no bench for that."""
    if not socket.is_simulated:
        with _bench(args, progress) as bench:
            image.check_fits(bench.info)


def _recipe(args: argparse.Namespace) -> Recipe | None:
    """The recipe that the command line asks for; None if it leaves that open."""
    from ohmbench.commands import load_recipe

    changes = {"passes": args.passes, "rest_s": args.rest} if "passes" in args else {}
    given = {name: value for name, value in changes.items() if value is not None}
    return load_recipe(args.recipe).but(**given) if args.recipe or given else None


def _fault_map(args: argparse.Namespace) -> FaultMap | None:
    from ohmbench.fault_map import FaultMap

    return None if args.fault_map is None else FaultMap.load(args.fault_map)


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


def _parser() -> argparse.ArgumentParser:
    common, recipe = options.common(), options.recipe()

    parser = argparse.ArgumentParser(prog="ohmbench", description="Bench for a 32x32 ReRAM crossbar.", epilog=_EPILOG)
    parser.add_argument("--version", action="version", version=f"ohmbench {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, epilog=_EPILOG, parents=[common, *parents])
        made.set_defaults(command=run)
        return made

    demo = command("demo", _demo, "train, map, program and infer the digits; writes a report", options.port("sim"))
    demo.add_argument("--out", type=Path, default=Path("build/demo"), help="folder for results (default: %(default)s)")
    demo.add_argument("--network-seed", type=whole(0), default=0, help="seed of the training")

    mapping = command("map", _map, "train a network on the digits, quantise it and map it on 32x32 images")
    mapping.add_argument("-o", "--output", type=Path, required=True, help="weight image to write (.ohmw)")
    mapping.add_argument("--hidden", type=whole(1, _HIDDEN_MAX), default=32, help="hidden units (default: %(default)s)")
    mapping.add_argument("--bits", type=whole(2, 8), default=4, help="bits of a signed weight (default: %(default)s)")
    mapping.add_argument("--network-seed", type=whole(0), default=0, help="seed of the training")

    program = command(
        "program",
        _program,
        "program a weight image into the array: the cells outside of their window, with verify",
        options.port(),
        recipe,
        options.record(),
    )
    program.add_argument("image", type=Path, help="weight image (.ohmw)")
    program.add_argument("--only", type=whole(0), metavar="N", help="program the N-th array of the image only, from 0")
    program.add_argument("--passes", type=whole(1), metavar="K", help="program what drifted again, K passes in all")
    program.add_argument("--rest", type=options.seconds, metavar="S", help="seconds of rest between two passes")
    program.add_argument("--resume", action="store_true", help="go on with a run that was killed or interrupted")
    program.add_argument(
        "--dry-run", action="store_true", help="send no pulse: check everything, and estimate pulses, time and wear"
    )
    program.add_argument(
        "--wear-budget",
        type=whole(1),
        metavar="N",
        help="pulses a cell for life; kept with the array (default: 1000000 for a new array, a guess)",
    )
    program.add_argument(
        "--require",
        type=share,
        default=0.9,
        help="exit with 10 below this share of converged cells (default: %(default)s)",
    )

    verify = command(
        "verify",
        _verify,
        "read every cell and say what it holds beside what the image wants",
        options.port(),
        recipe,
        options.record(),
    )
    verify.add_argument("image", type=Path, help="weight image (.ohmw)")
    verify.add_argument(
        "--only", type=whole(0), metavar="N", help="array of the image that is in the socket (default: the last run's)"
    )
    verify.add_argument(
        "--after", type=options.seconds, default=0.0, metavar="S", help="rest for so many seconds first"
    )
    verify.add_argument(
        "--require", type=share, default=0.0, help="exit with 10 below this share of cells in their window"
    )

    command("read", _read, "read every cell once", options.port(), recipe)

    infer = command(
        "infer", _infer, "program a weight image and run the digits' test set through it", options.port(), recipe
    )
    infer.add_argument("image", type=Path, help="weight image (.ohmw)")
    infer.add_argument("--images", type=whole(1), help="only the first so many test images")

    command("info", _info, "say what is behind a port", options.port())
    command("safe", _safe, "turn all outputs off", options.port())

    asm = command("asm", _assemble, "assemble a pulse program and list it")
    asm.add_argument("file", type=Path)

    measure = command("measure", _measure, "measure the bench itself", options.port("sim"))
    measure.add_argument(
        "what",
        choices=["sim", "program"],
        help="sim: the simulator's clocks a second, with the pty attached and bare; program: time and busy share of "
        "an image and of matrix-vector products",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
