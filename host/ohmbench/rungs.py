"""Open a bench by the name of its port: `sim`, `twin`, or a serial port or URL of a board."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ohmbench.array import ArrayModel, write_params_file
from ohmbench.bench import Bench
from ohmbench.errors import UsageError
from ohmbench.link_bench import LinkBench
from ohmbench.simulator import Simulator
from ohmbench.twin_bench import TwinBench

BAUD = 12_000_000
"""Rate that the link is raised to: the highest that 48 MHz and an FTDI bridge both reach exactly."""


@dataclass(frozen=True)
class SimulatedArray:
    """The array behind `sim` and `twin`: parameters of the model by name (none: preset A) and the seed."""

    params: Mapping[str, float] = field(default_factory=dict)
    seed: int = 1


@contextmanager
def _simulator(array: SimulatedArray, say: Callable[[str], None]) -> Iterator[Simulator]:
    with tempfile.TemporaryDirectory(prefix="ohmbench-") as folder:
        params = Path(folder) / "params"
        write_params_file(array.params, params)
        with Simulator(params=params, seed=array.seed, progress=say) as simulator:
            yield simulator


@contextmanager
def open_bench(
    port: str,
    *,
    baud: int = BAUD,
    array: SimulatedArray | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Iterator[Bench]:
    """Open a bench and close it with the array off.

    Args:
        port: `sim`, `twin`, or what pyserial opens (/dev/ttyUSB0, COM3, socket://host:port).
        array: for `sim` and `twin` only; a board has its own.
        say: called with a line before something that takes long.

    Raises:
        PortError: no such port, no permission, or busy.
        ProtocolError: something else is behind it.
        BuildError: the simulator cannot be built or started.
    """
    simulated = array or SimulatedArray()
    if port == "twin":
        with TwinBench(ArrayModel(dict(simulated.params), simulated.seed)) as bench:
            yield bench
    elif port == "sim":
        with (
            _simulator(simulated, say) as simulator,
            LinkBench.open(simulator.port, baud=baud, rung="sim", check=simulator.check) as bench,
        ):
            yield bench
    elif array is not None and array != SimulatedArray():
        raise UsageError(f"Array parameters are for --port sim and twin; {port} has an array of its own")
    else:
        with LinkBench.open(port, baud=baud, rung="board") as bench:
            yield bench
