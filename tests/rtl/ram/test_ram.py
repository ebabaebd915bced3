"""The memories against a list of words."""

from __future__ import annotations

import pytest
from tests.rtl.runner import run


@pytest.mark.parametrize("lanes", [1, 2])
def test_ram(lanes: int) -> None:
    run("ohm_ram", ["ohm_ram.sv"], "tests.rtl.ram.tb_ram", parameters={"Lanes": lanes, "LaneWidth": 16, "Depth": 16})


def test_ram_tdp() -> None:
    run(
        "ohm_ram_tdp",
        ["ohm_ram_tdp.sv"],
        "tests.rtl.ram.tb_ram_tdp",
        parameters={"Lanes": 2, "LaneWidth": 16, "Depth": 16},
    )
