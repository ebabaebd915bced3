"""Replays of traces: the same FPGA says the same, and another one is found out at the first word."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.unit.link.fpga_model import ECHO, SPIN, TALK, FpgaModel, bench

from ohmbench.errors import DataError, LinkError
from ohmbench.link import Done, Link, RefusedError, Trace, replay
from ohmbench.tables import PROTOCOL_VERSION, Control, FrameError, FrameType, Register

VECTORS = np.random.default_rng(5).integers(0, 256, (300, 32)).astype(np.uint8)
RATES = {"drop": 0.02, "bit": 0.02, "lose": 0.02, "insert": 0.02}


def use(link: Link) -> None:
    """A session with something of everything."""
    link.write_program(0, range(200))
    link.write_vectors(3, np.arange(40 * 32).reshape(40, 32))
    link.read_vectors(3, 40)
    link.write_register(Register.CONTROL, Control.ARM)
    with pytest.raises(RefusedError):
        link.write_register(Register.MAX_WIDTH, 1)
    runs = [link.start(ECHO, [len(VECTORS)], VECTORS), link.start(TALK, [7])]
    for run in runs:
        assert isinstance(list(run.events())[-1], Done)
    link.run(SPIN)
    link.abort()
    link.run(TALK, [2])
    assert len(list(link.events())) == 3


def refusing() -> dict[int, FrameError]:
    return {Register.MAX_WIDTH: FrameError.REFUSED}


def traced(
    path: Path, action: Callable[[Link], None] = use, rates: dict[str, float] | None = None, baud: int = 12_000_000
) -> Path:
    model, line, clock = bench(frames_a_step=2)
    model.refuse = refusing()
    with Trace(path, clock) as trace, Link(line, clock=clock, trace=trace, baud=baud) as link:
        line.rates = rates or {}
        action(link)
        line.rates = {}
    return path


def again(path: Path, change: Callable[[FpgaModel], None] = lambda model: None) -> replay.Outcome:
    model, line, clock = bench(frames_a_step=1)
    model.refuse = refusing()
    change(model)
    return replay.replay(path, line, clock=clock, patience_s=5.0)


@pytest.mark.parametrize("baud", [115200, 12_000_000])
@pytest.mark.parametrize("rates", [{}, RATES])
def test_the_same_fpga_says_the_same(tmp_path: Path, rates: dict[str, float], baud: int) -> None:
    outcome = again(traced(tmp_path / "t", rates=rates, baud=baud))
    assert outcome.difference is None
    assert outcome.compared > 300 * 32 + 9 * 64
    assert outcome.frames_sent > 50
    assert bool(rates) == any(
        re.search("[0-9] damaged pieces? from the FPGA in the trace", note) for note in outcome.notes
    )


def test_a_rate_that_the_traced_line_did_not_carry_is_gone_through_too(tmp_path: Path) -> None:
    model, line, clock = bench()
    model.highest_baud = 2_000_000
    with Trace(tmp_path / "t", clock) as trace, Link(line, clock=clock, trace=trace, baud=6_000_000) as link:
        link.write_vectors(0, np.ones((4, 32), np.uint32))
    assert again(tmp_path / "t").difference is None


def test_results_may_come_in_other_pieces(tmp_path: Path) -> None:
    path = traced(tmp_path / "t")

    def halves(model: FpgaModel) -> None:
        real = model._result

        def result(payload: bytes) -> None:
            real(payload[:20])
            real(payload[20:])

        model._result = result  # type: ignore[method-assign]

    assert again(path, halves).difference is None


def test_another_word_is_the_difference(tmp_path: Path) -> None:
    path = traced(tmp_path / "t")

    def changed(model: FpgaModel) -> None:
        real = model._result
        model._result = (
            lambda payload: real(  # type: ignore[method-assign]
                payload[:4] + b"\xee" + payload[5:] if model.results == 640 else payload
            )
        )

    outcome = again(path, changed)
    assert outcome.difference is not None
    want = int(VECTORS[20, 1])
    assert f"results: the trace has word 641: {want:#010x}, here came word 641: 0x000000ee" in outcome.difference
    assert "line " in outcome.difference


def test_another_answer_is_the_difference(tmp_path: Path) -> None:
    outcome = again(traced(tmp_path / "t"), lambda model: model.refuse.clear())
    assert outcome.difference is not None
    assert "error seq=0 arg=0x6" in outcome.difference


def test_what_does_not_come_is_the_difference(tmp_path: Path) -> None:
    def mute(model: FpgaModel) -> None:
        model._done = lambda why, code=0: None  # type: ignore[method-assign]

    outcome = again(traced(tmp_path / "t"), mute)
    assert outcome.difference is not None
    assert "results: the trace has done seq=0 arg=0x7" in outcome.difference


def test_silence_is_the_difference_in_time(tmp_path: Path) -> None:
    path = traced(tmp_path / "t", lambda link: (link.run(TALK, [3]), list(link.events())))  # type: ignore[func-returns-value]

    def mute(model: FpgaModel) -> None:
        model._done = lambda why, code=0: None  # type: ignore[method-assign]

    outcome = again(path, mute)
    assert outcome.difference is not None
    assert "does not say what comes next within 5 s; the trace has done seq=0" in outcome.difference


def test_a_dead_bench_is_a_difference_from_the_first_line_on(tmp_path: Path) -> None:
    path = traced(tmp_path / "t")
    _, line, clock = bench()
    line.cut = True
    outcome = replay.replay(path, line, clock=clock, patience_s=5.0)
    assert outcome.difference is not None
    assert "does not say its `info` within 5 s" in outcome.difference


def test_noise_before_the_first_answer_does_no_harm(tmp_path: Path) -> None:
    path = traced(tmp_path / "t")
    model, line, clock = bench()
    model.refuse = refusing()
    line.push(b"\xff")
    outcome = replay.replay(path, line, clock=clock, patience_s=5.0)
    assert outcome.difference is None
    assert outcome.notes == ("1 damaged piece from the FPGA here",)


def test_another_build_is_a_note(tmp_path: Path) -> None:
    path = traced(tmp_path / "t", lambda link: link.sync())
    model, line, clock = bench()
    real = model._put
    model._put = lambda kind, seq, arg, payload=b"": real(  # type: ignore[method-assign]
        kind, seq, arg, payload.replace(b"\x7d\xb1", b"\x7e\xb1") if kind == FrameType.INFO else payload
    )
    outcome = replay.replay(path, line, clock=clock)
    assert outcome.difference is None
    assert outcome.notes == ("`info` differs: another build of the gateware, or another array type",)


def test_another_session_is_no_note(tmp_path: Path) -> None:
    path = traced(tmp_path / "t", lambda link: link.sync())
    model, line, clock = bench()
    real, info = model._put, struct.Struct("<4sIIBBBBHHIBB")

    def put(kind: FrameType, seq: int, arg: int, payload: bytes = b"") -> None:
        if kind == FrameType.INFO:
            parts = list(info.unpack(payload))
            parts[9] ^= 0x10  # the session
            payload = info.pack(*parts)
        real(kind, seq, arg, payload)

    model._put = put  # type: ignore[method-assign]
    outcome = replay.replay(path, line, clock=clock)
    assert (outcome.difference, outcome.notes) == (None, ())


def test_a_trace_that_a_lost_link_ended_replays_up_to_there(tmp_path: Path) -> None:
    model, line, clock = bench()
    with Trace(tmp_path / "t", clock) as trace:
        link = Link(line, clock=clock, trace=trace)
        run = link.start(ECHO, [300], VECTORS)
        events = run.events()
        next(events)
        line.cut = True
        with pytest.raises(LinkError):
            list(events)
    assert model.running
    outcome = again(tmp_path / "t")
    assert outcome.difference is None
    assert outcome.compared >= 32


def test_a_damaged_trace_is_refused(tmp_path: Path) -> None:
    path = traced(tmp_path / "t", lambda link: link.sync())
    path.write_text(path.read_text().replace('"seq": 0', '"seq": 1', 3))
    with pytest.raises(DataError, match="not what its bytes say"):
        again(path)


def test_a_trace_of_another_protocol_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = traced(tmp_path / "t")
    monkeypatch.setattr(replay, "PROTOCOL_VERSION", PROTOCOL_VERSION + 1)
    model, line, clock = bench()
    with pytest.raises(DataError, match=f"version {PROTOCOL_VERSION}, ") as refused:
        replay.replay(path, line, clock=clock)
    assert "Nothing was sent to the array." in refused.value.told()
    assert not model.executed
