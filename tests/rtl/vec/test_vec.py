"""The vector unit against numpy."""

from __future__ import annotations

from tests.rtl.runner import run


def test_vec() -> None:
    run("ohm_vec", ["ohm_ram.sv", "ohm_vec.sv"], "tests.rtl.vec.tb_vec")
