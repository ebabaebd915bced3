"""What the options of a command name, as one value."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ohmbench.cli.options import SIMULATOR_ONLY
from ohmbench.progress import Progress
from ohmbench.support.guesses import guess

if TYPE_CHECKING:
    from ohmbench.faults.fault_map import FaultMap
    from ohmbench.lab.settings import LoadSettings
    from ohmbench.lab.setup import Setup
    from ohmbench.programming.recipe import Recipe


_SIMULATED = ("sim", "twin")


def setup_of(
    args: argparse.Namespace,
    progress: Progress,
    *,
    recipe: str | None = None,
    passes: int | None = None,
    rest_s: float | None = None,
    serial: str | None = None,
    lab: Path | None = None,
    budget: int | None = None,
) -> Setup:
    """What the options of `options.port` name, with what a command has besides.

    Raises:
        UsageError: no port, or options that make no sense together.
        DataError: a preset, recipe or fault map that is missing or damaged.
    """
    from ohmbench.lab.settings import settings_once
    from ohmbench.lab.setup import Setup
    from ohmbench.lab.simulated import simulated_array
    from ohmbench.model.line_faults import LineFaults

    settings = settings_once()
    port = _port(args, progress, settings)
    _refuse_simulator_only(args, port)
    return Setup(
        port,
        settings,
        simulated_array(
            device=args.device,
            seed=args.seed,
            file=args.array,
            faults=args.faults,
            carrier_faults=args.carrier_faults,
            carrier_kind=args.carrier_kind,
        ),
        serial=args.array.stem if serial is None and args.array is not None else serial,
        recipe=_recipe(recipe, passes, rest_s),
        recipe_name=recipe,
        carrier_file=args.carrier,
        supply_file=args.supply,
        lab=lab,
        budget=budget,
        is_new_array=getattr(args, "new_array", False),
        baud=args.baud,
        line_faults=None if args.line_faults is None else LineFaults.parse(args.line_faults),
        trace=args.trace,
    )


def _refuse_simulator_only(args: argparse.Namespace, port: str) -> None:
    from ohmbench.errors import UsageError

    for name, instead in {} if port in _SIMULATED else SIMULATOR_ONLY.items():
        if name == "device" and getattr(args, "dry_run", False):
            continue  # of the model that a board's array is computed with
        if getattr(args, name) is not None:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} is for sim and twin, and {port} is a board.", instead)


def fault_map_of(path: Path | None) -> FaultMap | None:
    """The fault map in a file; None if there is no file.

    Raises:
        DataError: it is missing or damaged.
    """
    from ohmbench.faults.fault_map import FaultMap

    return None if path is None else FaultMap.load(path)


def _port(args: argparse.Namespace, progress: Progress, settings: LoadSettings) -> str:
    """The port that is asked for; if none is, that of the settings, or the only bench there is."""
    from ohmbench.errors import UsageError
    from ohmbench.lab.ports import Ports, choose_port, list_ports_found
    from ohmbench.lab.settings import Settings

    def look(settings: Settings) -> Ports:
        progress.say("no port given: looking for a bench")
        return list_ports_found(settings)

    port: str = choose_port(settings(), look) if args.port is None else args.port
    if port not in _SIMULATED and not Path(port).exists() and (meant := guess(port, _SIMULATED)) is not None:
        raise UsageError(f"There is no port {port} (did you mean {meant!r}?).")
    if not port:
        raise UsageError("No port was given.", "Give --port sim, --port twin or a serial port, or set OHMBENCH_PORT.")
    return port


def _recipe(name: str | None, passes: int | None, rest_s: float | None) -> Recipe | None:
    """The recipe that is asked for; None if it is left open."""
    from ohmbench.programming.recipe import Recipe

    changes = {"passes": passes, "rest_s": rest_s}
    given = {name: value for name, value in changes.items() if value is not None}
    if not (name or given):
        return None
    return (Recipe() if name is None else Recipe.load(name)).but(**given)
