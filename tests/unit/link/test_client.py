"""The session with a bench, against the model of the FPGA."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.link.fpga_model import ECHO, SPIN, TALK, TRIP, bench, linked

from ohmbench.errors import LinkError, UsageError
from ohmbench.link import Done, Link, RefusedError, Result, Why
from ohmbench.tables import Control, Fault, FrameError, FrameType, Register

# Memories and registers


@pytest.mark.parametrize("count", [0, 1, 2, 3, 256])
def test_vectors_come_back_as_written(count: int) -> None:
    link, *_ = linked()
    vectors = np.random.default_rng(count).integers(-(2**31), 2**31, (count, 32))
    link.write_vectors(0, vectors)
    assert np.array_equal(link.read_vectors(0, count).view(np.int32), vectors)


@pytest.mark.parametrize("count", [1, 64, 65, 1024])
def test_a_program_is_written_word_by_word(count: int) -> None:
    link, model, *_ = linked()
    words = [n * 0x01010101 & 0xFFFFFFFF for n in range(count)]
    link.write_program(0, words)
    assert [model.program[n] for n in range(count)] == words


def test_writes_return_when_they_have_been_executed() -> None:
    link, model, *_ = linked(frames_a_step=1)
    link.write_register(Register.CONTROL, Control.ARM)
    assert model.armed
    assert link.status().armed


@pytest.mark.parametrize(
    "call",
    [
        lambda link: link.write_program(1000, [0] * 25),
        lambda link: link.write_vectors(255, np.zeros((2, 32), np.uint32)),
        lambda link: link.write_vectors(0, np.zeros((2, 31), np.uint32)),
        lambda link: link.write_vectors(0, np.zeros((2, 32))),
        lambda link: link.read_vectors(-1, 1),
        lambda link: link.run(1024),
        lambda link: link.run(0, [0] * 17),
        lambda link: link.send_vectors(np.zeros((1, 32), np.int32)),
        lambda link: link.send_vectors(np.zeros((1, 32), np.uint8)),
    ],
)
def test_what_makes_no_sense_is_refused_before_it_is_sent(call: Callable[[Link], None]) -> None:
    link, model, *_ = linked()
    before = len(model.executed)
    with pytest.raises(UsageError) as refused:
        call(link)
    assert "Nothing was sent to the array." in refused.value.told()
    assert len(model.executed) == before


def test_a_refusal_says_that_nothing_was_executed_and_leaves_the_link_usable() -> None:
    link, model, *_ = linked()
    model.refuse[Register.MAX_WIDTH] = FrameError.REFUSED
    with pytest.raises(RefusedError, match="Nothing of it was executed") as caught:
        link.write_register(Register.MAX_WIDTH, 5)
    assert (caught.value.error, caught.value.frame_type, caught.value.arg) == (
        FrameError.REFUSED,
        FrameType.REGISTER,
        Register.MAX_WIDTH,
    )
    link.write_register(Register.CONTROL, Control.ARM)
    assert model.armed


def test_many_refused_frames_of_one_call_are_one_error() -> None:
    link, model, *_ = linked()
    model.refuse[FrameType.PROGRAM] = FrameError.BUSY
    with pytest.raises(RefusedError, match="not while a program runs"):
        link.write_program(0, [0] * 1024)
    vectors = np.ones((4, 32), np.uint32)
    link.write_vectors(8, vectors)
    assert np.array_equal(link.read_vectors(8, 4), vectors)


def test_a_refused_read_does_not_wait_for_its_data() -> None:
    link, model, *_, clock = linked()
    model.refuse[FrameType.READ] = FrameError.BAD_ADDRESS
    start = clock()
    with pytest.raises(RefusedError, match="outside program or vector memory"):
        link.read_vectors(3, 4)
    assert clock() - start < 1


def test_a_refusal_that_nobody_waited_for_is_raised_by_a_later_call() -> None:
    link, model, *_ = linked()
    model.refuse[Register.MAX_WIDTH] = FrameError.REFUSED
    link.write_register(Register.MAX_WIDTH, 5, wait=False)
    with pytest.raises(RefusedError):
        link.sync()
    link.sync()


# Programs


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_long_stream_flows_out_while_it_flows_in(dtype: type[np.unsignedinteger]) -> None:
    link, *_ = linked(frames_a_step=1)
    count = 3000
    vectors = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (count, 32)).astype(dtype)
    link.run(ECHO, [count])
    link.send_vectors(vectors)
    *results, done = link.events()
    assert isinstance(done, Done)
    assert done.why is Why.HALT
    assert all(isinstance(result, Result) for result in results)
    words = np.concatenate([result.words for result in results if isinstance(result, Result)])
    assert np.array_equal(words.reshape(-1, 32), vectors)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32),
    st.dictionaries(st.sampled_from(["drop", "bit", "lose", "insert"]), st.floats(0, 0.1)),
    st.integers(1, 120),
)
def test_a_program_on_a_bad_line_gives_the_same_results(seed: int, rates: dict[str, float], count: int) -> None:
    link, model, line, _ = linked(frames_a_step=3)
    line.rates, line.random.seed = rates, seed  # type: ignore[assignment]
    vectors = np.random.default_rng(seed).integers(0, 256, (count, 32)).astype(np.uint8)
    link.run(ECHO, [count])
    link.send_vectors(vectors)
    *results, done = link.events()
    assert [frame.type for frame in model.executed if frame.type == FrameType.RUN] == [FrameType.RUN]
    assert np.array_equal(np.concatenate([r.words for r in results if isinstance(r, Result)]).reshape(-1, 32), vectors)
    assert isinstance(done, Done)


def test_events_end_with_the_done_of_each_program_in_turn() -> None:
    link, *_ = linked()
    link.run(TALK, [2])
    link.run(TALK, [3])
    assert [type(event) for event in link.events()] == [Result, Result, Done]
    assert [type(event) for event in link.events()] == [Result, Result, Result, Done]
    assert list(link.events()) == []


def test_results_come_while_memory_is_read() -> None:
    link, *_ = linked()
    link.run(TALK, [40])
    assert link.read_vectors(0, 3).shape == (3, 32)
    assert len(list(link.events())) == 41


def test_a_program_that_ends_early_stops_the_stream_and_says_why() -> None:
    link, model, *_ = linked(frames_a_step=1)
    link.run(TRIP)
    link.send_vectors(np.zeros((5000, 32), np.uint8))
    (done,) = link.events()
    assert isinstance(done, Done)
    assert (done.why, done.fault) == (Why.FAULT, Fault.OVERCURRENT)
    assert len(model.executed) < 200
    link.sync()  # the vectors refused after the end are no error of their own


def test_a_refused_run_leaves_nothing_to_wait_for() -> None:
    link, model, *_ = linked()
    model.refuse[FrameType.RUN] = FrameError.BAD_ADDRESS
    link.run(0)
    with pytest.raises(RefusedError):
        list(link.events())
    assert list(link.events()) == []


def test_abort_ends_the_program_and_what_waits_behind_it() -> None:
    link, model, *_ = linked()
    link.run(SPIN)
    link.run(TALK, [3])
    assert link.status().running
    assert not link.abort().running
    assert list(link.events()) == []
    link.run(TALK, [1])
    assert [type(event) for event in link.events()] == [Result, Done]
    assert [frame.arg for frame in model.executed if frame.type == FrameType.RUN] == [SPIN, TALK]


def test_a_run_that_was_lost_does_not_start_after_an_abort() -> None:
    link, model, line, clock = linked()
    line.cut = True
    link.run(SPIN)
    line.cut = False
    link.abort()
    end = clock() + 3
    while clock() < end:
        link.status()
        clock.now += 0.1
    assert model.running is None


def test_abort_gets_through_a_bad_line() -> None:
    link, model, line, _ = linked()
    link.run(SPIN)
    line.rates = {"drop": 0.5}
    assert not link.abort().running
    assert model.running is None


def test_abort_ends_an_iteration_under_way() -> None:
    link, *_ = linked()
    link.run(TALK, [10])
    seen = 0
    for _event in link.events():
        seen += 1
        link.abort()
    assert seen == 1


def test_a_session_finds_a_program_that_already_runs() -> None:
    link, _, line, clock = linked()
    link.run(SPIN)
    link.close()
    again = Link(line, clock=clock)
    with pytest.raises(LinkError, match="alive, but no event of the program"):
        list(again.events(1.0))
    assert not again.abort().running


def test_the_end_of_an_earlier_program_is_not_taken_for_that_of_ours() -> None:
    link, model, line, clock = linked()
    link.run(SPIN)
    link.close()
    real = model._put_state

    def end_just_now() -> None:
        if model.running:
            model.running = None
            model._done(Why.HALT, 55)
        real()

    model._put_state = end_just_now  # type: ignore[method-assign]
    again = Link(line, clock=clock)
    again.run(ECHO, [1])
    again.send_vectors(np.zeros((1, 32), np.uint8))
    _result, done = again.events()
    assert isinstance(done, Done)
    assert done.code == 7


# Waiting


@pytest.mark.parametrize(
    "call",
    [
        lambda link: link.sync(),
        lambda link: link.status(),
        lambda link: link.abort(),
        lambda link: link.write_program(0, [0] * 1024),
        lambda link: list(link.events()),
        lambda link: list(link.events(math.inf)),
        lambda link: link.send_vectors(np.zeros((5000, 32), np.uint8)),
    ],
)
def test_nothing_waits_for_a_dead_fpga(call: Callable[[Link], object]) -> None:
    link, _, line, clock = linked()
    link.run(SPIN)
    line.cut = True
    start = clock()
    with pytest.raises(LinkError):
        call(link)
    assert clock() - start < 10


@pytest.mark.parametrize("call", [lambda link: list(link.events(7.0)), lambda link: (link.run(TALK), link.sync())])
def test_an_fpga_that_is_alive_but_does_not_get_there_ends_the_wait(call: Callable[[Link], object]) -> None:
    model, line, clock = bench()
    link = Link(line, clock=clock, timeout_s=7.0)
    link.run(SPIN)
    start = clock()
    with pytest.raises(LinkError, match=r"alive, but no .* came within 7 s"):
        call(link)
    assert 6.9 < clock() - start < 9
    assert model.running


def test_a_stream_that_nobody_takes_ends_the_wait() -> None:
    model, line, clock = bench()
    link = Link(line, clock=clock, timeout_s=7.0)
    link.run(SPIN, [65535])
    link.sync()
    model.frames_a_step = 0
    start = clock()
    with pytest.raises(LinkError, match="no room for more frames came within 7 s"):
        link.send_vectors(np.zeros((5000, 32), np.uint8))
    assert clock() - start < 10
