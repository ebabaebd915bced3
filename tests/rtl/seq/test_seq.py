"""The sequencer, with memory, vector unit, carrier and host played around it."""

from __future__ import annotations

from tests.rtl.runner import run


def test_seq() -> None:
    run("ohm_seq", ["ohm_seq.sv"], ["tests.rtl.seq.tb_seq_programs", "tests.rtl.seq.tb_seq_endings"])
