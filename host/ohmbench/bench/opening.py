"""Open a bench by the name of its port: `sim`, `twin`, or a serial port or URL of a board."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ohmbench.bench.base import Bench
from ohmbench.bench.left import array_left_as, left_as
from ohmbench.bench.over_link import LinkBench
from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import ArrayState, OhmbenchError, UsageError
from ohmbench.link.trace import Trace
from ohmbench.model.array import DEFAULT_SEED, ArrayModel, write_faults_file, write_params_file
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.model.line_faults import LineFaults
from ohmbench.model.simulator import Simulator
from ohmbench.model.waves import Waves
from ohmbench.progress import Say
from ohmbench.support.files import temporary_folder
from ohmbench.tables import DEFAULT_CARRIER

BAUD = 12_000_000
"""Rate that the link is raised to: the highest that 48 MHz and an FTDI bridge both reach exactly."""

SIMULATED = ("sim", "twin")
"""Ports without a board; their arrays are the model's."""


@dataclass(frozen=True)
class SimulatedArray:
    """The array behind `sim` and `twin`.

    Attributes:
        params: parameters of the model by name; what is not named is as in preset A.
        seed: stands for one physical array; none: 1 for a new array.
        file: the array lives there, made if absent, and loses nothing when a process is killed. One that exists has
            its own parameters and seed, with which those given must agree. None: in memory, gone with the bench.
        faults: cells (32, 32) to spoil, in numbers of `ArrayModel.kinds`, 0 for none; for an array in a file, from
            then on.
        rest_s: bench time in seconds that passes with the power off before the bench opens.
        carrier: what the simulated carrier is off by; None: nothing.
        kind: of carrier, a key of tables.CARRIERS.
    """

    params: Mapping[str, float] = field(default_factory=dict)
    seed: int | None = None
    file: Path | None = None
    faults: NDArray[np.uint8] | None = field(default=None, compare=False)
    rest_s: float = 0.0
    carrier: SimulatedCarrier | None = None
    kind: str = DEFAULT_CARRIER

    @property
    def is_default(self) -> bool:
        """Whether nothing is asked for."""
        return self.faults is None and self == SimulatedArray()

    def open(self) -> ArrayModel:
        """The array in this process, for the twin.

        Raises:
            DataError: as `ArrayModel.open`, `ArrayModel.inject` and `ArrayModel.rest`.
        """
        if self.file is None:
            model = ArrayModel(self.params, DEFAULT_SEED if self.seed is None else self.seed)
        else:
            model = ArrayModel.open(self.file, self.params, self.seed)
        try:
            if self.faults is not None:
                model.inject(self.faults)
            model.rest(self.rest_s)
        except BaseException:
            model.close()
            raise
        return model


@contextmanager
def simulator_of(
    array: SimulatedArray,
    line_faults: LineFaults | None = None,
    say: Say = lambda text: None,
    waves: Waves | None = None,
) -> Iterator[Simulator]:
    """A running simulator with this array behind its pty."""
    with temporary_folder() as folder:
        params = Path(folder) / "params"
        write_params_file(array.params, params)
        faults = None if array.faults is None else Path(folder) / "faults"
        if array.faults is not None and faults is not None:
            write_faults_file(array.faults, faults)
        carrier = None if array.carrier is None else Path(folder) / "carrier"
        if array.carrier is not None and carrier is not None:
            array.carrier.write(carrier)
        with Simulator(
            params=params,
            seed=array.seed,
            state=array.file,
            faults=faults,
            carrier=carrier,
            rest_s=array.rest_s,
            line_faults=line_faults,
            waves=waves,
            kind=array.kind,
            progress=say,
        ) as simulator:
            yield simulator


@contextmanager
def open_bench(
    port: str,
    *,
    baud: int = BAUD,
    array: SimulatedArray | None = None,
    line_faults: LineFaults | None = None,
    trace: Path | None = None,
    carrier: Carrier | None = None,
    waves: Waves | None = None,
    say: Say = lambda text: None,
) -> Iterator[Bench]:
    """Open a bench and close it with the array off.

    Args:
        port: `sim`, `twin`, or what pyserial opens (/dev/ttyUSB0, COM3, socket://host:port).
        array: for `sim` and `twin` only; a board has its own.
        line_faults: what is wrong with the line of `sim`; the other ports have a line of their own, or none.
        trace: file for every byte of the link, for `replay`.
        carrier: what the bench has between its lines and the array; None for one as its kind is described.
        waves: of `sim`, what to write a waveform of; the file is whole once the bench is closed.
        say: called with a line before something that takes long.

    Raises:
        PortError: no such port, no permission, or busy.
        ProtocolError: something else is behind it.
        BuildError: the simulator cannot be built or started.
        DataError: the array's file, parameters, faults or rest make no sense.
        UsageError: `array` is given for a board, `line_faults` or `waves` for anything but `sim`, or `trace` for the
            twin; or the trace cannot be written.
    """
    left_as(array_left_as() or ArrayState.UNTOUCHED)
    bench: Bench | None = None
    try:
        with _open_bench(port, baud, array or SimulatedArray(), line_faults, trace, waves, say) as bench:
            bench.carrier = (carrier or Carrier()).of_kind(bench.info.carrier_kind)
            try:
                yield bench
            except OhmbenchError as error:
                if error.array is None:
                    error.array = _state_of(bench)
                raise
    finally:
        if bench is not None:  # after it was closed, which can fail
            left_as(_state_of(bench))


def _state_of(bench: Bench) -> ArrayState:
    if not bench.was_armed:
        return ArrayState.UNTOUCHED
    if bench.was_left:
        return ArrayState.UNKNOWN
    return ArrayState.OFF if bench.pulse_programs else ArrayState.NOT_PULSED


@contextmanager
def _open_bench(
    port: str,
    baud: int,
    simulated: SimulatedArray,
    line_faults: LineFaults | None,
    trace: Path | None,
    waves: Waves | None,
    say: Say,
) -> Iterator[Bench]:
    if waves is not None and port != "sim":
        raise UsageError(f"Waveforms are of --port sim; {port} has no signals to look at.", "Give --port sim.")
    if line_faults is not None and port != "sim":
        raise UsageError(f"Line faults are for the simulated line of --port sim; {port} has none.", "Give --port sim.")
    if port == "twin":
        if trace is not None:
            raise UsageError("The twin has no link to trace.", "Give --port sim or a board.")
        model = simulated.open()
        try:
            with TwinBench(model, (simulated.carrier or SimulatedCarrier()).open(), simulated.kind) as bench:
                yield bench
        finally:
            model.close()
    elif port == "sim":
        with (
            simulator_of(simulated, line_faults, say, waves) as simulator,
            _tracing(trace) as to,
            LinkBench.of(simulator, baud=baud, trace=to) as bench,
        ):
            yield bench
    elif not simulated.is_default:
        raise UsageError(
            f"Array parameters, files, faults and rest are for --port sim and twin; {port} has an array of its own.",
            "Leave them out.",
        )
    else:
        with _tracing(trace) as to, LinkBench.open(port, baud=baud, trace=to) as bench:
            yield bench


def _tracing(path: Path | None) -> AbstractContextManager[Trace | None]:
    return nullcontext() if path is None else Trace(path)
