"""Frames to memories, registers and programs, and back: see tb_dispatch.py."""

from __future__ import annotations

from tests.rtl.runner import run

MODULES = ["ohm_ram", "ohm_fifo", "ohm_frame_mux", "ohm_frame_check", "ohm_answer", "ohm_execute", "ohm_collect"]


def test_dispatch() -> None:
    run(
        "ohm_dispatch",
        [f"{m}.sv" for m in [*MODULES, "ohm_dispatch"]],
        "tests.rtl.dispatch.tb_dispatch",
        {"FlushTicks": 300},
    )
