"""What stands on the bench: port, array, carrier, supply and record, as one command names them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import BAUD, SIMULATED, SimulatedArray, open_bench
from ohmbench.carrier.carrier import Carrier
from ohmbench.checks.before_pulses import check_before_pulses
from ohmbench.errors import LinkError, OhmbenchError, UsageError
from ohmbench.lab.carrier import calibrated, serial_of_board
from ohmbench.lab.identity import admit, canonical_serial
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.record import Record, store_if_there
from ohmbench.lab.settings import LoadSettings, record_path, settings_once
from ohmbench.lab.simulated import nominal
from ohmbench.lab.supply import powered
from ohmbench.lab.window import characterised_window, simulated_window
from ohmbench.model.line_faults import LineFaults
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.window import ConductanceWindow
from ohmbench.progress import Progress
from ohmbench.record.store import Store


@dataclass(frozen=True)
class Setup:
    """What a command works with, made once from its options. Nothing below the command line changes it.

    Attributes:
        port: sim, twin, or a serial port or URL of a board.
        settings: gives the settings. They are loaded when first asked for: damaged ones must not keep `safe` from
            turning a bench off.
        array: what sim and twin have behind them; None for a board, and where nothing is asked for.
        serial: of the array in the socket; None for an array without one, whose runs are not recorded.
        recipe: None if the command leaves it open; recipe_name: how the operator calls it.
        carrier_file, supply_file: TOML files; None for those of the settings.
        lab: folder of the record; None: as `record_path` has it.
        budget: pulses a cell for life from now on; None: what the record has.
        is_new_array: the operator says that the array in a board's socket was never pulsed.
        baud: rate to raise the link to.
        line_faults: what is wrong with the line of sim.
        trace: file for every byte of the link.

    Raises:
        UsageError: on creation, for a serial number that is none, or of an array that is gone with the command.
    """

    port: str
    settings: LoadSettings = field(default_factory=settings_once, compare=False)
    array: SimulatedArray | None = None
    serial: str | None = None
    recipe: Recipe | None = None
    recipe_name: str | None = None
    carrier_file: Path | None = None
    supply_file: Path | None = None
    lab: Path | None = None
    budget: int | None = None
    is_new_array: bool = False
    baud: int = BAUD
    line_faults: LineFaults | None = None
    trace: Path | None = None

    def __post_init__(self) -> None:
        if self.serial is not None:
            object.__setattr__(self, "serial", canonical_serial(self.serial))
        kept = self.array is not None and self.array.file is not None
        if self.is_simulated and self.serial is not None and not kept:
            raise UsageError(
                f"--serial {self.serial}: this simulated array ends with the command, so it has no serial number.",
                "Give --array FILE to keep it.",
            )

    @property
    def is_simulated(self) -> bool:
        return self.port in SIMULATED

    @property
    def board(self) -> str:
        """Serial number of the board, by which the record knows its calibration."""
        return serial_of_board(self.port, self.array)

    @property
    def record_path(self) -> Path:
        """The file of the record.

        Raises:
            UsageError: as `lab.settings.record_path`.
        """
        return record_path(self.lab, self.settings)

    def nominal(self) -> SimulatedArray:
        """A fresh array of the same parameters with another seed, for estimates; a board's is taken for preset a.

        Raises:
            DataError: the array's file is damaged or in use.
        """
        return nominal(self.array)

    def window(self, ledgered: Ledgered | None) -> ConductanceWindow | None:
        """The array's conductance window; None if nothing is known of it.

        A characterisation in the record goes before the parameters of a simulated array.

        Raises:
            DataError: the array's file is damaged or in use.
        """
        found = None if ledgered is None else characterised_window(ledgered)
        return found or (simulated_window(self.array) if self.is_simulated else None)

    @contextmanager
    def record(self, progress: Progress) -> Iterator[Record]:
        """The record of an array that is to be pulsed; empty for a simulated array that is gone with the bench.

        Says first which array that is, and how worn.

        Raises:
            UsageError: nobody says which one a board's array is, or the record does not know it, as `admit` says.
            StoreError: the record cannot be read or written.
        """
        if self.serial is None:
            if not self.is_simulated:
                raise UsageError(
                    f"No serial number of the array in the socket of {self.port}: its wear must be kept for life.",
                    "Give --serial with the number on the array's package, or any name that stays with it.",
                )
            yield Record()
            return
        path = self.record_path
        admit(self.serial, path, is_simulated=self.is_simulated, is_new=self.is_new_array, say=progress.say)
        with Store.open(path) as store:
            yield Record(store, Ledgered(store, self.serial, self.budget))

    @contextmanager
    def record_if_there(self) -> Iterator[Record]:
        """The array's record for looking something up; empty if there is none, which is not made then.

        Raises:
            StoreError: it cannot be read.
        """
        if self.serial is None:
            yield Record()
            return
        with store_if_there(self.record_path) as store:
            ledgered = None if store is None else Ledgered(store, self.serial, self.budget)
            yield Record(store, ledgered if ledgered is not None and ledgered.is_known else None)

    def carrier(self, store: Store | None = None) -> Carrier:
        """The carrier, calibrated if the record knows how.

        Args:
            store: the record, where it is open already.

        Raises:
            DataError: the carrier's file makes no sense.
            StoreError: the record cannot be read, or its calibration makes no sense.
            UsageError: the settings cannot be read.
        """
        carrier = self._uncalibrated()
        is_ideal = self.is_simulated and (self.array is None or self.array.carrier is None)
        opened: AbstractContextManager[Store | None] = nullcontext(store)
        if store is None:
            opened = store_if_there(self.record_path)
        with opened as known:
            return calibrated(carrier, self.board, known, is_ideal=is_ideal)

    def _uncalibrated(self) -> Carrier:
        file = self.carrier_file or (None if self.is_simulated else self.settings().carrier)
        return Carrier() if file is None else Carrier.load(file)

    def supply(self) -> Path | None:
        """The file of the supply; None if there is none to turn on.

        Raises:
            UsageError: the settings cannot be read.
        """
        return self.supply_file or (None if self.is_simulated else self.settings().supply)

    @contextmanager
    def bench(self, progress: Progress, store: Store | None = None, *, is_calibrated: bool = True) -> Iterator[Bench]:
        """The bench, with its supply on, its carrier calibrated and the array that was named.

        Args:
            store: the record, where it is open already.
            is_calibrated: False to leave the calibration out, which may be damaged.

        Raises:
            DataError, StoreError, UsageError: as `carrier`, `powered` and `open_bench`.
            InstrumentError: as `powered`.
            PortError, ProtocolError, BuildError: as `open_bench`.
            CheckError: as `check_before_pulses`, before the first pulse.
        """
        carrier = self.carrier(store) if is_calibrated else self._uncalibrated()
        with powered(self.supply(), progress), self._opened(progress, carrier) as bench:
            check_before_pulses(bench)
            reads = bench.count_reads()
            try:
                yield bench
            except LinkError:  # what is gone is not asked again: the supply is still on
                raise
            except BaseException:
                self._record_reads(reads(), store)
                raise
            self._record_reads(reads(), store)

    def _record_reads(self, counted: tuple[int, int] | None, store: Store | None) -> None:
        """Add what the bench has read to what the record has of its array, if it knows it. No work fails for it."""
        if self.serial is None or not any(counted or ()):
            return
        opened: AbstractContextManager[Store | None] = nullcontext(store)
        with suppress(OhmbenchError):
            if store is None:
                opened = store_if_there(self.record_path)
            with opened as known:
                if known is not None and counted is not None:
                    known.add_reads(self.serial, *counted)

    def bare_bench(self, progress: Progress) -> AbstractContextManager[Bench]:
        """The bench as it is: without the supply, and without the carrier's file and calibration: all may be damaged.

        Raises:
            As `open_bench`.
        """
        return self._opened(progress, Carrier())

    def _opened(self, progress: Progress, carrier: Carrier) -> AbstractContextManager[Bench]:
        return open_bench(
            self.port,
            baud=self.baud,
            array=self.array,
            line_faults=self.line_faults,
            trace=self.trace,
            carrier=carrier,
            say=progress.say,
        )
