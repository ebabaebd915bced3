"""Progress where stderr is no terminal: a line now and then, with rate and remaining time."""

from __future__ import annotations

import pytest

from ohmbench import progress as module
from ohmbench.progress import Progress


def test_lines_come_now_and_then_with_rate_and_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    progress = Progress()
    for step in range(13):
        progress("infer", 10 * step, 200)
        now += 1.0
    assert capsys.readouterr().err.splitlines() == [
        "ohmbench: infer: 0 of 200",
        "ohmbench: infer: 50 of 200, 10/s, 15 s left",
        "ohmbench: infer: 100 of 200, 10/s, 10 s left",
    ]


def test_a_new_name_starts_over_and_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress() as progress:
        progress("a", 1, 2)
        progress("b", 1, 2)
    with Progress(quiet=True) as quiet:
        quiet("a", 1, 2)
        quiet.say("b")
    assert capsys.readouterr().err.splitlines() == ["ohmbench: a: 1 of 2", "ohmbench: b: 1 of 2"]
