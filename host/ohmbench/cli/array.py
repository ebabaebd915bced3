"""The commands that change an array or say what it holds, and their options."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Protocol

from ohmbench.cli import options
from ohmbench.cli.options import share, whole
from ohmbench.cli.output import bench_of, fault_map_of, recipe_of, save_and_show, show, socket_of
from ohmbench.progress import Progress
from ohmbench.support.files import check_writable


class AddCommand(Protocol):
    """Adds a command with its options' parents, and returns its parser."""

    def __call__(
        self, name: str, run: object, text: str, *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser: ...


def _program(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.bench.opening import open_bench
    from ohmbench.lab import socket as sockets
    from ohmbench.lab.carrier import carrier_of
    from ohmbench.operations import jobs
    from ohmbench.operations import program as program_command
    from ohmbench.operations.estimate import estimate

    file = jobs.ImageFile.load(args.image)
    socket = socket_of(args)
    recipe, fault_map = recipe_of(args), fault_map_of(args)
    opened = sockets.record_if_there if args.dry_run else sockets.record_of
    with opened(socket, args.lab, args.wear_budget) as ledgered:
        job = jobs.plan(
            file,
            only=args.only,
            recipe=recipe,
            recipe_name=args.recipe,
            fault_map=fault_map,
            ledgered=ledgered,
            serial=socket.serial,
            resume=args.resume,
            window=socket.window(ledgered),
            progress=progress,
        )
        if job.is_done:
            result = program_command.already_done(job)
        elif args.dry_run:
            if not socket.is_simulated:
                # it says what array it has, and is not armed; --device is the model of the estimate, not the board's
                with open_bench(args.port, baud=args.baud) as bench:
                    file.image.check_fits(bench.info)
            carrier = carrier_of(socket, args.carrier, args.lab)
            show(args, estimate(job, socket.nominal(), progress, ledgered, args.wear_budget, carrier))
            return
        else:
            with bench_of(args, progress) as bench:
                result = program_command.program(bench, job, progress, ledgered, args.report)
    show(args, result)
    result.require(args.require)


def _verify(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab import socket as sockets
    from ohmbench.operations import jobs
    from ohmbench.operations import verify as verify_command

    file = jobs.ImageFile.load(args.image)
    recipe, fault_map = recipe_of(args), fault_map_of(args)
    if args.report is not None:
        check_writable(args.report)
    with sockets.record_if_there(socket_of(args), args.lab) as ledgered:
        check = verify_command.check_of(
            file,
            only=args.only,
            recipe=recipe,
            recipe_name=args.recipe,
            fault_map=fault_map,
            ledgered=ledgered,
        )
        with bench_of(args, progress) as bench:
            result = verify_command.verify(bench, check, progress, after_s=args.after, ledgered=ledgered)
    save_and_show(args, result, result.render, args.report)
    result.require(args.require)


def _form(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab import socket as sockets
    from ohmbench.operations import form as array_commands

    recipe = recipe_of(args)
    with (
        sockets.record_of(socket_of(args), args.lab, args.wear_budget) as ledgered,
        bench_of(args, progress) as bench,
    ):
        result = array_commands.form(bench, recipe, progress, ledgered)
    show(args, result)
    array_commands.require_formed(result, args.require)


def _characterise(args: argparse.Namespace, progress: Progress) -> None:
    from ohmbench.lab import socket as sockets
    from ohmbench.operations import form as array_commands

    recipe = recipe_of(args)
    if args.out is not None:
        check_writable(args.out)
    with (
        sockets.record_of(socket_of(args), args.lab, args.wear_budget) as ledgered,
        bench_of(args, progress) as bench,
    ):
        result = array_commands.characterise(bench, recipe, progress, ledgered)
    save_and_show(args, result, result.faults.save, args.out)


def add_commands(command: AddCommand) -> None:
    """Add program, verify, form and characterise."""
    recipe, image = options.recipe(), argparse.ArgumentParser(add_help=False)
    image.add_argument("image", type=Path, help="weight image (.ohmw)")
    image.add_argument("--fault-map", type=Path, metavar="FILE", help="stuck and unformed cells in it are left out")
    image.add_argument("--report", type=Path, metavar="FILE", help="page with pictures of the cells; program's is live")

    program = command(
        "program",
        _program,
        "program a weight image into the array: the cells outside of their window, with verify",
        options.port(),
        recipe,
        options.record(),
        options.budget(),
        image,
    )
    program.add_argument("--only", type=whole(0), metavar="N", help="program the N-th array of the image only, from 0")
    program.add_argument("--passes", type=whole(1), metavar="K", help="program what drifted again, K passes in all")
    program.add_argument("--rest", type=options.seconds, metavar="S", help="seconds of rest between two passes")
    program.add_argument("--resume", action="store_true", help="go on with a run that was killed or interrupted")
    program.add_argument(
        "--dry-run", action="store_true", help="send no pulse: check everything, and estimate pulses, time and wear"
    )
    _require(program, 0.9, "converged cells")

    verify = command(
        "verify",
        _verify,
        "read every cell and say what it holds beside what the image wants",
        options.port(),
        recipe,
        options.record(),
        image,
    )
    verify.add_argument(
        "--only", type=whole(0), metavar="N", help="array of the image that is in the socket (default: the last run's)"
    )
    verify.add_argument(
        "--after", type=options.seconds, default=0.0, metavar="S", help="rest for so many seconds first"
    )
    _require(verify, 0.0, "cells in their window")

    array = (options.port(), recipe, options.record(), options.budget())
    form = command("form", _form, "form the cells of a fresh array: a ramp of the bit line, with verify", *array)
    _require(form, 0.9, "formed cells")

    array = (options.port(), recipe, options.record(), options.budget())
    characterise = command(
        "characterise", _characterise, "find an array's bad cells and its conductance window; erases it", *array
    )
    characterise.add_argument("--out", type=Path, metavar="FILE", help="fault map to write, for --fault-map")


def _require(parser: argparse.ArgumentParser, default: float, what: str) -> None:
    parser.add_argument(
        "--require", type=share, default=default, help=f"exit with 10 below this share of {what} (default: %(default)s)"
    )
