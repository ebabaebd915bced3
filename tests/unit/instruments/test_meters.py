"""Voltmeters through PyMeasure's drivers, on simulated instruments with the real command sets."""

from __future__ import annotations

import pytest

from ohmbench.errors import InstrumentError
from ohmbench.instruments.meters import open_meter

METERS = {
    "hp34401a": "HEWLETT-PACKARD,34401A",
    "k2000": "MODEL 2000",
    "k2400": "MODEL 2400",
    "k2450": "MODEL 2450",
}


def address(name: str) -> str:
    return f"TCPIP::{name}::5025::SOCKET"


@pytest.mark.parametrize("name", METERS)
def test_each_reads_volts(name: str) -> None:
    with open_meter(address(name)) as meter:
        assert METERS[name] in meter.identity
        for volts in (0.0, 0.1632, -1.5):
            meter.adapter.write(f"SIM:READING {volts:g}")
            assert meter.read_v() == pytest.approx(volts, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "on", "current"), [("k2400", "OUTPUT?", ":SOURCE:CURRENT?"), ("k2450", "SIM:OUTPUT?", ":SOUR:CURR?")]
)
def test_a_source_measure_unit_drives_nothing(name: str, on: str, current: str) -> None:
    with open_meter(address(name)) as meter:

        def ask(query: str) -> str:
            meter.adapter.write(query)
            return str(meter.adapter.read())

        assert float(ask(current)) == 0
        assert ask(on) in ("1", "ON")
        close, meter.adapter.close = meter.adapter.close, lambda: None
        meter.close()
        assert ask(on) in ("0", "OFF")
        meter.adapter.close = close


def test_another_kind_of_instrument_is_refused() -> None:
    with pytest.raises(InstrumentError, match=r"DS1054Z.*no driver"), open_meter(address("scope")):
        pass


def test_an_answer_that_is_no_number() -> None:
    with open_meter(address("hp34401a")) as meter:
        meter.adapter.write("nonsense")  # answered with ERROR
        with pytest.raises(InstrumentError, match="34401A"):
            meter.read_v()


@pytest.mark.parametrize("said", ["nan", "9.91E37", "-inf"])
def test_no_number_is_no_voltage(said: str) -> None:
    with open_meter(address("hp34401a")) as meter:
        meter._read_v = lambda: float(said)  # type: ignore[method-assign]
        with pytest.raises(InstrumentError, match="not a measured value"):
            meter.read_v()
