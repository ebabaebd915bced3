"""Ordered delivery over a line that loses, repeats and damages frames."""

from __future__ import annotations

import struct

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.link.fpga_model import SLOTS, Clock, FpgaModel, Line, bench

from ohmbench.errors import LinkError
from ohmbench.link.channel import Channel
from ohmbench.link.codec import Frame, encode_frame
from ohmbench.tables import FrameType

KINDS = ["drop", "repeat", "bit", "lose", "insert"]
LONG_S = 1000.0


def greeted(line: Line, clock: Clock) -> Channel:
    channel = Channel(line, clock=clock)
    rates, line.rates = line.rates, {}
    assert channel.greet(1.0) is not None
    line.rates = rates
    channel.begin(SLOTS)
    return channel


def numbered(count: int) -> list[Frame]:
    return [Frame(FrameType.REGISTER, n & 0xFF, 77, struct.pack("<I", n)) for n in range(count)]


def settle(channel: Channel, clock: Clock, model: FpgaModel, replies: int) -> list[Frame]:
    """Pumps until everything has arrived at both ends, within a time that bounds every retry."""
    got: list[Frame] = []
    deadline = clock() + LONG_S
    while (channel.unacknowledged or len(got) < replies) and clock() < deadline:
        channel.pump(clock() + 1.0)
        got += channel.received
        channel.received.clear()
    for _ in range(SLOTS):  # what was acknowledged may wait for its turn
        model.tick()
    return got


def pump_until(channel: Channel, clock: Clock, end: float) -> None:
    while clock() < end:
        channel.pump(end)


@settings(max_examples=40, deadline=None)
@example(1, dict.fromkeys(KINDS, 0.08), 2, 400, 400)
@example(2, {"drop": 0.3}, 10, 300, 300)
@example(3, {"repeat": 0.5, "drop": 0.1}, 1, 300, 300)
@given(
    st.integers(0, 2**32),
    st.dictionaries(st.sampled_from(KINDS), st.floats(0, 0.15)),
    st.integers(1, 10),
    st.integers(0, 400),
    st.integers(0, 400),
)
def test_everything_arrives_once_and_in_order_both_ways(
    seed: int, rates: dict[str, float], frames_a_step: int, sent: int, emitted: int
) -> None:
    model, line, clock = bench(rates, seed, frames_a_step=frames_a_step)
    channel = greeted(line, clock)
    for frame in numbered(sent):
        channel.send(frame)
    for n in range(emitted):
        model.emit(FrameType.RESULT, n, struct.pack("<I", n))
    got = settle(channel, clock, model, emitted)
    assert [frame.payload for frame in model.executed] == [frame.payload for frame in numbered(sent)]
    assert [frame.arg for frame in got] == list(range(emitted))


def test_a_clean_line_needs_no_resend() -> None:
    model, line, clock = bench(frames_a_step=2)
    channel = greeted(line, clock)
    for frame in numbered(1000):
        channel.send(frame)
    settle(channel, clock, model, 0)
    assert len(model.executed) == 1000
    assert channel.resends == 0


def test_never_more_frames_in_flight_than_credits() -> None:
    _, line, clock = bench(frames_a_step=0)
    channel = greeted(line, clock)
    for frame in numbered(50):
        channel.send(frame)
    channel.pump(clock() + 0.02)
    channel.pump(clock() + 0.02)
    assert channel.unsent == 50 - SLOTS
    assert channel.unacknowledged == 50 - SLOTS


def test_a_lost_acknowledge_that_opens_the_window_does_not_stop_the_stream() -> None:
    model, line, clock = bench(frames_a_step=0)
    channel = greeted(line, clock)
    for frame in numbered(SLOTS + 3):
        channel.send(frame)
    channel.pump(clock() + 0.05)
    model.frames_a_step = 100
    model.tick()  # its acknowledge goes nowhere
    settle(channel, clock, model, 0)
    assert len(model.executed) == SLOTS + 3


def test_a_receiver_that_stays_full_is_not_a_damaged_line() -> None:
    model, line, clock = bench(frames_a_step=0)
    channel = greeted(line, clock)
    for frame in numbered(SLOTS + 3):
        channel.send(frame)
    pump_until(channel, clock, clock() + 300)
    model.frames_a_step = 100
    settle(channel, clock, model, 0)
    assert len(model.executed) == SLOTS + 3


def test_a_line_that_goes_dead_ends_in_an_error_in_time() -> None:
    _, line, clock = bench()
    channel = greeted(line, clock)
    line.cut = True
    start = clock()
    with pytest.raises(LinkError, match="no good frame from mock for 5 s"):
        pump_until(channel, clock, start + 60)
    assert clock() - start < 6


def test_frames_that_stay_damaged_end_in_an_error_in_time() -> None:
    model, line, clock = bench()
    channel = greeted(line, clock)
    whole = model.receive
    # Only short frames get through: the line is alive, the frame never arrives.
    model.receive = lambda data: whole(data if len(data) < 100 else b"")  # type: ignore[method-assign]
    channel.send(Frame(FrameType.IMAGE, 0, 0, b"\1" * 256))
    start = clock()
    with pytest.raises(LinkError, match="stays damaged after 20 resends"):
        pump_until(channel, clock, start + 300)
    assert clock() - start < 60


def test_pump_returns_at_its_deadline_and_asks_for_the_state_meanwhile() -> None:
    _, line, clock = bench()
    channel = greeted(line, clock)
    asked: list[bytes] = []
    real = line.write
    line.write = lambda data: (asked.append(data), real(data))[1]  # type: ignore[method-assign,func-returns-value]
    end = clock() + 1.0
    pump_until(channel, clock, end)
    assert end <= clock() <= end + 0.02
    assert set(asked) == {encode_frame(Frame(FrameType.STATUS))}
    assert 8 <= len(asked) <= 10


def test_frames_of_the_session_before_are_not_delivered() -> None:
    model, line, clock = bench()
    channel = greeted(line, clock)
    for n in range(20):
        model.emit(FrameType.RESULT, n)
    line.push(model.tick())
    assert channel.greet(1.0) is not None
    channel.begin(SLOTS)
    model.emit(FrameType.RESULT, 99)
    assert [frame.arg for frame in settle(channel, clock, model, 1)] == [99]


@given(st.lists(st.binary(max_size=200), max_size=20), st.integers(0, 2**32))
def test_noise_between_frames_never_raises(noise: list[bytes], seed: int) -> None:
    model, line, clock = bench()
    channel = greeted(line, clock)
    for frame, dirt in zip(numbered(len(noise)), noise, strict=True):
        channel.send(frame)
        line.push(dirt)
        channel.pump(clock() + 0.1)
    settle(channel, clock, model, 0)
    assert len(model.executed) == len(noise)


def test_a_nak_brings_the_frames_again_at_once() -> None:
    model, line, clock = bench()
    channel = greeted(line, clock)
    line.rates = {"drop": 1.0}
    channel.send(numbered(1)[0])
    channel.pump(clock())
    line.rates = {}
    start = clock()
    channel.send(numbered(2)[1])
    channel.pump(start)  # makes the gap that the other end sees
    channel.pump(start)
    assert [frame.seq for frame in model.executed] == [0, 1]
    assert clock() == start


@pytest.mark.parametrize("seq", [0, 250, 9])
def test_an_acknowledge_out_of_the_window_is_ignored(seq: int) -> None:
    model, line, clock = bench()
    channel = greeted(line, clock)
    for frame in numbered(4):
        channel.send(frame)
    settle(channel, clock, model, 0)
    line.cut = True
    for frame in numbered(4):
        channel.send(frame)
    channel.pump(clock())
    line.push(encode_frame(Frame(FrameType.ACK, seq, 8)))
    channel.pump(clock())
    assert channel.unacknowledged == 4
    line.cut = False
    settle(channel, clock, model, 0)
    assert len(model.executed) == 8
