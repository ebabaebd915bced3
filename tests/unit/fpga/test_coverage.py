"""Verilator's counts, as tests/rtl/coverage.py reads them."""

from __future__ import annotations

from pathlib import Path

from tests.rtl import coverage


def point(count: int, **keys: str) -> str:
    return "C '" + "".join(f"\x01{key}\x02{value}" for key, value in keys.items()) + f"' {count}\n"


def test_counts_of_several_runs_add_up(tmp_path: Path) -> None:
    mux = {"f": "/somewhere/fpga/rtl/ohm_frame_mux.sv"}
    first = point(2, **mux, l="32", page="v_line/ohm_frame_mux", S="32-34,36")
    first += point(0, **mux, l="38", page="v_branch/ohm_frame_mux", o="if", S="38-39")
    first += point(1, **mux, l="10", page="v_toggle/ohm_frame_mux", o="data[0]:0->1")
    first += point(0, **mux, l="10", page="v_toggle/ohm_frame_mux", o="data[0]:1->0")
    second = point(3, **mux, l="38", page="v_branch/ohm_frame_mux", o="else")
    second += point(9, f="sim/carrier_board.sv", l="1", page="v_line/carrier_board")
    for name, text in (("a.dat", first), ("b.dat", second)):
        (tmp_path / name).write_text("# SystemC::Coverage-3\n" + text)
    modules = coverage.read(sorted(tmp_path.glob("*.dat")))
    assert list(modules) == ["ohm_frame_mux.sv"]
    assert dict(modules["ohm_frame_mux.sv"].lines) == {32: 2, 33: 2, 34: 2, 36: 2, 38: 3, 39: 0}
    assert coverage.percent(modules["ohm_frame_mux.sv"].toggles.values()) == 50
