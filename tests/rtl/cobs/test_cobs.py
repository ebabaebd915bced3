"""COBS coding and CRC of the link: see tb_cobs.py."""

from __future__ import annotations

from tests.rtl.runner import run

SOURCES = ["ohm_ram.sv", "ohm_cobs_enc.sv", "ohm_cobs_dec.sv", "ohm_crc32.sv", "tests/rtl/cobs/cobs_pair.sv"]


def test_cobs() -> None:
    run("cobs_pair", SOURCES, "tests.rtl.cobs.tb_cobs")
