"""Live files: how often, how whole, and how they end."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.report import making

from ohmbench.errors import FaultError, UsageError
from ohmbench.report.live import LiveFile, ProgramReport
from ohmbench.report.program import PassTotals


def wait_for(path: Path, text: str, timeout_s: float = 10.0) -> None:
    end = time.monotonic() + timeout_s
    while text not in path.read_text(encoding="utf-8"):
        assert time.monotonic() < end, f"{text} never came"
        time.sleep(0.01)


def test_a_live_file_follows_its_state(tmp_path: Path) -> None:
    path, said = tmp_path / "run.html", ["first"]
    file = LiveFile(path, lambda: said[-1], 0.01)
    assert path.read_text() == "first"
    said.append("second")
    file.changed()
    wait_for(path, "second")
    said.append("last")
    file.close()
    assert path.read_text() == "last"
    assert [p.name for p in tmp_path.iterdir()] == ["run.html"]


def test_a_live_file_is_written_no_more_often_than_said(tmp_path: Path) -> None:
    written: list[float] = []

    def render() -> str:
        written.append(time.monotonic())
        return "x"

    file = LiveFile(tmp_path / "run.html", render, 0.1)
    end = time.monotonic() + 0.55
    while time.monotonic() < end:
        file.changed()
        time.sleep(0.001)
    during = written.copy()
    file.close()
    assert 2 <= len(during) <= 6
    assert (np.diff(during) >= 0.099).all()


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path, versions = tmp_path / "run.html", [0]

    def render() -> str:
        versions[0] += 1
        return f"<{'x' * 200_000}{versions[0]}>"

    file = LiveFile(path, render, 0.001)
    seen: list[str] = []
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        file.changed()
        text = path.read_text()
        assert text.startswith("<")
        assert text.endswith(">")
        seen.append(text[-8:])
    file.close()
    assert len(set(seen)) > 3


def test_a_file_that_cannot_be_written_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    before = threading.active_count()
    with pytest.raises(UsageError, match="Cannot write the report .* Give a file in a folder"):
        ProgramReport(tmp_path / "no" / "run.html", making.info())
    assert threading.active_count() == before


def test_a_folder_that_goes_away_does_not_stop_the_run(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    report = ProgramReport(folder / "run.html", making.info(), 0.01)
    (folder / "run.html").unlink()
    folder.rmdir()
    report.update(0, making.image())
    time.sleep(0.05)
    report.update(1, making.image())
    with pytest.raises(UsageError, match=r"Cannot write the report .*"):
        report.finish()


def test_report_of_a_run(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    with ProgramReport(path, making.info(), 0.01) as report:
        assert making.Page(path.read_text(encoding="utf-8")).refreshes
        assert "waiting for the first row" in path.read_text(encoding="utf-8")
        done = np.zeros(8, np.bool_)
        done[:3] = True
        report.update(0, making.image(done_rows=done), bench_s=0.001)
        wait_for(path, "image 1 of 5, pass 1 of 1: 3 of 8 rows")
        report.update(0, making.image(), bench_s=0.002)
        report.update(1, making.image(**making.cells(4)), bench_s=0.004)
        report.finish(wear=np.full((8, 8), 7), bench_s=0.005)
    html = path.read_text(encoding="utf-8")
    assert not making.Page(html).refreshes
    assert making.value_of(html, "Bench time") == "5 ms"
    assert making.value_of(html, "Wear") == "7 pulses"
    assert making.value_of(html, "Cells programmed") == "94"


def test_the_callers_arrays_are_copied(tmp_path: Path) -> None:
    made = making.cells()
    with ProgramReport(tmp_path / "run.html", making.info()) as report:
        report.update(0, making.image(**made))
        made["code"][:] = 0
        assert np.count_nonzero(report.state.images[0].converged) == 46


def test_skipped_cells_may_be_outside_of_the_mask(tmp_path: Path) -> None:
    made = making.cells()
    with ProgramReport(tmp_path / "run.html", making.info()) as report:
        report.update(0, making.image(**made))
        report.update(1, making.image(**(made | {"mask": made["mask"] & ~made["skipped"]})))
        first, second = report.state.images.values()
    np.testing.assert_array_equal(first.mask, second.mask)
    np.testing.assert_array_equal(first.programmed, second.programmed)


def test_passes(tmp_path: Path) -> None:
    """A pass counts the cells that got pulses in it, however often it was reported."""
    made: dict[str, Any] = making.cells()
    with ProgramReport(tmp_path / "run.html", making.info()) as report:
        half = np.arange(8) < 4
        report.update(0, making.image(**made, done_rows=half))
        report.update(0, making.image(**made))
        assert report.state.passes[0] == (PassTotals(47, 1),)
        made["set_pulses"] = made["set_pulses"].copy()
        made["set_pulses"][1, 2] += 3
        for done in (half, np.ones(8, np.bool_)):
            report.update(0, making.image(**made, done_rows=done, pass_number=1))
        assert report.state.passes[0] == (PassTotals(47, 1), PassTotals(1, 1))


@pytest.mark.parametrize(
    ("error", "text"),
    [(FaultError("The guard tripped."), "(failed): The guard tripped."), (KeyboardInterrupt(), "(interrupted)")],
)
def test_an_exception_ends_the_page_and_goes_on(tmp_path: Path, error: BaseException, text: str) -> None:
    path = tmp_path / "run.html"

    def run() -> None:
        with ProgramReport(path, making.info()) as report:
            report.update(0, making.image())
            raise error

    with pytest.raises(type(error)):
        run()
    html = path.read_text(encoding="utf-8")
    assert text in html
    assert not making.Page(html).refreshes
