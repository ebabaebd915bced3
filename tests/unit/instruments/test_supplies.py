"""Power supplies through PyMeasure's drivers, on simulated instruments with the real command sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.errors import DataError, InstrumentError
from ohmbench.instruments.supplies import open_supply
from ohmbench.instruments.supply_file import Output, SupplyFile

SWITCHES = {
    "e36312a": ["OUTPut? (@1)", "OUTPut? (@2)"],
    "n6700c": ["OUTPut? (@1)", "OUTPut? (@2)"],
    "hmp4040": ["OUTP:GEN?"],
    "spd1305x": ["SIM:OUTP?"],
}


def address(name: str) -> str:
    return f"TCPIP::{name}::5025::SOCKET"


def wanted(name: str, volts: float = 5.0) -> SupplyFile:
    outputs = [Output(channel, volts, 0.5) for channel in range(1, 2 if name == "spd1305x" else 3)]
    return SupplyFile(address(name), tuple(outputs))


@pytest.mark.parametrize("name", SWITCHES)
def test_on_read_back_and_off(name: str) -> None:
    file = wanted(name)
    with open_supply(file.address) as supply:

        def switches() -> set[str]:
            return {ask(supply, query) for query in SWITCHES[name]}

        readings = supply.on(file)
        assert [reading.channel for reading in readings] == [output.channel for output in file.outputs]
        assert all(4.9 < reading.volts < 5.1 and 0 < reading.amps < 0.5 for reading in readings)
        assert switches() <= {"1", "ON"}
        supply.off(file)
        assert switches() <= {"0", "OFF"}


def ask(supply: object, query: str) -> str:
    supply.adapter.write(query)  # type: ignore[attr-defined]
    return str(supply.adapter.read())  # type: ignore[attr-defined]


def test_voltage_and_limit_are_set_before_it_is_on() -> None:
    file = wanted("e36312a")
    with open_supply(file.address) as supply:
        supply.on(file)
        assert float(ask(supply, "VOLT? (@2)")) == 5.0
        assert float(ask(supply, "CURR? (@2)")) == 0.5


@pytest.mark.parametrize("name", SWITCHES)
def test_an_output_that_gives_something_else_goes_off(name: str) -> None:
    """5 V are read back whatever was asked for."""
    file = wanted(name, volts=3.3)
    with open_supply(file.address) as supply:
        with pytest.raises(InstrumentError, match=r"gives 5\.00. V .* not 3\.3 V"):
            supply.on(file)
        assert {ask(supply, query) for query in SWITCHES[name]} <= {"0", "OFF"}


def test_what_the_supply_cannot_do_is_said_and_nothing_is_on() -> None:
    file = wanted("e36312a", volts=1000.0)
    with open_supply(file.address) as supply:
        with pytest.raises(InstrumentError, match="E36312A"):
            supply.on(file)
        assert ask(supply, "OUTPut? (@1)") == "0"


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "supply.toml"
    path.write_text('address = "TCPIP::h::1::SOCKET"\n[[output]]\nchannel = 1\nvolts = 5\nlimit_a = 0.5\n')
    file = SupplyFile.load(path)
    assert file == SupplyFile("TCPIP::h::1::SOCKET", (Output(1, 5, 0.5),))
    assert SupplyFile.of_json(file.as_json()) == file


def test_a_watchdog_of_its_own_is_on_as_long_as_the_outputs() -> None:
    file = wanted("n6700c")
    with open_supply(file.address) as supply:
        supply.on(file)
        assert (ask(supply, "OUTP:PROT:WDOG?"), ask(supply, "OUTP:PROT:WDOG:DEL?")) == ("ON", "5")
        supply.off(file)
        assert ask(supply, "OUTP:PROT:WDOG?") == "OFF"


GOOD = "[[output]]\nchannel = 1\nvolts = 5\nlimit_a = 0.5\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        'address = "x"',
        f"address = 1\n{GOOD}",
        f'address = "x"\ncolour = 1\n{GOOD}',
        f'address = "x"\n{GOOD}{GOOD}',
        f'address = "x"\n{GOOD}amps = 3\n',
        'address = "x"\n[[output]]\nchannel = 1\nvolts = -5\nlimit_a = 1\n',
        'address = "x"\n[[output]]\nchannel = 1\nvolts = 5\nlimit_a = 0\n',
        'address = "x"\n[[output]]\nchannel = 1.5\nvolts = 5\nlimit_a = 1\n',
        'address = "x"\n[[output]]\nchannel = 1\nvolts = "5"\nlimit_a = 1\n',
        "address = ",
    ],
)
def test_mistakes_in_a_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "supply.toml"
    path.write_text(text)
    with pytest.raises(DataError, match="docs/instruments.md has the keys|Give a TOML file"):
        SupplyFile.load(path)
