"""The FPGA's end of the link: see tb_link.py and tb_resync.py; and the watchdog behind it: see tb_watchdog.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.rtl.runner import REPO, run

from ohmbench import testing
from ohmbench.support.rtl import rtl_files

PARAMETERS = {"DefaultBaud": 3_000_000, "TicksPerMs": 40, "RetryTicks": 20_000}


def test_link() -> None:
    modules = ["ohm_ram", "ohm_uart_rx", "ohm_uart_tx", "ohm_cobs_dec", "ohm_cobs_enc", "ohm_crc32"]
    modules += ["ohm_frame_reader", "ohm_frame_mux"]
    modules += [path.stem for path in rtl_files(REPO) if path.stem.startswith("ohm_link")]
    run("ohm_link", [f"{m}.sv" for m in modules], ["tests.rtl.link.tb_link", "tests.rtl.link.tb_resync"], PARAMETERS)


@pytest.mark.slow  # builds the whole bench
def test_watchdog(tmp_path: Path) -> None:
    testing.run("tests.rtl.link.tb_watchdog", tmp_path)
