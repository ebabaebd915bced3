"""The array behind `sim` and `twin`, as a command names it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ohmbench.bench.opening import SimulatedArray
from ohmbench.carrier.kinds import key_of, written
from ohmbench.errors import DataError, UsageError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.support.guesses import did_you_mean
from ohmbench.tables import CARRIERS, COLUMNS, ROWS


def simulated_array(
    *,
    device: str | None = None,
    seed: int | None = None,
    file: Path | None = None,
    faults: Path | None = None,
    carrier_faults: str | None = None,
    carrier_kind: str | None = None,
) -> SimulatedArray | None:
    """The array that a command names; None if it asks for nothing.

    Args:
        device: a preset, or the name of a TOML file.
        faults: fault map of cells to spoil.
        carrier_faults: what the carrier is off by, as `SimulatedCarrier.parse` takes it.
        carrier_kind: a folder of fpga/carriers, - or _ in its name; None for the default.

    Raises:
        UsageError: faults of the carrier that make no sense, or no such kind.
        DataError: no such preset, or a fault map that is damaged or of another array.
    """
    array = SimulatedArray({} if device is None else load_params(device), seed, file)
    if faults is not None:
        kinds = FaultMap.load(faults).kinds
        if kinds.shape != (ROWS, COLUMNS):
            raise DataError(
                f"The fault map {faults} is of a {kinds.shape[0]}x{kinds.shape[1]} array, the simulated one has "
                f"{ROWS}x{COLUMNS} cells.",
                "Give the map of such an array.",
            )
        array = replace(array, faults=kinds)
    if carrier_faults is not None:
        array = replace(array, carrier=SimulatedCarrier.parse(carrier_faults))
    if carrier_kind is not None:
        array = replace(array, kind=_kind(carrier_kind))
    return None if array.is_default else array


def _kind(name: str) -> str:
    kind = key_of(name)
    if kind not in CARRIERS:
        known = [written(one) for one in CARRIERS]
        raise UsageError(
            f"There is no kind of carrier {name!r}{did_you_mean(name, known)}.",
            f"Kinds: {', '.join(known)}.",
        )
    return kind


def nominal(array: SimulatedArray | None) -> SimulatedArray:
    """A fresh array of the same parameters with another seed, for estimates; None is taken for preset a.

    Raises:
        DataError: the array's file is damaged or in use.
    """
    asked = array or SimulatedArray()
    if asked.file is None or not asked.file.exists():
        return SimulatedArray(asked.params, _other(asked.seed), kind=asked.kind)
    model = ArrayModel.open(asked.file, asked.params, asked.seed)
    try:
        return SimulatedArray(model.params, _other(model.seed), kind=asked.kind)
    finally:
        model.close()


def _other(seed: int | None) -> int:
    return 2 if seed is None else (seed + 1) % 2**64
