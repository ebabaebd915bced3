"""Power supplies and their drivers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ohmbench.errors import InstrumentError
from ohmbench.instruments.supply_file import Output, Reading, SupplyFile
from ohmbench.instruments.visa import open_driver, trouble

if TYPE_CHECKING:
    from pymeasure.adapters import VISAAdapter

TOLERANCE = 0.02
TOLERANCE_V = 0.05
"""Of what is read back: 2 % and 50 mV, several times what bench supplies are specified for. More means that the output
is at its current limit, or that somebody turns its knobs."""


class Supply(ABC):
    """A power supply.

    Attributes:
        identity: its answer to *IDN?.
    """

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        self.adapter = adapter
        self.identity = identity

    @abstractmethod
    def _prepare(self, output: Output) -> None:
        """Set voltage and current limit."""

    @abstractmethod
    def _switch(self, channel: int, on: bool) -> None: ...

    @abstractmethod
    def _read(self, channel: int) -> Reading: ...

    def on(self, file: SupplyFile) -> list[Reading]:
        """Set the outputs, turn them on one after another and read them back.

        Raises:
            InstrumentError: it refuses, or gives something else; all outputs are off then.
        """
        try:
            with trouble(self.identity):
                for command in file.setup:
                    self.adapter.write(command)
                for output in file.outputs:
                    self._prepare(output)
                for output in file.outputs:
                    self._switch(output.channel, on=True)
                readings = self.read(file)
            for output, reading in zip(file.outputs, readings, strict=True):
                if abs(reading.volts - output.volts) > TOLERANCE * output.volts + TOLERANCE_V:
                    raise InstrumentError(
                        f"Output {output.channel} of {self.identity} gives {reading.volts:.3f} V at "
                        f"{reading.amps:.3f} A, not {output.volts:g} V: it is in its current limit of "
                        f"{output.limit_a:g} A, or not set. It is off again. Look for a short circuit on the carrier."
                    )
        except BaseException:
            self.off(file)
            raise
        return readings

    def off(self, file: SupplyFile) -> None:
        """Turn the outputs off, the last first; one that fails does not keep the others on.

        Raises:
            InstrumentError: one of them may be on.
        """
        failed: Exception | None = None
        for output in reversed(file.outputs):
            try:
                with trouble(f"{self.identity}, output {output.channel} may still be ON"):
                    self._switch(output.channel, on=False)
            except InstrumentError as error:
                failed = error
        if failed is not None:
            raise failed

    def read(self, file: SupplyFile) -> list[Reading]:
        """What the outputs give.

        Raises:
            InstrumentError: it does not answer.
        """
        with trouble(self.identity):
            return [self._read(output.channel) for output in file.outputs]


class KeysightE36312A(Supply):
    """Keysight E36311A to E36313A."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.keysight import KeysightE36312A as Driver

        super().__init__(adapter, identity)
        self._supply = Driver(adapter)

    def _prepare(self, output: Output) -> None:
        channel = self._supply.channels[output.channel]
        channel.voltage_setpoint, channel.current_limit = output.volts, output.limit_a

    def _switch(self, channel: int, on: bool) -> None:
        self._supply.channels[channel].output_enabled = on

    def _read(self, channel: int) -> Reading:
        output = self._supply.channels[channel]
        return Reading(channel, float(output.voltage), float(output.current))


class RohdeSchwarzHmp(Supply):
    """Rohde & Schwarz HMP2020 to HMP4040. Its outputs have a switch each and one for all, which is off last."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.rohdeschwarz.hmp import HMP4040

        super().__init__(adapter, identity)
        self._supply = HMP4040(adapter)

    def _prepare(self, output: Output) -> None:
        self._supply.selected_channel = output.channel
        self._supply.voltage, self._supply.current = output.volts, output.limit_a

    def _switch(self, channel: int, on: bool) -> None:
        self._supply.selected_channel = channel
        self._supply.selected_channel_active = on
        self._supply.output_enabled = on

    def _read(self, channel: int) -> Reading:
        self._supply.selected_channel = channel
        return Reading(channel, float(self._supply.measured_voltage), float(self._supply.measured_current))


class SiglentSpd1305x(Supply):
    """Siglent SPD1168X and SPD1305X, one output."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.siglenttechnologies import SPD1305X

        super().__init__(adapter, identity)
        self._supply = SPD1305X(adapter)

    def _prepare(self, output: Output) -> None:
        channel = self._supply.channels[output.channel]
        channel.voltage_setpoint, channel.current_limit = output.volts, output.limit_a

    def _switch(self, channel: int, on: bool) -> None:
        self._supply.channels[channel].enable_output(on)

    def _read(self, channel: int) -> Reading:
        output = self._supply.channels[channel]
        return Reading(channel, float(output.voltage), float(output.current))


SUPPLIES: dict[str, Callable[[VISAAdapter, str], Supply]] = {
    r"KEYSIGHT.*,E3631[1-3]A": KeysightE36312A,
    r"(ROHDE|HAMEG).*,HMP[24]0[2-4]0": RohdeSchwarzHmp,
    r"SIGLENT.*,SPD1(168|305)X": SiglentSpd1305x,
}
"""By what they answer to *IDN?."""


@contextmanager
def open_supply(address: str) -> Iterator[Supply]:
    """The power supply at a VISA address; nothing is turned on or off.

    Raises:
        UsageError: PyVISA or PyMeasure is not installed.
        InstrumentError: nothing answers there, or not as a supply should.
    """
    supply = open_driver(address, SUPPLIES)
    try:
        yield supply
    finally:
        supply.adapter.close()
