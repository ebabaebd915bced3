"""Opening and closing a session: the right device, the wrong one, none at all, and the way to another rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.link.fpga_model import ECHO, SPIN, Clock, bench, linked

from ohmbench.errors import LinkError, OhmbenchError, ProtocolError
from ohmbench.link import Link, MockTransport
from ohmbench.link.codec import Frame, encode_frame
from ohmbench.tables import PROTOCOL_VERSION, FrameType, Register


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
    with pytest.raises(ProtocolError, match="something answers on mock, but it is not an ohmbench"):
        Link(transport, clock=clock)
    assert clock() - start < 5
    assert transport.closed


@given(st.lists(st.binary(max_size=80), min_size=1, max_size=20))
def test_no_answer_to_hello_does_more_than_raise_our_errors(answers: list[bytes]) -> None:
    left = list(answers)
    transport, clock = answering(lambda data: left.pop() if left else b"")
    with pytest.raises(OhmbenchError):
        Link(transport, clock=clock)


@pytest.mark.parametrize(
    ("version", "older"), [(PROTOCOL_VERSION - 1, "gateware"), (PROTOCOL_VERSION + 1, "host software")]
)
def test_another_version_says_what_to_update(version: int, older: str) -> None:
    model, line, clock = bench()
    model.version = version
    with pytest.raises(ProtocolError, match=f"version {version}.*Update the {older}"):
        Link(line, clock=clock)
    assert line.closed


def test_another_magic_is_no_bench() -> None:
    model, line, clock = bench()
    model.magic = b"OHMC"
    with pytest.raises(ProtocolError, match="is not an ohmbench"):
        Link(line, clock=clock)


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


def test_closing_sends_what_is_queued_and_does_not_wait_long_for_what_cannot_go() -> None:
    for baud in (115200, 3_000_000):
        link, model, line, clock = linked(baud=baud)
        link.write_vectors(0, np.ones((200, 32), np.uint32), wait=False)
        link.close()
        assert len(model.memory) >= 200
        link, model, line, clock = linked(baud=baud)
        link.start(SPIN)
        link.start(SPIN, [1], np.zeros((5000, 32), np.uint8))  # waits for ever
        start = clock()
        link.close()
        assert clock() - start < 3.5
        assert (line.closed, model.baud) == (True, 115200)


def test_an_error_inside_the_session_sends_nothing_more() -> None:
    link, model, _, _ = linked(frames_a_step=1)
    link.write_register(Register.CONTROL, 0)

    def fail() -> None:
        with link:
            link.start(ECHO, [5000], np.zeros((5000, 32), np.uint8))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(model.executed) < 100
