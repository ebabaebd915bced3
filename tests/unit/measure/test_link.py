"""What measuring a board's link, and replaying a trace, do to its array: nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.unit.link.on_pty import Board, Pty

from ohmbench.cli import main
from ohmbench.errors import UsageError
from ohmbench.measure import link as measure_link
from ohmbench.measure.link import FAST, SLOW, codec_ratio, link_speed, paced_cpu_s
from ohmbench.measure.paced_line import BYTES_A_S, paced_link
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


def test_the_stand_in_takes_a_stream_at_the_lines_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure_link, "_BYTES", {FAST: 256 << 10})
    begun_s = time.monotonic()
    cpu_s = paced_cpu_s(Progress(quiet=True))
    passed_s = time.monotonic() - begun_s
    assert passed_s > (256 << 10) / BYTES_A_S  # no quicker than the line
    assert 0 < cpu_s * (256 << 10) < passed_s


def test_the_stand_in_answers_as_a_board() -> None:
    with paced_link(FAST) as link:
        assert link.info.memory_vectors == 256
        assert not link.status().running
        assert link.read_vectors(3, 1).tolist() == [[0] * 32]


@pytest.mark.parametrize("port", ["twin", "/dev/ttyUSB0"])
def test_no_trace_is_replayed_on_a_board(port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = tmp_path / "bench.trace"
    trace.write_text("")
    assert main(["replay", str(trace), "--port", port]) == UsageError.exit_code
    assert "Nothing was sent to the array" in capsys.readouterr().err
