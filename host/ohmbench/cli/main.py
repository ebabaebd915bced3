"""The command line: arguments in, library calls, results out. No logic of its own."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ohmbench.bench.base import Bench
from ohmbench.cli import array, compress, experiment, options, record, support, sweep
from ohmbench.cli import bench as bench_commands
from ohmbench.cli.bench import find_port
from ohmbench.cli.options import share, whole
from ohmbench.cli.output import bench_of, drop_stdout, print_result, show, socket_of
from ohmbench.errors import OhmbenchError, UsageError
from ohmbench.progress import Progress
from ohmbench.support.files import check_folder, check_writable

INTERRUPTED = 130
_HIDDEN_MAX = 4096  # more would train for hours

_EPILOG = """exit codes: 0 done, 2 usage, 3 port, 4 protocol, 5 link, 6 weight image, 7 pulse program, 8 simulator
build, 9 guard fault, 10 not converged, 11 data, 12 chip model, 13 wear budget, 14 record of runs or results of
sweeps, 15 bitstream, 16 --assert, 17 self-test, 18 instrument; 130 after Ctrl-C. Results go to stdout, progress to
stderr."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    args = _parser().parse_args(argv)
    try:
        with Progress(quiet=args.quiet) as progress:
            if getattr(args, "port", "") is None:
                args.port = find_port(progress)
            return int(args.command(args, progress) or 0)
    except OhmbenchError as error:
        near = hasattr(args, "port") and error.todo
        _complain(error.told() if near else str(error), error)
        return error.exit_code
    except KeyboardInterrupt as error:
        _complain("interrupted; all outputs are off", error)
        return INTERRUPTED
    except BrokenPipeError:
        # whoever reads our stdout has gone, as `head` does, and wants no more of it
        drop_stdout()
        return 1


def _complain(text: str, error: BaseException) -> None:
    for line in (text, *getattr(error, "__notes__", ())):
        print(f"ohmbench: {line}", file=sys.stderr)


def _demo(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab import socket as sockets
    from ohmbench.operations import demo

    started = time.monotonic()  # before the simulator is built: that is waited for too
    check_folder(args.out)
    with sockets.record_of(socket_of(args), args.lab, args.wear_budget) as ledgered, bench_of(args, progress) as bench:
        result = demo.run(bench, progress, seed=args.network_seed, started=started, ledgered=ledgered)
    try:
        demo.save(result, args.out)
    finally:  # a disk that is full by now costs the files only
        print_result(args, demo.values(result), demo.table(result))
    if not args.json:
        print(f"\nreport: {args.out / 'report.html'}")


def _map(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.faults.fault_map import FaultMap
    from ohmbench.operations import mapping

    check_writable(args.output)
    faults = None if args.fault_map is None else FaultMap.load(args.fault_map)
    training = {"hidden": args.hidden, "bits": args.bits, "seed": args.network_seed}
    given = {name: value for name, value in training.items() if value is not None}
    if args.network is None:
        if args.apart:
            raise UsageError("--apart is for a compressed network; the digits' network fills its images.")
        progress.say("training the network")
        result = mapping.map_digits(**given, faults=faults)
    elif given:
        raise UsageError("The network in a file is mapped as it is: leave out --hidden, --bits and --network-seed.")
    else:
        result = mapping.map_file(args.network, faults, share_images=not args.apart)
    result.image.save(args.output)
    print_result(args, result.summary(), f"{result.describe()}\nwritten: {args.output}")


def _read(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations import basic as commands

    recipe = commands.load_recipe(args.recipe)
    with bench_of(args, progress) as bench:
        result = commands.read(bench, recipe, progress)
    show(args, result)


def _infer(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab import socket as sockets
    from ohmbench.operations import basic, infer
    from ohmbench.operations.jobs import ImageFile

    file = ImageFile.load(args.image)
    recipe = basic.load_recipe(args.recipe)
    twin = infer.twin_of(args.port, socket_of(args).simulated) if args.twin else None
    data = infer.load_test_set(file.image, args.data, args.mnist, args.images)
    with sockets.record_of(socket_of(args), args.lab, args.wear_budget) as ledgered, bench_of(args, progress) as bench:
        result = infer.infer(
            bench, file, data, recipe, progress, args.images, twin=twin, ledgered=ledgered, recipe_name=args.recipe
        )
    show(args, result)


def _info(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations import basic as commands

    with bench_of(args, progress) as bench:
        result = commands.info(bench)
    print_result(args, result, "\n".join(f"{key:12} {value}" for key, value in result.items()))


def _safe(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab.supply import supply_file_of, turn_off

    try:
        with bench_of(args, progress, bare=True) as bench:
            bench.safe()
    finally:  # if the bench does not answer, too
        supply = supply_file_of(socket_of(args), args.supply)
        if supply is not None:
            turn_off(supply)
    print_result(args, {"safe": True}, "all outputs are off")


def _flash(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.operations.flash import flash

    show(args, flash(args.board, args.file, progress, permanent=args.permanent))


def _assemble(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.isa import assemble_file, listing

    program = assemble_file(args.file)
    summary = {"words": list(program.words), "entries": dict(program.entries), "args": dict(program.args)}
    print_result(args, summary, listing(program).rstrip())


def _replay(args: argparse.Namespace, progress: Progress) -> int:
    from ohmbench.bench.opening import SimulatedArray, simulator_of
    from ohmbench.link.replay import replay

    if args.port != "sim":
        raise UsageError(
            f"A trace cannot be replayed on {args.port}: the twin has no link, and a board's array would get all "
            "pulses of the trace again, with no record of its wear. Nothing was sent to the array. Give --port sim."
        )
    with simulator_of(socket_of(args).simulated or SimulatedArray(), say=progress.say) as simulator:
        outcome = replay(args.file, simulator.port)
    show(args, outcome)
    return 1 if outcome.difference else 0


def _measure(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.measure import bench as measure

    on_model = (args.port, args.device, args.seed, args.array, args.faults) == ("sim", None, None, None, None)
    if args.what == "program":
        with _charged_bench(args, progress) as bench:
            result = measure.programming_speed(bench, progress)
    elif args.what == "link":
        from ohmbench.measure.link import link_speed

        result = link_speed(args.port, progress)
    elif args.what == "defects":
        result = _defects(args, progress)
    elif args.what == "infer":
        from ohmbench.measure.infer import inference_speed

        with _charged_bench(args, progress) as bench:
            result = inference_speed(bench, args.mnist, progress)
    elif args.what == "wires":
        from ohmbench.measure.wires import wires_speed

        result = wires_speed(progress)
    elif on_model:
        result = measure.simulator_speed(progress)
    else:
        raise UsageError("`measure sim` is always of the same simulator; give it no port, device or seed.")
    print_result(args, result, "\n".join(f"{key:20} {_number(value)}" for key, value in result.items()))


@contextmanager
def _charged_bench(args: argparse.Namespace, progress: Progress) -> Iterator[Bench]:
    from ohmbench.lab import socket as sockets
    from ohmbench.lab.ledgered import charged

    with (
        sockets.record_of(socket_of(args), args.lab, args.wear_budget) as ledgered,
        bench_of(args, progress) as bench,
        charged(bench, ledgered, f"measure {args.what}"),
    ):
        yield bench


def _number(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)


def _defects(args: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    from ohmbench.measure.defects import measure_defects
    from ohmbench.measure.defects_on_array import measure_defects_on_array
    from ohmbench.network.mnist import load_mnist

    data = load_mnist(args.mnist, shape=(14, 14))
    if args.on_array:
        return measure_defects_on_array(data, port=args.port, fraction=args.stuck, progress=progress)
    return measure_defects(data, fraction=args.stuck, progress=progress)


def _parser() -> argparse.ArgumentParser:
    common, recipe = options.common(), options.recipe()

    parser = argparse.ArgumentParser(prog="ohmbench", description="Bench for a 32x32 ReRAM crossbar.", epilog=_EPILOG)
    parser.add_argument("--version", action=support.Version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text, epilog=_EPILOG, parents=[common, *parents])
        made.set_defaults(command=run)
        return made

    text = "train, map, program and infer the digits; writes a report"
    demo = command("demo", _demo, text, options.port("sim"), options.record(), options.budget())
    demo.add_argument("--out", type=Path, default=Path("build/demo"), help="folder for results (default: %(default)s)")
    demo.add_argument("--network-seed", type=whole(0), default=0, help="seed of the training")

    mapping = command("map", _map, "map a compressed network on 32x32 images, and count what it costs there")
    mapping.add_argument(
        "network", type=Path, nargs="?", help="compressed network (.ohmc); none: train one on the digits, as pairs"
    )
    mapping.add_argument("-o", "--output", type=Path, required=True, help="weight image to write (.ohmw)")
    mapping.add_argument(
        "--hidden",
        type=whole(1, _HIDDEN_MAX),
        help="hidden units of the digits' network (default: 32)",
    )
    mapping.add_argument("--bits", type=whole(2, 8), help="bits of its signed weights (default: 4)")
    mapping.add_argument(
        "--apart",
        action="store_true",
        help="an image for every tile: more arrays to program, and less on their wires (default: tiles share images)",
    )
    mapping.add_argument("--fault-map", type=Path, metavar="FILE", help="map around the bad cells of this array")
    mapping.add_argument("--network-seed", type=whole(0), help="seed of its training (default: 0)")

    compress.add_commands(command)
    sweep.add_commands(command)
    array.add_commands(command)
    experiment.add_commands(command)
    record.add_commands(command)
    support.add_commands(command, parser)
    bench_commands.add_commands(command)

    command("read", _read, "read every cell once", options.port(), recipe)

    text = "program a weight image and run its test set through it"
    infer = command("infer", _infer, text, options.port(), recipe, options.record(), options.budget())
    infer.add_argument("image", type=Path, help="weight image (.ohmw)")
    infer.add_argument("--images", type=whole(1), help="only the first so many test images")
    infer.add_argument("--data", choices=["digits", "mnist"], help="data set (default: what the image was made for)")
    infer.add_argument("--mnist", type=Path, metavar="DIR", help="folder of MNIST's files (default: OHMBENCH_MNIST)")
    infer.add_argument(
        "--twin", action="store_true", help="with --port sim: the same on the twin, and whether all codes are equal"
    )

    command("info", _info, "say what is behind a port", options.port())
    command("safe", _safe, "turn all outputs off", options.port())

    flash = command("flash", _flash, "load a bitstream into a board (needs openFPGALoader)")
    flash.add_argument("file", type=Path, nargs="?", help="bitstream (default: the one that `make bitstream` made)")
    flash.add_argument("--board", default="ulx3s", help="a folder of fpga/boards (default: %(default)s)")
    flash.add_argument("--permanent", action="store_true", help="write the board's flash too: it starts with the power")

    asm = command("asm", _assemble, "assemble a pulse program and list it")
    asm.add_argument("file", type=Path, help="pulse program (.useq)")

    text = "send what --trace wrote to the simulator, and say where it answers otherwise (then exit 1)"
    command("replay", _replay, text, options.port("sim")).add_argument("file", type=Path, help="trace")

    text = "measure the bench itself"
    measure = command("measure", _measure, text, options.port("sim"), options.record(), options.budget())
    measure.add_argument(
        "what",
        choices=["sim", "program", "link", "defects", "infer", "wires"],
        help="sim: the simulator's clocks a second, with the pty attached and bare; program: time and busy share of "
        "an image and of matrix-vector products; link: goodput at 3 and 12 Mbaud, in simulation also while "
        "programming and with damaged frames (two minutes); defects: what stuck cells cost MNIST "
        "196-10, and what mapping around them wins back; infer: time and accuracy of MNIST 784-10 with all test "
        "images; wires: the wire solver against badcrossbar",
    )
    measure.add_argument("--mnist", type=Path, metavar="DIR", help="folder of MNIST's files (default: OHMBENCH_MNIST)")
    measure.add_argument(
        "--stuck", type=share, default=0.04, help="share of stuck cells, half low and half high (default: %(default)s)"
    )
    measure.add_argument(
        "--on-array", action="store_true", help="defects through the array model of --port: 3 arrays, 1,000 images"
    )
    return parser
