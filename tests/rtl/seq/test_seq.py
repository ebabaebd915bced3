"""The sequencer, with memory, vector unit, carrier and host played around it."""

from __future__ import annotations

from runner import run


def test_seq() -> None:
    run("ohm_seq", ["ohm_seq.sv"], ["tb_seq_programs", "tb_seq_endings"])
