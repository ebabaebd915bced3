"""`ohmbench measure`: the bench itself, its speed and what its faults cost; each figure by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.bench.base import Bench
from ohmbench.lab.ledgered import charged
from ohmbench.lab.setup import Setup
from ohmbench.measure.bench import programming_speed, simulator_speed
from ohmbench.measure.defects import measure_defects
from ohmbench.measure.defects_on_array import measure_defects_on_array
from ohmbench.measure.infer import inference_speed
from ohmbench.measure.link import link_speed
from ohmbench.measure.trim import measure_trim
from ohmbench.measure.wires import wires_speed
from ohmbench.network.mnist import load_mnist
from ohmbench.operations.result import Noted
from ohmbench.progress import Progress


@dataclass(frozen=True)
class Figures:
    """What was measured."""

    values: Mapping[str, Any]

    def summary(self) -> dict[str, Any]:
        return dict(self.values)

    def describe(self) -> str:
        return "\n".join(f"{name:22} {_number(value)}" for name, value in self.values.items())


def _number(value: object) -> str:
    return f"{value:,.3g}" if isinstance(value, float) else str(value)


def simulator(progress: Progress) -> Figures:
    """Clocks a second of the simulator; see `simulator_speed`.

    Raises:
        BuildError: the simulator cannot be built or started.
    """
    return Figures(simulator_speed(progress))


def program(setup: Setup, progress: Progress) -> Noted[Figures]:
    """Time of an image and of products on this bench; see `programming_speed`.

    Raises:
        OhmbenchError: as `Setup.record`, `Setup.bench`, `charged` and `programming_speed`.
    """
    return _on_bench(setup, progress, "program", lambda bench: programming_speed(bench, progress))


def infer(setup: Setup, progress: Progress, *, folder: Path | None = None) -> Noted[Figures]:
    """Time and accuracy of MNIST's test set on this bench; see `inference_speed`.

    Raises:
        OhmbenchError: as `Setup.record`, `Setup.bench`, `charged` and `inference_speed`.
    """
    return _on_bench(setup, progress, "infer", lambda bench: inference_speed(bench, folder, progress))


def link(port: str, progress: Progress) -> Figures:
    """Goodput of the link; see `link_speed`.

    Raises:
        OhmbenchError: as `link_speed`.
    """
    return Figures(link_speed(port, progress))


def wires(progress: Progress) -> Figures:
    """Our wire solver against badcrossbar; see `wires_speed`.

    Raises:
        UsageError: badcrossbar is not installed.
    """
    return Figures(wires_speed(progress))


def trim(
    port: str, progress: Progress, *, inputs: int, rests_s: Sequence[float] = (), folder: Path | None = None
) -> Figures:
    """What trimming wins back; see `measure_trim`.

    Raises:
        UsageError: the port is no simulation, or the inputs are too few.
        DataError: MNIST is missing or damaged.
    """
    return Figures(measure_trim(folder, progress, port=port, inputs=inputs, rests_s=rests_s))


def defects(progress: Progress, *, fraction: float, folder: Path | None = None, on_array: str | None = None) -> Figures:
    """What stuck cells cost MNIST 196-10; see `measure_defects` and `measure_defects_on_array`.

    Args:
        fraction: share of stuck cells.
        folder: of MNIST's files; None: OHMBENCH_MNIST.
        on_array: port of the simulated arrays; None: in exact arithmetic.

    Raises:
        UsageError: the port is no simulation.
        DataError: MNIST is missing or damaged.
    """
    data = load_mnist(folder, shape=(14, 14))
    if on_array is None:
        return Figures(measure_defects(data, fraction=fraction, progress=progress))
    return Figures(measure_defects_on_array(data, port=on_array, fraction=fraction, progress=progress))


def _on_bench(
    setup: Setup, progress: Progress, what: str, measure: Callable[[Bench], Mapping[str, Any]]
) -> Noted[Figures]:
    with (
        setup.record(progress) as record,
        setup.bench(progress, record.store) as bench,
        charged(bench, record.ledgered, f"measure {what}"),
    ):
        return Noted(Figures(measure(bench)), bench.carrier.note)
