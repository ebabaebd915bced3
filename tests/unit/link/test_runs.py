"""Several runs queued at once: each gets its own results, and what the next one needs crosses meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.unit.link.fpga_model import ECHO, SLOTS, SPIN, TALK, TRIP, linked

from ohmbench.errors import LinkError, UsageError
from ohmbench.link import Done, RefusedError, Result, RunHandle, Why
from ohmbench.tables import FrameError, FrameType


def inputs(count: int, seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 32)).astype(np.uint8)


def words(run: RunHandle) -> NDArray[np.uint32]:
    """The results of a run that halts."""
    *results, done = run.events()
    assert isinstance(done, Done)
    assert done.why is Why.HALT
    assert run.finished
    return np.concatenate([result.words for result in results if isinstance(result, Result)]).reshape(-1, 32)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=12),
    st.integers(1, 5),
    st.dictionaries(st.sampled_from(["drop", "bit", "lose", "insert"]), st.floats(0, 0.08)),
    st.randoms(use_true_random=False),
)
def test_each_run_has_its_own_results_whatever_the_order_of_reading(
    counts: list[int], frames_a_step: int, rates: dict[str, float], dice: object
) -> None:
    link, _, line, _ = linked(frames_a_step=frames_a_step)
    line.rates = rates
    runs = [(link.start(ECHO, [count], inputs(count, n)), count, n) for n, count in enumerate(counts)]
    dice.shuffle(runs)  # type: ignore[attr-defined]
    for run, count, n in runs:
        assert np.array_equal(words(run), inputs(count, n))
    assert list(link.events()) == []


def test_starting_returns_at_once_and_sends_as_much_as_there_is_room_for() -> None:
    link, model, _, clock = linked(frames_a_step=0)
    start = clock()
    runs = [link.start(ECHO, [1000], inputs(1000, n)) for n in range(20)]
    assert clock() == start
    assert link._channel.unsent <= 32  # the rest is not even frames yet
    model.frames_a_step = 3
    for n, run in enumerate(runs):
        assert np.array_equal(words(run), inputs(1000, n))


def test_the_next_image_crosses_while_the_array_is_busy() -> None:
    link, model, _, _ = linked()
    this = link.start(ECHO, [1])  # busy until its vector comes
    link.write_vectors(128, np.ones((SLOTS, 32), np.uint32), wait=False)
    assert not this.over
    assert model.running
    assert set(range(128, 128 + SLOTS)) <= set(model.memory)
    link.send_vectors(inputs(1, 0))
    assert np.array_equal(words(this), inputs(1, 0))


def test_what_waits_behind_a_run_goes_when_its_turn_comes() -> None:
    link, model, _, _ = linked()
    first = link.start(ECHO, [3], inputs(3, 0))
    spin = link.start(SPIN)
    link.start(TALK, [2])
    link.write_vectors(0, np.ones((100, 32), np.uint32), wait=False)
    assert np.array_equal(words(first), inputs(3, 0))
    assert model.running
    assert model.running[0] == SPIN
    assert not spin.over
    assert 99 not in model.memory


def test_a_run_that_ends_early_leaves_the_next_one_its_own_vectors() -> None:
    link, model, _, _ = linked(frames_a_step=1)
    tripped = link.start(TRIP, [], inputs(5000, 0))
    good = link.start(ECHO, [40], inputs(40, 1))
    (done,) = tripped.events()
    assert isinstance(done, Done)
    assert done.why is Why.FAULT
    assert np.array_equal(words(good), inputs(40, 1))
    assert len(model.executed) < 300


def test_a_refused_run_ends_and_the_one_behind_it_goes_on() -> None:
    link, model, _, _ = linked()
    real = model._execute
    model._execute = lambda frame: (  # type: ignore[method-assign]
        FrameError.BAD_ADDRESS if (frame.type, frame.arg) == (FrameType.RUN, 0x99) else real(frame)
    )
    first, refused, last = link.start(TALK, [1]), link.start(0x99), link.start(TALK, [2])
    with pytest.raises(RefusedError, match="outside program or vector memory"):
        list(refused.events())
    assert list(refused.events()) == []
    assert [type(event) for event in first.events()] == [Result, Done]
    assert [type(event) for event in last.events()] == [Result, Result, Done]


def test_abort_ends_all_runs() -> None:
    link, model, _, _ = linked()
    runs = [link.start(SPIN), link.start(ECHO, [9], inputs(9, 0)), link.start(TALK, [1])]
    link.abort()
    assert all(run.over and list(run.events()) == [] for run in runs)
    assert np.array_equal(words(link.start(ECHO, [2], inputs(2, 3))), inputs(2, 3))
    assert [frame.arg for frame in model.executed if frame.type == FrameType.RUN] == [SPIN, ECHO]


def test_events_of_the_link_are_those_of_the_oldest_run_not_read() -> None:
    link, *_ = linked()
    first, second = link.start(TALK, [1]), link.start(TALK, [2])
    assert len(list(second.events())) == 3
    assert len(list(link.events())) == 2
    assert first.finished
    assert list(link.events()) == []


def test_a_lost_link_ends_the_wait_for_a_run() -> None:
    link, _, line, clock = linked()
    run = link.start(ECHO, [10], inputs(10, 0))
    line.cut = True
    waiting = link.start(ECHO, [10], inputs(10, 0))
    start = clock()
    with pytest.raises(LinkError, match="no good frame"):
        list(waiting.events())
    assert clock() - start < 10
    assert not run.finished


@pytest.mark.parametrize("vectors", [np.zeros((3, 31), np.uint8), np.zeros((3, 32), np.int32), np.zeros(32, np.uint8)])
def test_vectors_that_make_no_sense_start_nothing(vectors: NDArray[np.uint8]) -> None:
    link, model, *_ = linked()
    with pytest.raises(UsageError, match="vectors are") as refused:
        link.start(ECHO, [3], vectors)
    assert "Nothing was sent to the array." in refused.value.told()
    link.sync()
    assert not [frame for frame in model.executed if frame.type == FrameType.RUN]
    assert list(link.events()) == []
