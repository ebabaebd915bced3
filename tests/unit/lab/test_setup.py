"""What a command works with: each part of it is read once, and only when it is needed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ohmbench.bench.base import Limits
from ohmbench.bench.opening import SimulatedArray
from ohmbench.errors import DataError, FaultError, UsageError
from ohmbench.isa import assemble
from ohmbench.lab.settings import Settings
from ohmbench.lab.setup import Setup
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.record.store import Store

QUIET = Progress(quiet=True)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The records that were opened."""
    paths: list[Path] = []
    really = Store.open.__func__  # type: ignore[attr-defined]

    def counted(cls: type[Store], path: Path, **options: Any) -> Any:
        paths.append(path)
        return really(cls, path, **options)

    monkeypatch.setattr(Store, "open", classmethod(counted))
    return paths


def test_a_setup_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Setup("twin").port = "sim"  # type: ignore[misc]


def test_the_record_is_opened_once_for_wear_and_calibration(tmp_path: Path, opened: list[Path]) -> None:
    setup = Setup("twin", array=SimulatedArray(file=tmp_path / "chip.ohma"), serial="chip", lab=tmp_path)
    with setup.record(QUIET) as record, setup.bench(QUIET, record.store):
        assert record.ledgered is not None
        assert opened == [tmp_path / "record.sqlite"]


def test_a_record_is_not_made_for_looking_something_up(tmp_path: Path, opened: list[Path]) -> None:
    setup = Setup("twin", array=SimulatedArray(file=tmp_path / "chip.ohma"), serial="chip", lab=tmp_path)
    with setup.record_if_there() as record, setup.bench(QUIET, record.store):
        assert (record.store, record.ledgered) == (None, None)
    assert opened == []


def test_an_array_that_the_record_does_not_know_opens_it_once_too(tmp_path: Path, opened: list[Path]) -> None:
    with Store.open(tmp_path / "record.sqlite"):
        opened.clear()
    setup = Setup("twin", array=SimulatedArray(file=tmp_path / "chip.ohma"), serial="chip", lab=tmp_path)
    with setup.record_if_there() as record, setup.bench(QUIET, record.store):
        assert record.store is not None
        assert record.ledgered is None
    assert len(opened) == 1


def test_settings_are_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def load(*_: object) -> Settings:
        loaded.append(1)
        return Settings(supply=tmp_path / "supply.toml", lab=tmp_path)

    monkeypatch.delenv("OHMBENCH_LAB", raising=False)
    monkeypatch.setattr(Settings, "load", load)
    setup = Setup("/dev/nothing")
    assert loaded == []
    assert setup.supply() == tmp_path / "supply.toml"
    assert setup.record_path == tmp_path / "record.sqlite"
    setup.carrier()
    assert loaded == [1]


def test_a_damaged_carrier_file_is_said_before_a_damaged_record(tmp_path: Path) -> None:
    (tmp_path / "record.sqlite").write_bytes(b"no record")
    (tmp_path / "carrier.toml").write_text("rows = [1]\n")
    with pytest.raises(DataError, match="rows does not name each"):
        Setup("twin", carrier_file=tmp_path / "carrier.toml", lab=tmp_path).carrier()


def test_damaged_settings_do_not_keep_a_bench_on() -> None:
    def damaged() -> Settings:
        raise UsageError("damaged")

    with Setup("twin", damaged).bare_bench(QUIET) as bench:
        bench.safe()


def test_options_go_before_the_settings(tmp_path: Path) -> None:
    settings = Settings(supply=tmp_path / "other.toml")
    assert Setup("/dev/nothing", lambda: settings, supply_file=tmp_path / "own.toml").supply() == tmp_path / "own.toml"
    assert Setup("twin", lambda: settings).supply() is None


@pytest.mark.parametrize("port", ["sim", "twin"])
def test_a_serial_number_needs_an_array_that_is_kept(port: str) -> None:
    with pytest.raises(UsageError, match="--serial W3: this simulated array ends with the command"):
        Setup(port, serial="W3")


def test_reads_of_every_command_are_added_to_the_array(tmp_path: Path) -> None:
    setup = Setup("twin", array=SimulatedArray(file=tmp_path / "a.ohma"), serial="A", lab=tmp_path)
    with setup.bench(QUIET) as bench:
        read_array(bench, Recipe())  # nobody to add it to
    with setup.record(QUIET) as record, setup.bench(QUIET, record.store) as bench:
        assert record.ledgered is not None
        record.ledgered.register(bench.info)
        read_array(bench, Recipe())
    left_on = assemble("lines read, m0, m0, m0\nagain: jmp again")
    with (
        setup.bench(QUIET) as bench,
        pytest.raises(FaultError, match="fault read_time"),
        bench.armed(Limits({}, 0.0, 0, read_ms=20), {}),
    ):
        bench.execute(left_on, {})
    with setup.record_if_there() as record:
        assert record.store is not None
        array = record.store.known_array("A")
    assert array.reads == 32
    assert 20_000 < array.read_us < 20_300
