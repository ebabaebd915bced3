"""Voltmeters for the calibration: multimeters, and source-measure units that source no current."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ohmbench.instruments.visa import number, open_driver, trouble

if TYPE_CHECKING:
    from pymeasure.adapters import VISAAdapter

COMPLIANCE_V = 2.0
"""Of a source-measure unit that measures rail cal, which has 0.35 V at most."""

POWER_LINE_CYCLES = 10


class Meter(ABC):
    """A voltmeter.

    Attributes:
        identity: its answer to *IDN?.
    """

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        self.adapter = adapter
        self.identity = identity

    def read_v(self) -> float:
        """DC volts at its terminals.

        Raises:
            InstrumentError: it does not answer with a number.
        """
        with trouble(self.identity):
            return number(self._read_v(), "the voltage")

    @abstractmethod
    def _read_v(self) -> float: ...

    def close(self) -> None:
        """Leave it with nothing driven."""
        self.adapter.close()


class Hp34401A(Meter):
    """HP, Agilent or Keysight 34401A, and those that take its commands: 34410A, 34460A to 34470A."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.hp import HP34401A

        super().__init__(adapter, identity)
        self._meter = HP34401A(adapter)
        self._meter.function_ = "DCV"
        self._meter.autorange = True
        self._meter.nplc = POWER_LINE_CYCLES

    def _read_v(self) -> float:
        return float(self._meter.reading)


class Keithley2000(Meter):
    """Keithley 2000 multimeter."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.keithley import Keithley2000 as Driver

        super().__init__(adapter, identity)
        self._meter = Driver(adapter)
        self._meter.mode = "voltage"
        self._meter.voltage_nplc = POWER_LINE_CYCLES

    def _read_v(self) -> float:
        return float(self._meter.voltage)


class SourceMeter(Meter):
    """A source-measure unit that sources no current."""

    _smu: Any

    def _read_v(self) -> float:
        return float(self._smu.voltage)

    def close(self) -> None:
        self._smu.disable_source()
        super().close()


class Keithley2400(SourceMeter):
    """Keithley 2400 to 2440."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.keithley import Keithley2400 as Driver

        super().__init__(adapter, identity)
        self._smu = Driver(adapter)
        self._smu.source_mode = "current"
        self._smu.source_current = 0.0
        self._smu.compliance_voltage = COMPLIANCE_V
        self._smu.voltage_nplc = POWER_LINE_CYCLES
        self._smu.enable_source()


class Keithley2450(SourceMeter):
    """Keithley 2450."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.keithley import Keithley2450 as Driver

        super().__init__(adapter, identity)
        self._smu = Driver(adapter)
        self._smu.apply_current(None, COMPLIANCE_V)
        self._smu.source_current = 0.0
        self._smu.measure_voltage(nplc=POWER_LINE_CYCLES)
        self._smu.enable_source()


METERS: dict[str, Callable[[VISAAdapter, str], Meter]] = {
    r"(HEWLETT|AGILENT|KEYSIGHT).*,344(01|10|11|6\d|70)A": Hp34401A,
    r"KEITHLEY.*MODEL 2000\b": Keithley2000,
    r"KEITHLEY.*MODEL 24[0-4]0\b": Keithley2400,
    r"KEITHLEY.*MODEL 2450\b": Keithley2450,
}
"""By what they answer to *IDN?."""


@contextmanager
def open_meter(address: str) -> Iterator[Meter]:
    """The voltmeter at a VISA address.

    Raises:
        UsageError: PyVISA or PyMeasure is not installed.
        InstrumentError: nothing answers there, or not as a voltmeter should.
    """
    meter = open_driver(address, METERS)
    try:
        yield meter
    finally:
        with trouble(meter.identity):
            meter.close()
