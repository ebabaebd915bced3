"""A carrier that has a resistance in series with each cell: its codes, and those of a carrier that has none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench import tables as t
from ohmbench.bench.base import codes_per_siemens
from ohmbench.carrier.calibration import Calibration
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import DataError, UsageError
from ohmbench.programming.bands import Bands
from ohmbench.tables import ADC_MAX, COLUMNS, Rail

X1 = Carrier().of_kind("x1_scan")


def read(usiemens: float, read_v: float) -> float:
    """The code of a cell behind the X1's shunt, by Ohm's law."""
    table = t.CARRIERS["x1_scan"]
    amps = read_v / (1e6 / usiemens + table.series_ohm)
    return amps * table.volts_per_amp / t.ADC_LSB_V


@given(st.floats(1.0, 260.0), st.floats(0.1, 1.2))
def test_codes_are_conductances_again(usiemens: float, read_v: float) -> None:
    ideal = usiemens * 1e-6 * codes_per_siemens(read_v)
    code = read(usiemens, read_v)
    assert X1.read_codes(np.array([ideal]), read_v)[0] == pytest.approx(code)
    found = X1.true_codes(np.array([round(code)]), read_v)[0]
    assert abs(found - ideal) < 1.0, "half a code, and what the shunt makes of it"


@given(st.integers(-ADC_MAX, ADC_MAX), st.floats(0.05, 1.2))
def test_any_code_is_some_code(code: int, read_v: float) -> None:
    assert -ADC_MAX <= X1.true_codes(np.array([code]), read_v)[0] <= ADC_MAX


@given(st.lists(st.integers(0, 1100), min_size=2, max_size=8, unique=True), st.integers(0, 20))
def test_bands_hold_the_same_cells(edges: list[int], margin: int) -> None:
    edges = sorted(edges)
    low, high = np.array([0, *edges[:-1]]), np.array([*edges[1:], ADC_MAX])
    none = np.zeros(len(low), np.int64)
    bands = Bands(low, high, margin, none, none)
    inside = bands.as_read(X1, 0.2)
    assert (inside.low[0], inside.high[-1]) == (0, ADC_MAX)
    assert inside.margin <= margin
    for name in ("low", "high"):
        ends = getattr(inside, name)[getattr(bands, name) < ADC_MAX]
        again = X1.true_codes(ends[:, np.newaxis], 0.2)[:, 0]
        assert np.abs(again - getattr(bands, name)[getattr(bands, name) < ADC_MAX]).max(initial=0) <= 2
    assert bands.as_read(Carrier(), 0.2) is bands


def test_ends_beyond_every_code_stay_there() -> None:
    """As `characterise` has them, to drive cells as far as the ramps go."""
    beyond = np.array([-0x10000, 0x10000])
    bands = Bands(beyond, beyond, 0, np.zeros(2, np.int64), np.zeros(2, np.int64)).as_read(X1, 0.2)
    assert bands.low.tolist() == bands.high.tolist() == beyond.tolist()


@given(st.lists(st.floats(-100.0, ADC_MAX), min_size=2, max_size=20), st.floats(0.1, 1.2))
def test_higher_codes_are_higher_there_too(codes: list[float], read_v: float) -> None:
    read = X1.read_codes(np.sort(np.array(codes)), read_v)
    assert (np.diff(read) >= 0).all()


def test_its_ceilings_are_limits() -> None:
    assert X1.limits_v == t.CARRIERS["x1_scan"].rail_max_v
    lower = Carrier(limits_v={**t.RAIL_MAX_V, Rail.BL_SET: 2.0}).of_kind("x1_scan")
    assert lower.limits_v[Rail.BL_SET] == 2.0
    assert X1.self_check
    assert Carrier().of_kind("reference").self_check


def test_a_file_for_another_kind_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "carrier-7.toml"
    file.write_text('name = "carrier 7"\nkind = "x1-scan"\n')
    carrier = Carrier.load(file)
    assert carrier.of_kind("x1_scan").kind == "x1_scan"
    with pytest.raises(UsageError, match="is for the x1-scan carrier, and this bench is built for the reference"):
        carrier.of_kind("reference")
    file.write_text('kind = "x2"\n')
    with pytest.raises(DataError, match="kind is none of reference, x1-scan"):
        Carrier.load(file)


def test_a_calibration_of_another_kind_is_left_out() -> None:
    gain, offset, at = np.full(COLUMNS, 1.05), np.full(COLUMNS, 3.0), datetime.now(UTC)
    of_x1 = Calibration("board", gain, offset, {}, 0.1, "a resistor of 10000 ohm", at, "x1_scan")
    assert Calibration.of_json("board", at, of_x1.as_json()).kind == "x1_scan"
    assert Carrier().calibrated(of_x1).of_kind("x1_scan").gain[0] == 1.05
    other = Carrier().calibrated(of_x1).of_kind("reference")
    assert other.is_even
    assert "with the x1-scan carrier" in str(other.note)
