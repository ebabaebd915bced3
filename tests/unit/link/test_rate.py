"""The way to a faster rate: over lines that carry it, half carry it, or lose the wrong frame at the wrong moment."""

from __future__ import annotations

import random

import numpy as np
import pytest
from tests.unit.link.fpga_model import RATE_FALLBACK_S, SPIN, Clock, FpgaModel, Line, bench, linked

from ohmbench.errors import UsageError
from ohmbench.link import Link

SLOW = 115200


class Wires(Line):
    """A line that damages frames above a rate, or in one direction, or at chosen moments."""

    def __init__(self, model: FpgaModel, clock: Clock) -> None:
        super().__init__(model, clock)
        self.good_up_to = 12_000_000
        self.deaf_above = 12_000_000  # the host hears nothing above this rate
        self.lose_to_host = 0  # writes whose answer is lost
        self.delay_s = 0.0
        self.port_limit = 12_000_000

    def set_baud(self, baud: int) -> None:
        if baud > self.port_limit:
            raise UsageError(f"mock cannot do {baud} baud")
        super().set_baud(baud)

    def _damaged(self, data: bytes) -> bytes:
        if self.baud <= self.good_up_to or len(data) < 200:
            return data
        wire = bytearray(data)
        wire[100] ^= 1
        return bytes(wire)

    def _to_host(self, data: bytes) -> bytes:
        data = super()._to_host(data)
        if self.baud > self.deaf_above:
            return b""
        if data and self.lose_to_host:
            self.lose_to_host -= 1
            return b""
        return data


def wired() -> tuple[FpgaModel, Wires, Clock]:
    clock = Clock()
    model = FpgaModel(clock)
    return model, Wires(model, clock), clock


@pytest.mark.parametrize("baud", [921_600, 1_000_000, 3_000_000, 12_000_000])
def test_the_rate_goes_up_and_back_on_close(baud: int, caplog: pytest.LogCaptureFixture) -> None:
    link, model, line, _ = linked(baud=baud)
    assert link.baud == baud
    assert model.baud == pytest.approx(baud, rel=0.02)
    link.write_program(0, [1, 2, 3])
    link.close()
    assert (line.baud, model.baud) == (SLOW, SLOW)
    assert line.closed
    assert not caplog.records


def test_what_is_queued_is_written_before_the_rate_goes_back() -> None:
    link, model, *_ = linked(baud=3_000_000)
    link.write_vectors(0, np.ones((200, 32), np.uint32), wait=False)
    link.close()
    assert len(model.memory) >= 200
    assert model.baud == SLOW


def test_a_line_that_is_silent_above_a_rate_gets_the_next_lower_one(caplog: pytest.LogCaptureFixture) -> None:
    model, line, clock = bench()
    model.highest_baud = 3_000_000
    link = Link(line, baud=12_000_000, clock=clock)
    assert (link.baud, model.baud) == (3_000_000, 3_000_000)
    assert link.read_vectors(0, 2).shape == (2, 32)
    assert [record.message for record in caplog.records] == [
        "mock: tried 12000000 baud (no answer), 6000000 baud (no answer), 4000000 baud (no answer); the link runs at "
        "3000000 baud. A better cable, or one without a hub, may carry more."
    ]


def test_a_rate_that_damages_long_frames_is_not_trusted(caplog: pytest.LogCaptureFixture) -> None:
    _, line, clock = wired()
    line.good_up_to = 4_000_000
    link = Link(line, baud=12_000_000, clock=clock)
    assert link.baud == 4_000_000
    assert "12000000 baud (frames were damaged), 6000000 baud (frames were damaged); the link runs" in caplog.text


def test_a_line_that_is_deaf_at_every_rate_stays_at_the_default(caplog: pytest.LogCaptureFixture) -> None:
    model, line, clock = wired()
    line.deaf_above = SLOW
    start = clock()
    link = Link(line, baud=12_000_000, clock=clock)
    assert (link.baud, model.baud) == (SLOW, SLOW)
    assert caplog.text.count("no answer") == 6
    assert clock() - start < 10
    link.write_program(0, [1, 2, 3])


def test_a_port_that_cannot_do_a_rate_gets_one_that_it_can(caplog: pytest.LogCaptureFixture) -> None:
    model, line, clock = wired()
    line.port_limit = 1_500_000
    link = Link(line, baud=3_000_000, clock=clock)
    assert (link.baud, model.baud) == (1_000_000, 1_000_000)
    assert "3000000 baud (the port cannot do it), 2000000 baud (the port cannot do it)" in caplog.text


@pytest.mark.parametrize("lost", range(1, 12))
def test_any_answer_may_be_lost_on_the_way_up(lost: int) -> None:
    model, line, clock = wired()
    count = 0

    def set_lost(data: bytes) -> bytes:
        nonlocal count
        count += bool(data)
        return b"" if count == lost and data else data

    real = line._to_host
    line._to_host = lambda data: set_lost(real(data))  # type: ignore[method-assign]
    link = Link(line, baud=3_000_000, clock=clock)
    assert link.baud == model.baud
    assert link.baud in (3_000_000, 2_000_000)
    vectors = np.arange(64).reshape(2, 32)
    link.write_vectors(0, vectors)
    assert np.array_equal(link.read_vectors(0, 2), vectors)


@pytest.mark.parametrize("seed", range(30))
def test_both_sides_end_at_the_same_rate_on_a_line_that_loses_a_third(seed: int) -> None:
    model, line, clock = bench()
    dice = random.Random(seed)
    real_out, real_in = line._to_fpga, line._to_host
    line._device = lambda data: real_out(data) if dice.random() > 0.3 else b""
    line._to_host = lambda data: real_in(data) if dice.random() > 0.3 else b""  # type: ignore[method-assign]
    link = Link(line, baud=12_000_000, clock=clock)
    line._device, line._to_host = real_out, real_in  # type: ignore[method-assign]
    assert link.status().running is False
    assert link.baud == model.baud


def test_nothing_is_sent_at_the_new_rate_once_the_fpga_may_have_fallen_back() -> None:
    model, line, clock = wired()
    line.deaf_above = SLOW
    model.highest_baud = SLOW  # nor does the FPGA hear
    sent: list[tuple[float, int]] = []
    real = line.write
    line.write = lambda data: (sent.append((clock(), line.baud)), real(data))[1]  # type: ignore[method-assign,func-returns-value]
    Link(line, baud=1_000_000, clock=clock)
    fast = [when for when, baud in sent if baud != SLOW]
    back = min(when for when, baud in sent if baud == SLOW and when > fast[0])
    assert len(fast) == 4
    assert fast[-1] - fast[0] < RATE_FALLBACK_S - 0.05
    assert back - fast[0] > RATE_FALLBACK_S + 0.05


def test_the_divisor_is_never_sent_twice_in_one_session() -> None:
    model, line, clock = wired()
    line.lose_to_host = 0
    seen: list[int] = []
    real = model._write_register
    model._write_register = lambda frame: (seen.append(frame.seq), real(frame))[1]  # type: ignore[method-assign,func-returns-value]
    real_receive = model.receive

    def receive(data: bytes) -> bytes:
        before = len(seen)
        answer = real_receive(data)
        return b"" if len(seen) > before and len(seen) == 1 else answer  # its acknowledge is lost

    model.receive = receive  # type: ignore[method-assign]
    link = Link(line, baud=3_000_000, clock=clock)
    assert (link.baud, model.baud) == (3_000_000, 3_000_000)
    assert seen == [0, 0]  # the second one of a new session


def test_the_memory_is_as_it_was_after_the_test(caplog: pytest.LogCaptureFixture) -> None:
    for good_up_to in (12_000_000, SLOW):
        model, line, clock = wired()
        line.good_up_to = good_up_to
        model.memory = {at: bytes([at]) * 128 for at in range(256)}
        link = Link(line, baud=12_000_000, clock=clock)
        assert link.baud == good_up_to
        link.sync()
        assert model.memory == {at: bytes([at]) * 128 for at in range(256)}


def test_the_memory_of_a_running_program_is_only_read() -> None:
    link, model, line, clock = linked()
    link.run(SPIN)
    link.close()
    before = len(model.executed)
    again = Link(line, baud=12_000_000, clock=clock)
    assert again.baud == 12_000_000
    assert not [frame for frame in model.executed[before:] if frame.type == 0x81]
    assert model.running


@pytest.mark.parametrize("baud", [0, -1, 230_400, 7_000_000, 10_300_000, 20_000_000])
def test_a_rate_that_the_clock_does_not_divide_to_is_refused(baud: int) -> None:
    _, line, clock = bench()
    with pytest.raises(UsageError, match="Rates that fit: 12000000, 6000000, 4000000, 3000000, 2000000, 1000000"):
        Link(line, baud=baud, clock=clock)
    assert line.closed
