"""The power supply of a command's bench."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ohmbench.instruments.supplies import open_supply
from ohmbench.instruments.supply_file import Reading, SupplyFile
from ohmbench.progress import Progress


@dataclass(frozen=True)
class SupplyReadings:
    """What a supply gives."""

    identity: str
    readings: Sequence[Reading]

    def summary(self) -> dict[str, Any]:
        return {"identity": self.identity, "outputs": [asdict(reading) for reading in self.readings]}

    def describe(self) -> str:
        return "\n".join([self.identity, *(f"  {_said(reading)}" for reading in self.readings)])


@contextmanager
def powered(file: Path | None, progress: Progress) -> Iterator[None]:
    """Have the supply on; off at the end, and when this process ends in whatever way.

    Raises:
        DataError: the file makes no sense.
        UsageError: PyVISA or PyMeasure is not installed.
        InstrumentError: no such supply, or it does not give what it should; or outputs may be on at the end.
    """
    if file is None:
        yield
        return
    from ohmbench.instruments.supervised import supplied

    supply = SupplyFile.load(file)
    progress.say(f"turning the power supply on at {supply.address}")
    with supplied(supply) as readings:
        progress.say("supply on: " + "; ".join(map(_said, readings)))
        yield


def turn_off(file: Path) -> None:
    """Turn the supply's outputs off, whoever turned them on.

    Raises:
        DataError: the file makes no sense.
        UsageError: PyVISA or PyMeasure is not installed.
        InstrumentError: outputs may be on.
    """
    supply = SupplyFile.load(file)
    with open_supply(supply.address) as opened:
        opened.off(supply)


def read_supply(file: Path) -> SupplyReadings:
    """What the supply gives now; nothing is turned on or off.

    Raises:
        As `turn_off`.
    """
    supply = SupplyFile.load(file)
    with open_supply(supply.address) as opened:
        return SupplyReadings(opened.identity, opened.read(supply))


def _said(reading: Reading) -> str:
    return f"output {reading.channel} {reading.volts:.3f} V {reading.amps:.3f} A"
