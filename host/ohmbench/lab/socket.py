"""Which array is in the socket: a board's own, or a simulated one; its serial number, record and window."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ohmbench.bench.opening import SIMULATED, SimulatedArray
from ohmbench.errors import NOTHING_SENT, DataError, StoreError, UsageError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.settings import record_path
from ohmbench.model.array import ArrayModel, default_params, load_params
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.programming.window import ConductanceWindow
from ohmbench.record.store import Store
from ohmbench.tables import COLUMNS, ROWS

CHARACTERISED = "characterised"
"""Kind of the runs that say in their provenance what `window_usiemens` an array has, the lowest and the highest."""


@dataclass(frozen=True)
class Socket:
    """An array behind a port, as a command names it.

    Attributes:
        simulated: what sim and twin have behind them; None for a board, and where nothing is asked for.
        serial: None for an array without one, whose runs are not recorded.
    """

    port: str
    simulated: SimulatedArray | None
    serial: str | None

    @property
    def is_simulated(self) -> bool:
        return self.port in SIMULATED

    def nominal(self) -> SimulatedArray:
        """A fresh array of the same parameters with another seed, for estimates; a board's is taken for preset a.

        Raises:
            DataError: the array's file is damaged or in use.
        """
        asked = self.simulated or SimulatedArray()
        if asked.file is None or not asked.file.exists():
            return SimulatedArray(asked.params, _other(asked.seed))
        model = ArrayModel.open(asked.file, asked.params, asked.seed)
        try:
            return SimulatedArray(model.params, _other(model.seed))
        finally:
            model.close()

    def window(self, ledgered: Ledgered | None) -> ConductanceWindow | None:
        """The array's conductance window; None if nothing is known of it.

        A characterisation in the record goes before the parameters of a simulated array.
        """
        if ledgered is not None and ledgered.is_known:
            for run in ledgered.store.runs(ledgered.serial):
                if run.kind == CHARACTERISED:
                    low, high = run.provenance["window_usiemens"]
                    return ConductanceWindow(float(low), float(high), f"characterised in run {run.id}", measured=True)
        if not self.is_simulated:
            return None
        params = default_params() | dict(self.nominal().params)
        source = "parameters of the simulated array"
        return ConductanceWindow(params["g_low_usiemens"], params["g_high_usiemens"], source, measured=False)


def _other(seed: int | None) -> int:
    return 2 if seed is None else (seed + 1) % 2**64


def socket_of(
    port: str,
    *,
    device: str | None = None,
    seed: int | None = None,
    file: Path | None = None,
    faults: Path | None = None,
    serial: str | None = None,
    carrier_faults: str | None = None,
) -> Socket:
    """The array that a command line names.

    Raises:
        UsageError: a serial number for an array that is gone with the command.
        DataError: no such preset, or a fault map that is damaged or of another array.
    """
    simulated = SimulatedArray({} if device is None else load_params(device), seed, file)
    if faults is not None:
        kinds = FaultMap.load(faults).kinds
        if kinds.shape != (ROWS, COLUMNS):
            raise DataError(
                f"The fault map {faults} is of a {kinds.shape[0]}x{kinds.shape[1]} array, the simulated one has "
                f"{ROWS}x{COLUMNS} cells. {NOTHING_SENT} Give the map of such an array."
            )
        simulated = replace(simulated, faults=kinds)
    if carrier_faults is not None:
        simulated = replace(simulated, carrier=SimulatedCarrier.parse(carrier_faults))
    if port in SIMULATED and serial is not None and file is None:
        raise UsageError(
            f"--serial {serial}: a simulated array that is gone with this command has no serial number. {NOTHING_SENT} "
            "Give --array FILE to keep it."
        )
    if serial is None and file is not None:
        serial = file.stem
    return Socket(port, None if simulated.is_default else simulated, serial)


@contextmanager
def record_of(socket: Socket, lab: Path | None, budget: int | None = None) -> Iterator[Ledgered | None]:
    """The record of an array that is to be pulsed; None for a simulated array that is gone with the bench.

    Raises:
        UsageError: nobody says which one a board's array is.
        StoreError: the record cannot be read or written.
    """
    if socket.serial is None:
        if not socket.is_simulated:
            raise UsageError(
                f"No serial number of the array in the socket of {socket.port}: its wear must be kept for life. "
                f"{NOTHING_SENT} Give --serial with the number on the array's package, or any name that stays with it."
            )
        yield None
        return
    with Store.open(record_path(lab)) as store:
        yield Ledgered(store, socket.serial, budget)


@contextmanager
def record_if_there(socket: Socket, lab: Path | None, budget: int | None = None) -> Iterator[Ledgered | None]:
    """The array's record for looking something up; None if there is none, which is not made then.

    Raises:
        StoreError: it cannot be read.
    """
    if socket.serial is None or not record_path(lab).exists():
        yield None
        return
    with Store.open(record_path(lab)) as store:
        ledgered = Ledgered(store, socket.serial, budget)
        yield ledgered if ledgered.is_known else None


@contextmanager
def record_to_read(lab: Path | None) -> Iterator[Store]:
    """The record of a lab, for looking at all of it.

    Raises:
        StoreError: there is none, which is not made then, or it cannot be read.
    """
    path = record_path(lab)
    if not path.exists():
        raise StoreError(
            f"There is no record at {path}. {NOTHING_SENT} Give its folder with --lab; the first run makes it."
        )
    with Store.open(path) as store:
        yield store
