"""What a command reserved comes back when the bench was given no program that could pulse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.random_networks import random_compressed

from ohmbench.cli.main import main
from ohmbench.errors import ArrayState, LinkError
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.twin import Twin
from ohmbench.record.store import Store
from ohmbench.tables import Register

COMMANDS = {
    "program": ["program", "IMAGE", "--only", "0"],
    "form": ["form"],
    "characterise": ["characterise"],
    "experiment": ["experiment", "pulse-train", "--cells", "1,1:2,2"],
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    made = random_compressed(np.random.default_rng(1), [64, 10])
    map_compressed(made).save(tmp_path / "random.ohmw")
    return tmp_path / "random.ohmw"


def fails_at(monkeypatch: pytest.MonkeyPatch, when: Callable[[int, int], bool]) -> None:
    """The link is lost at this write of a register: register and value."""
    real = Twin.write_register

    def write(twin: Twin, register: int, value: int) -> bool:
        if when(register, value):
            raise LinkError("lost.", array=ArrayState.GOES_OFF)
        return real(twin, register, value)

    monkeypatch.setattr(Twin, "write_register", write)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_link_that_is_lost_before_the_first_program(
    name: str, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_at(monkeypatch, lambda register, value: register == Register.PULSE_BUDGET and value > 0)
    words = [str(image) if word == "IMAGE" else word for word in COMMANDS[name]]
    line = [*words, "--port", "twin", "--array", str(tmp_path / "A.ohma"), "--lab", str(tmp_path), "--quiet"]
    for _ in range(2):
        assert main(line) == LinkError.exit_code
    with Store.open(tmp_path / "record.sqlite") as store:
        assert not store.wear("A").total.any()
        assert {run.most_pulses for run in store.runs("A")} == {0}
        store.check()


def test_what_may_have_been_pulsed_stays_charged(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, real_write = Twin.run, Twin.write_register
    budgets: list[int] = []
    runs: list[int] = []

    def write(twin: Twin, register: int, value: int) -> bool:
        if register == Register.PULSE_BUDGET:
            runs.clear()
            budgets.append(value)
        return real_write(twin, register, value)

    def run(twin: Twin, *args: object, **named: object) -> object:
        runs.append(budgets[-1])
        if runs[1:] and budgets[-1]:  # after that of the rails
            raise LinkError("lost.", array=ArrayState.GOES_OFF)
        return real(twin, *args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Twin, "write_register", write)
    monkeypatch.setattr(Twin, "run", run)
    line = ["form", "--port", "twin", "--array", str(tmp_path / "A.ohma"), "--lab", str(tmp_path), "--quiet"]
    assert main(line) == LinkError.exit_code
    with Store.open(tmp_path / "record.sqlite") as store:
        assert store.wear("A").reserved.any()
