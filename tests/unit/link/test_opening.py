"""Opening and closing a session: the right device, the wrong one, none at all, and the way to another rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench._tables import FrameType
from ohmbench.errors import LinkError, OhmbenchError, ProtocolError, UsageError
from ohmbench.link import Link, MockTransport
from ohmbench.link.codec import Frame, encode_frame

from .fpga_model import SPIN, Clock, bench, linked


def answering(answer: Callable[[bytes], bytes]) -> tuple[MockTransport, Clock]:
    clock = Clock()

    def sleep(timeout_s: float) -> None:
        clock.now += timeout_s

    return MockTransport(answer, sleep), clock


def test_a_silent_device_is_no_bench() -> None:
    transport, clock = answering(lambda data: b"")
    start = clock()
    with pytest.raises(LinkError, match="nothing answers on mock"):
        Link(transport, clock=clock)
    assert clock() - start < 5
    assert transport.closed


@pytest.mark.parametrize(
    "answer",
    [
        lambda data: b"\r\nlogin: ",
        lambda data: data,  # a loopback plug
        lambda data: b"\0\0\0" * len(data),
        lambda data: encode_frame(Frame(FrameType.STATE)),
        lambda data: bytes(range(256)),
    ],
)
def test_another_device_is_told_from_a_bench(answer: Callable[[bytes], bytes]) -> None:
    transport, clock = answering(answer)
    start = clock()
    with pytest.raises(ProtocolError, match="something answers on mock, but it is no ohmbench"):
        Link(transport, clock=clock)
    assert clock() - start < 5
    assert transport.closed


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=20))
def test_no_answer_to_hello_does_more_than_raise_our_errors(answers: list[bytes]) -> None:
    left = list(answers)
    transport, clock = answering(lambda data: left.pop() if left else b"")
    with pytest.raises(OhmbenchError):
        Link(transport, clock=clock)


@pytest.mark.parametrize(("version", "older"), [(0, "gateware"), (2, "host software")])
def test_another_version_says_what_to_update(version: int, older: str) -> None:
    model, line, clock = bench()
    model.version = version
    with pytest.raises(ProtocolError, match=f"version {version}.*Update the {older}"):
        Link(line, clock=clock)
    assert line.closed


def test_another_magic_is_no_bench() -> None:
    model, line, clock = bench()
    model.magic = b"OHMC"
    with pytest.raises(ProtocolError, match="is no ohmbench"):
        Link(line, clock=clock)


@pytest.mark.parametrize("baud", [921_600, 1_000_000, 3_000_000, 12_000_000])
def test_the_rate_goes_up_and_back_on_close(baud: int) -> None:
    link, model, line, _ = linked(baud=baud)
    assert link.baud == baud
    assert model.baud == pytest.approx(baud, rel=0.02)
    link.write_program(0, [1, 2, 3])
    link.close()
    assert (line.baud, model.baud) == (115200, 115200)
    assert line.closed


def test_a_line_that_is_too_slow_stays_at_the_default_rate() -> None:
    model, line, clock = bench()
    model.highest_baud = 1_000_000
    link = Link(line, baud=3_000_000, clock=clock)
    assert (link.baud, model.baud) == (115200, 115200)
    link.write_program(0, [1, 2, 3])


def test_a_lost_acknowledge_of_the_new_rate_is_survived() -> None:
    model, line, clock = bench()
    real = model.tick
    lost: list[bytes] = []

    def lose_first() -> bytes:
        data = real()
        if model._baud_after_ack is not None and not lost:
            lost.append(data)
            return b""
        return data

    model.tick = lose_first  # type: ignore[method-assign]
    link = Link(line, baud=3_000_000, clock=clock)
    assert lost
    assert (link.baud, model.baud) == (3_000_000, 3_000_000)


@pytest.mark.parametrize("baud", [0, -1, 230_400, 7_000_000, 10_300_000, 20_000_000])
def test_a_rate_that_the_clock_does_not_divide_to_is_refused(baud: int) -> None:
    _, line, clock = bench()
    with pytest.raises(UsageError, match="Rates that fit: 12000000, 6000000"):
        Link(line, baud=baud, clock=clock)
    assert line.closed


@pytest.mark.parametrize("baud", [1_000_000, 12_000_000])
def test_an_fpga_left_at_a_fast_rate_is_brought_back(baud: int) -> None:
    model, line, clock = bench()
    model.baud = baud
    assert Link(line, clock=clock).info.rows == 32
    assert model.baud == 115200


def test_a_bench_that_is_left_armed_is_fed_while_the_host_waits() -> None:
    link, model, _, clock = linked()
    link.run(SPIN)
    heard: list[float] = []
    real = model.receive
    model.receive = lambda data: (heard.append(clock()), real(data))[1]  # type: ignore[method-assign,func-returns-value]
    with pytest.raises(LinkError):
        list(link.events(5.0))
    gaps = np.diff(heard)
    assert gaps.max() < 0.5 / 2  # half of the watchdog's default


def test_the_trace_sees_both_directions() -> None:
    _, line, clock = bench()
    seen: list[str] = []
    Link(line, clock=clock, trace=lambda way, frame: seen.append(f"{way} {FrameType(frame.type).name}"))
    assert seen == ["tx HELLO", "rx INFO", "tx STATUS", "rx STATE", "tx HELLO", "rx INFO"]
