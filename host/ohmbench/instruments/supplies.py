"""Power supplies and their drivers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ohmbench.errors import InstrumentError
from ohmbench.instruments.supply_file import Output, Reading, SupplyFile
from ohmbench.instruments.visa import number, open_driver, trouble

if TYPE_CHECKING:
    from pymeasure.adapters import VISAAdapter

WATCHDOG_S = 5
"""Of a supply that has one: some times POLL_S (supervisor.py), plus the time of an answer."""

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

    def _watch(self, on: bool) -> None:
        """Turn its own watchdog on, which turns the outputs off when nobody talks to it, or off."""
        del on  # most have none

    def on(self, file: SupplyFile) -> list[Reading]:
        """Set the outputs, turn them on one after another and read them back.

        Raises:
            InstrumentError: it refuses, or gives something else; all outputs are off then.
        """
        try:
            with trouble(self.identity):
                for output in file.outputs:
                    self._prepare(output)
                self._watch(on=True)
                for output in file.outputs:
                    self._switch(output.channel, on=True)
                readings = self.read(file)
            for output, reading in zip(file.outputs, readings, strict=True):
                if not abs(reading.volts - output.volts) <= TOLERANCE * output.volts + TOLERANCE_V:
                    raise InstrumentError(
                        f"Output {output.channel} of {self.identity} gives {reading.volts:.3f} V at "
                        f"{reading.amps:.3f} A, not {output.volts:g} V: it is in its current limit of "
                        f"{output.limit_a:g} A, or it was not set. It is off again.",
                        "Look for a short circuit on the carrier.",
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
        with trouble(f"{self.identity} does not say whether its outputs are off"):
            self._watch(on=False)  # it would call a supply that is not in use a fault
            self.adapter.write("*IDN?")
            self.adapter.read()  # it has taken all of that by now

    def read(self, file: SupplyFile) -> list[Reading]:
        """What the outputs give.

        Raises:
            InstrumentError: it does not answer.
        """
        with trouble(self.identity):
            return [
                Reading(
                    reading.channel,
                    number(reading.volts, f"the voltage of output {reading.channel}"),
                    number(reading.amps, f"the current of output {reading.channel}"),
                )
                for reading in (self._read(output.channel) for output in file.outputs)
            ]


class ChannelSupply(Supply):
    """A supply whose driver has an object for each output."""

    _supply: Any

    def _prepare(self, output: Output) -> None:
        channel = self._supply.channels[output.channel]
        channel.voltage_setpoint, channel.current_limit = output.volts, output.limit_a

    def _read(self, channel: int) -> Reading:
        output = self._supply.channels[channel]
        return Reading(channel, float(output.voltage), float(output.current))


class KeysightE36312A(ChannelSupply):
    """Keysight E36311A to E36313A."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.keysight import KeysightE36312A as Driver

        super().__init__(adapter, identity)
        self._supply = Driver(adapter)

    def _switch(self, channel: int, on: bool) -> None:
        self._supply.channels[channel].output_enabled = on


class KeysightN6700(KeysightE36312A):
    """Keysight N6700A to N6702C, whose commands are the E36312A's, and which have a watchdog.

    OUTP:PROT:WDOG and its delay of 1 s to 3600 s: N6700C Operating and Service Guide, watchdog timer protection.
    """

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.keysight.keysightE36312A import VoltageChannel

        super().__init__(adapter, identity)
        self._supply.add_child(VoltageChannel, 4)
        for channel in self._supply.channels.values():  # the ranges are its modules'; it refuses what they cannot do
            channel.voltage_setpoint_values, channel.current_limit_values = [0, 150], [0, 50]

    def _prepare(self, output: Output) -> None:
        self.adapter.write(f"OUTP:PROT:CLE (@{output.channel})")  # after its watchdog
        super()._prepare(output)

    def _watch(self, on: bool) -> None:
        if on:
            self.adapter.write(f"OUTP:PROT:WDOG:DEL {WATCHDOG_S}")
        self.adapter.write(f"OUTP:PROT:WDOG {'ON' if on else 'OFF'}")


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


class SiglentSpd1305x(ChannelSupply):
    """Siglent SPD1168X and SPD1305X, one output."""

    def __init__(self, adapter: VISAAdapter, identity: str) -> None:
        from pymeasure.instruments.siglenttechnologies import SPD1305X

        super().__init__(adapter, identity)
        self._supply = SPD1305X(adapter)

    def _switch(self, channel: int, on: bool) -> None:
        self._supply.channels[channel].enable_output(on)


SUPPLIES: dict[str, Callable[[VISAAdapter, str], Supply]] = {
    r"KEYSIGHT.*,E3631[1-3]A": KeysightE36312A,
    r"(AGILENT|KEYSIGHT).*,N670[0-2][ABC]": KeysightN6700,
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
