"""What measuring a board's link, and replaying a trace, do to its array: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.link.on_pty import Board, Pty

from ohmbench.cli import main
from ohmbench.errors import UsageError
from ohmbench.measure import link as measure_link
from ohmbench.measure.link import FAST, SLOW, codec_ratio, link_speed
from ohmbench.progress import Progress
from ohmbench.tables import FrameError, FrameType, Register


def test_a_board_is_measured_without_being_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure_link, "_BYTES", {SLOW: 8 << 10, FAST: 8 << 10})
    monkeypatch.setattr(measure_link, "_share", lambda stream, cycles, baud: 0.5)  # the model's clock stands still
    pty = Pty()
    board = Board(pty)
    board.model.refuse[Register.CONTROL] = FrameError.REFUSED  # so that arming it fails at once
    try:
        figures = link_speed(pty.path, Progress(quiet=True))
    finally:
        board.stop()
        pty.close()
    assert figures.keys() == {
        *("goodput_3M", "goodput_12M", "left_out", "cpu_s_per_MB", "host_share_12M", "codec_ratio"),
    }
    assert "goodput_12M_programming" in figures["left_out"]
    registers = {frame.arg for frame in board.model.executed if frame.type == FrameType.REGISTER}
    assert registers == {Register.BAUD_DIVISOR}
    assert {frame.type for frame in board.model.executed} == {FrameType.REGISTER, FrameType.IMAGE, FrameType.READ}


def test_the_codec_in_c_is_the_quicker_one() -> None:
    assert codec_ratio() > 5  # 14 on a quiet machine


@pytest.mark.parametrize("port", ["twin", "/dev/ttyUSB0"])
def test_no_trace_is_replayed_on_a_board(port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "bench.trace"
    trace.write_text("")
    assert main(["replay", str(trace), "--port", port]) == UsageError.exit_code
    assert "Nothing was sent to the array" in capsys.readouterr().err
