"""Progress where stderr is no terminal: a line every ten seconds, with the share and the time that is left."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench import progress as module
from ohmbench.progress import Progress, Work, duration


class Clock:
    """In place of time.monotonic."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.removeprefix("ohmbench: ") for line in capsys.readouterr().err.splitlines()]


def test_a_line_every_ten_seconds_whatever_the_work_is_called(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    progress = Progress()
    for step in range(26):
        progress(f"read {step % 2}", 10 * step, 500)
        clock.now += 1.0
    assert len(said(capsys)) == 3


def test_work_is_weighed_by_what_it_takes_and_not_by_its_count(
    capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    """Two arrays: programming takes 8 s each, inputs 12 s each. Half of the whole is after the first one."""
    progress = Progress()
    progress.expect("infer", [Work(r"program \d", 2 * 32, 0.25), Work(r"tile \d", 2 * 100, 0.12)])
    for array in range(2):
        for row in range(4, 33, 4):
            clock.now += 1.0
            progress(f"program {array}", row, 32)
        for inputs in range(25, 101, 25):
            clock.now += 3.0
            progress(f"tile {array}", inputs, 100)
    found = [re.match(r"infer: (\d+) %, (?:(.*) left, )?(.*)", line) for line in said(capsys)]
    assert [match and match.groups() for match in found] == [
        ("2", "39 s", "program 0: 4 of 32"),
        ("28", "29 s", "tile 0: 25 of 100"),
        ("52", "19 s", "program 1: 4 of 32"),
        ("78", "9 s", "tile 1: 25 of 100"),
    ]


def test_steps_that_grow(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    """As those of endurance: the half of the steps is not the half of the time; a run goes on after two of them."""
    progress = Progress()
    steps = [1.0, 2.0, 4.0, 8.0, 16.0]
    progress.expect("endurance", [Work("endurance", 5, steps=steps)], before=2)
    for number in (2, 3, 4):
        clock.now += 10.0 + steps[number]  # the bench is slower than the estimate in each by as much
        progress("endurance", number + 1, 5)
    assert said(capsys)[0].startswith("endurance: 23 %")
    clock.now = 100.0
    other = Progress()
    other.expect("endurance", [Work("endurance", 5, steps=steps)], before=2)
    clock.now += 4.0
    other("endurance", 3, 5)
    assert said(capsys) == ["endurance: 23 %, 24 s left, 3 of 5"]


def test_a_piece_that_is_left_early_or_done_again_counts_once(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    """The last rows of an array may have no cell; a training is called with its epochs as they begin."""
    progress = Progress()
    progress.expect("compress", [Work("training", 8)])
    for _training in range(2):
        for epoch in range(4):
            progress("training", epoch, 4)
            clock.now += 10.0
    assert [line.split(" %")[0] for line in said(capsys)] == [f"compress: {round(12.5 * i)}" for i in range(8)]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), max_size=30))
def test_a_share_never_falls_nor_leaves_the_whole(calls: list[tuple[str, int]]) -> None:
    whole = module._Whole("w", [Work("a", 20, 2.0), Work("b", 5, steps=[1, 2, 3, 4, 5])])
    before = 0.0
    for name, done in calls:
        whole.take(name, done, 9)
        assert before <= whole.share <= 1.0
        before = whole.share


def test_what_is_not_of_the_whole_is_shown_and_counts_nothing(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    progress = Progress()
    progress.expect("program", [Work("rows", 32)])
    clock.now += 20.0
    progress("rest, seconds", 5, 10)
    assert said(capsys) == ["program: 0 %, rest, seconds: 5 of 10"]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=True) as quiet:
        quiet.expect("c", [Work("a", 2)])
        quiet("a", 1, 2)
        quiet.say("b")
    assert said(capsys) == []


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 59.4, 59.6, 200, 7500)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "3 min 20 s",
        "2 h 5 min",
    ]


def test_what_passes_before_a_piece_belongs_to_pieces(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    """Five arrays, each prepared in 5 s and programmed in 10 s: in the midst of one there is no start in the rest."""
    progress = Progress()
    progress.expect("program", [Work(r"program \d", 5 * 10, 1.0)])
    for array in range(5):
        clock.now += 5.0
        for row in range(1, 11):
            clock.now += 1.0
            progress(f"program {array}", row, 10)
    lines = said(capsys)
    assert lines[1:] == [
        "program: 22 %, 54 s left, program 1: 1 of 10",  # 21 of 75 s
        "program: 42 %, 39 s left, program 2: 1 of 10",
        "program: 62 %, 24 s left, program 3: 1 of 10",
        "program: 82 %, 9 s left, program 4: 1 of 10",
    ]


def test_what_is_done_once_does_not_come_again(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    progress = Progress()
    progress.expect("compress", [Work("training", 6 * 10, 1.0)])
    for training in range(6):
        clock.now += 30.0 if training == 1 else 0.0  # a library is loaded
        for epoch in range(11):
            clock.now += 1.0
            progress("training", epoch, 10)
    lines = said(capsys)
    assert "compress: 48 %, 34 s left, training: 9 of 10" in lines  # 66 s in all without the library


def test_a_log_does_not_end_below_the_whole(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    """The last line of a log was of up to ten seconds before the end, and cells that need no second try are no work."""
    with Progress() as progress:
        progress.expect("program", [Work("rows", 32), Work("again", 2)])
        for row in range(1, 33):
            clock.now += 1.0
            progress("rows", row, 32)
        assert said(capsys)[-1].startswith("program: 91 %")
        progress.end()
        assert said(capsys) == ["program: 100 %, 32 s in all"]
    assert said(capsys) == []


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_only_what_came_to_its_end_is_whole(
    error: type[BaseException] | None, capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    with suppress(KeyboardInterrupt), Progress() as progress:
        progress("rows", 1, 32)
        clock.now += 8.0
        if error is not None:
            raise error
    assert said(capsys)[1:] == ([] if error else ["rows: 100 %, 8 s in all"])


def test_the_same_work_again_begins_again(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    """As a tile that test images pass, and training images after them."""
    progress = Progress()
    progress("tile 5/5", 360, 360)
    clock.now += 10.0
    progress("tile 5/5", 500, 1000)
    assert said(capsys) == ["tile 5/5: 100 %, 360 of 360", "tile 5/5: 50 %, 500 of 1000"]


def test_nothing_is_said_of_work_that_was_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress.expect("sweep", [Work("points", 0)])
    assert said(capsys) == []
