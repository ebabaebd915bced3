"""The carrier's drivers on the models of its chips, and the models by themselves."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from tests.rtl.carrier.timing import pattern
from tests.rtl.runner import REPO, run

from ohmbench.tables import COLUMNS, ROWS, Mode

HERE = Path("tests/rtl/carrier")
CHIPS = ("parts_pkg", "model_pkg", "spi_checker", "ad5686r", "adg1414", "ltc2320")
MODELS = [*(f"sim/chips/{chip}.sv" for chip in CHIPS), "sim/carrier_board.sv"]
RTL = [f"ohm_{name}.sv" for name in ("clk_gate", "spi_dac", "spi_switch", "spi_adc", "pulse", "carrier")]
RECORDER = [str(HERE / "recorder.c")]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OHM_RECORD", str(tmp_path / "calls"))
    monkeypatch.setenv("OHM_EXPECT", str(tmp_path / "expect"))
    (tmp_path / "expect").touch()
    return tmp_path


def test_carrier() -> None:
    run("carrier_tb", [*RTL, *MODELS, HERE / "carrier_tb.sv"], "tests.rtl.carrier.tb_carrier", extra=RECORDER)


def test_models_report_what_breaks_a_rule(files: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run("carrier_board", MODELS, "tests.rtl.carrier.tb_board", extra=RECORDER)
    lines = capfd.readouterr().out.splitlines()
    reports = [line.partition("ohmbench model error: ")[2] for line in lines if "ohmbench model error: " in line]
    expected = (files / "expect").read_text().splitlines()
    assert sorted(report.rpartition(", in clock ")[0] for report in reports) == sorted(expected)
    untested = [rule for rule in rules_of_the_models() if not any(re.search(rule, e) for e in expected)]
    assert not untested


def rules_of_the_models() -> list[str]:
    """The texts of all reports in the models' sources, as regular expressions."""
    sources = "".join(re.sub("//.*", "", (REPO / path).read_text()) for path in MODELS)
    texts = set(re.findall(r'"([^"]+)"', sources)) - {"DPI-C", "%m", "carrier_board"}
    rules = [text for text in texts if not text.startswith("ohmbench model error")]
    assert len(rules) >= 30
    return [re.sub("%0?[db]", "[0-9]+", rule) + "$" for rule in rules]


def test_patterns_connect_each_line_once() -> None:
    """The table behind the other tests: in each mode every row and column has exactly one source."""
    rng = random.Random(5)
    for mode in (Mode.READ, Mode.SET, Mode.RESET):
        for _ in range(100):
            bus, *groups = pattern(mode, rng.getrandbits(32), rng.getrandbits(32), rng.getrandbits(32))
            assert bus.bit_count() == 2
            lines = (ROWS, ROWS, min(COLUMNS, 16), max(COLUMNS - 16, 0))
            for count, bits, group in zip(lines, (2, 2, 4, 4), groups, strict=True):
                assert group >> count * bits == 0
                for first in range(0, count * bits, bits):
                    assert (group >> first & (1 << bits) - 1).bit_count() == 1
