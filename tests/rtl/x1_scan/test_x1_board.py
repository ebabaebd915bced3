"""The models of the X1's scan port and of its board, by themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.rtl.runner import REPO, run

HERE = Path("tests/rtl/x1_scan")
CHIPS = ("parts_pkg", "model_pkg", "spi_checker", "ad5686r", "ltc2320")
OWN = ["sim/x1_scan/neuromorphic_x1.sv", "sim/x1_scan/x1_board.sv"]


def test_models_report_what_breaks_a_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    expect = tmp_path / "expect"
    monkeypatch.setenv("OHM_RECORD", str(tmp_path / "calls"))
    monkeypatch.setenv("OHM_EXPECT", str(expect))
    expect.touch()
    sources = [*(f"sim/chips/{chip}.sv" for chip in CHIPS), *OWN]
    run("x1_board", sources, "tests.rtl.x1_scan.tb_x1_board", extra=[str(HERE / "recorder.c")], carrier="x1_scan")
    lines = capfd.readouterr().out.splitlines()
    reports = [line.partition("ohmbench model error: ")[2] for line in lines if "ohmbench model error: " in line]
    expected = expect.read_text().splitlines()
    assert sorted(report.rpartition(", in clock ")[0] for report in reports) == sorted(expected)
    rules = set(re.findall(r'fail\("([^"]+)"\)', "".join((REPO / path).read_text() for path in OWN)))
    assert len(rules) >= 14
    assert {rule for rule in rules if not any(rule in line for line in expected)} == set()
