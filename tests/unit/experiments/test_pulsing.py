"""The host's side of train.useq: what is pulsed, how often, and what is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import UsageError
from ohmbench.experiments.pulsing import Drive, Entry, fire, microamperes, pulses_of, reads_of, require_drivable
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import SimulatedCarrier

EXACT = {"set_d2d": 0.0, "set_c2c": 0.0, "reset_d2d_ln": 0.0, "reset_c2c_ln": 0.0, "gate_d2d_v": 0.0}
EXACT |= {"gate_c2c_v": 0.0, "stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0, "relax_scale": 0.0}
EXACT |= {"wire_bl_ohm": 0.0, "wire_sl_ohm": 0.0, "driver_ohm": 0.0, "sense_ohm": 0.0}


@pytest.fixture
def bench() -> Iterator[TwinBench]:
    with TwinBench(ArrayModel(EXACT)) as bench:
        yield bench


def some_cells() -> np.ndarray:
    chosen = np.zeros((32, 32), np.bool_)
    chosen[3, 4:9] = chosen[7] = chosen[31, 31] = True
    return chosen


@pytest.mark.parametrize("entry", ["read", "set", "reset", "cycle"])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_pulsed_cells_get_so_many_pulses_and_the_chosen_are_read(
    bench: TwinBench, entry: Entry, count: int
) -> None:
    chosen = some_cells()
    pulsed = chosen.copy()
    pulsed[7] = np.arange(32) % 3 == 0
    pulsed[31, 31] = False
    codes = fire(bench, entry, count, Drive(), pulsed, chosen)
    assert codes.shape == (reads_of(entry, count), 32, 32)
    assert np.array_equal(bench.array.pulses(), pulsed * pulses_of(entry, count))
    assert not codes[:, ~chosen.any(axis=1)].any()
    known = bench.array.conductance() * 1e6
    assert np.allclose(Drive().usiemens(codes[-1])[chosen], known[chosen], atol=4, rtol=0.05)
    assert bench.state().armed is False


def test_a_cycle_is_a_set_and_a_reset(bench: TwinBench) -> None:
    chosen = some_cells()
    high, low = Drive().usiemens(fire(bench, "cycle", 3, Drive(), chosen, chosen))
    assert high[chosen].min() > 120
    assert low[chosen].max() < 40
    (again,) = Drive().usiemens(fire(bench, "set", 1, Drive(), chosen, chosen))
    assert np.allclose(again[chosen], high[chosen], atol=5)


def test_units() -> None:
    assert microamperes(np.array([1]))[0] == pytest.approx(125e-6 / 2400 * 1e6)
    assert Drive(read_v=0.1).usiemens(np.array([192])) == pytest.approx(100)


@pytest.mark.parametrize(
    ("drive", "entry"),
    [
        (Drive(set_v=3.6), "set"),
        (Drive(reset_v=-0.1), "reset"),
        (Drive(gate_reset_v=4.9), "cycle"),
        (Drive(read_v=0.36), "read"),
        (Drive(set_us=2000.0), "set"),
        (Drive(reset_us=0.001), "read"),
    ],
)
def test_what_the_carrier_cannot_drive(drive: Drive, entry: Entry) -> None:
    with pytest.raises(UsageError, match="outside the range of rail|A pulse cannot take .* Give 0.021 to 1365 us"):
        require_drivable(drive, entry)


def test_what_is_not_asked_for_does_not_count() -> None:
    require_drivable(Drive(set_v=9.0), "reset")


def test_another_carrier_is_undone() -> None:
    """Lines in another order, gains of 2 % and offsets: the same cells are pulsed, and read as if there were none."""
    rng = np.random.default_rng(1)
    wired = Carrier(rows=rng.permutation(32), columns=rng.permutation(32))
    chosen = some_cells()
    params = EXACT | {"read_noise_relative": 0.0, "read_noise_usiemens": 0.0, "adc_noise_lsb": 0.0}
    found = []
    for carrier, simulated in ((Carrier(), SimulatedCarrier()), (wired, SimulatedCarrier.wired_as(wired))):
        with TwinBench(ArrayModel(params), simulated.open()) as bench:
            bench.carrier = carrier
            found.append(fire(bench, "cycle", 2, Drive(), chosen, chosen)[:, chosen])
            assert np.array_equal(bench.array.pulses(), 4 * chosen)
    assert np.array_equal(*found)
    off = dataclasses.replace(Carrier(), gain=rng.normal(1, 0.02, 32), offset=rng.normal(0, 5, 32))
    with TwinBench(ArrayModel(params)) as bench:
        bench.carrier = off
        read = fire(bench, "read", 1, Drive(), chosen, chosen)[0]
        bench.carrier = Carrier()
        raw = fire(bench, "read", 1, Drive(), chosen, chosen)[0]
    assert np.array_equal(read[chosen], np.rint((raw - off.offset) / off.gain)[chosen])
    assert not np.array_equal(read, raw)
