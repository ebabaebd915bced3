"""Commands of several columns, passed cell by cell."""

from __future__ import annotations

from tests.rtl.runner import run


def test_cells() -> None:
    run("ohm_cells", ["ohm_cells.sv"], "tests.rtl.x1_scan.tb_cells", carrier="x1_scan")
