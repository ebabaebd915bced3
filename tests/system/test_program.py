"""Recorded runs as an operator meets them: resumed, repeated, verified, estimated, refused."""

from __future__ import annotations

import json
import re
import resource
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.system.command_line import as_json, command, environment, refused, run

from ohmbench.errors import DataError, ImageError, StoreError, UsageError, WearError
from ohmbench.faults.fault_map import FaultKind, FaultMap
from ohmbench.mapping.image import WeightImage
from ohmbench.model.array import ArrayModel
from ohmbench.operations.run_lines import came_to
from ohmbench.record.names import RunStatus
from ohmbench.record.outcomes import outcomes
from ohmbench.record.store import Store


class Bench:
    """A simulated array in a file, and the folder of its record."""

    def __init__(self, folder: Path, name: str = "chip-1", port: str = "twin") -> None:
        self.file, self.lab = folder / f"{name}.ohm", folder / "lab"
        self.record = self.lab / "record.sqlite"
        self.options = ("--port", port, "--array", self.file, "--lab", self.lab)

    def pulses(self) -> Any:
        """Pulses that each cell has had, by the array's own count."""
        model = ArrayModel.open(self.file)
        try:
            return model.pulses()
        finally:
            model.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_second_run_pulses_only_what_left_its_window(image: Path, bench: Bench) -> None:
    first = as_json("program", image, "--only", "0", *bench.options)
    before = bench.pulses()
    second = as_json("program", image, "--only", "0", *bench.options)
    assert first["serial"] == second["serial"] == "chip-1"
    assert (first["runs"], second["runs"]) == ([1], [2])
    assert second["found_in_window"] > 0.9 * second["cells"]
    assert second["cells"] - second["untouched"] < 0.1 * second["cells"]
    untouched = np.array(second["records"][0]["status"]) == "untouched"
    assert np.count_nonzero(untouched) == second["untouched"]
    assert not np.array(second["records"][0]["attempts"])[untouched].any()
    with Store.open(bench.record) as store:
        wear = store.wear("chip-1")
        assert not wear.reserved.any()
        recorded = [store.cells(number) for number in (1, 2)]
        assert store.array("chip-1", "1T1R", 32, 32).budget == 1_000_000
        store.check()
    sums = {name: sum(getattr(c, name) for c in recorded) for name in ("set_pulses", "reset_pulses")}
    assert np.array_equal(wear.set_pulses, sums["set_pulses"])
    assert np.array_equal(wear.reset_pulses, sums["reset_pulses"])
    assert wear.total.sum() == first["pulses"] + second["pulses"]
    assert (bench.pulses() >= wear.total).all()  # the array counts what disturbs a cell too
    assert (before[untouched] <= bench.pulses()[untouched]).all()


def test_passes_bring_back_what_drifted(image: Path, bench: Bench, tmp_path: Path) -> None:
    result = as_json("program", image, "--only", "0", *bench.options, "--passes", "3", "--rest", "100")
    first, second, third = result["passes"][0]
    assert first["outside"] > second["outside"] > third["outside"] > 0
    assert first["pulses"] + second["pulses"] + third["pulses"] == result["pulses"]
    once = Bench(tmp_path, "once")
    as_json("program", image, "--only", "0", *once.options)
    held, held_once = (as_json("verify", image, *b.options, "--after", "1000") for b in (bench, once))
    assert held["in_window_fraction"] > held_once["in_window_fraction"]


@pytest.mark.parametrize("port", ["twin", "sim"])
def test_verify(image: Path, tmp_path: Path, executable: Path, port: str) -> None:
    bench = Bench(tmp_path, port=port)
    as_json("program", image, "--only", "2", *bench.options)
    now = as_json("verify", image, *bench.options)  # which array of the image: the record says
    later = as_json("verify", image, *bench.options, "--after", "1e5")
    assert now["image"] == later["image"] == 2
    assert now["in_window_fraction"] > 0.9 > later["in_window_fraction"]
    assert now["sigma_usiemens"] < later["sigma_usiemens"]
    assert sum(level["cells"] for level in later["levels"]) == later["cells"]
    assert later["levels"][0]["target_usiemens"] == 30
    failed = run("verify", image, *bench.options, "--require", "1")
    assert failed.returncode == 10
    assert re.search(r"level +target uS +cells", failed.stdout)
    assert "100 % were required" in failed.stderr


@pytest.mark.parametrize("options", [(), ("--seed", "9"), ("--device", "ideal")])
def test_dry_run_foretells_the_run(image: Path, tmp_path: Path, executable: Path, options: tuple[str, ...]) -> None:
    """On a fresh array, and on one that holds another image."""
    bench = Bench(tmp_path, port="sim")
    for number in ("0", "1"):
        arguments = ("program", image, "--only", number, *bench.options, *options)
        expected = as_json(*arguments, "--dry-run")
        assert bench.file.exists() == bench.record.exists() == (number == "1")
        real = as_json(*arguments)
        assert expected["dry_run"]
        assert expected["cells_known"] == (1024 if number == "1" else 0)
        for figure in ("pulses", "bench_time_s", "cells"):
            assert real[figure] == pytest.approx(expected[figure], rel=0.2), figure
        assert expected["wear_budget"] == (1_000_000 if number == "1" else None)


def test_report_follows_the_run(image: Path, bench: Bench, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    as_json("program", image, "--only", "3", *bench.options, "--report", page)
    text = page.read_text()
    assert "chip-1" in text
    assert "simulated" in text.lower()
    as_json("verify", image, *bench.options, "--after", "10", "--report", page)
    assert "verify chip-1 after 10" in page.read_text()
    for name, *more in (("program",), ("verify", "--only", "3")):
        said = refused(UsageError.exit_code, name, image, *bench.options, *more, "--report", "/dev/null/x/run.html")
        assert "Nothing was sent to the array" in said


# From a fresh array on


def test_form_characterise_program(image: Path, bench: Bench, tmp_path: Path) -> None:
    fresh, faults = tmp_path / "fresh.toml", tmp_path / "chip-1.json"
    fresh.write_text("unformed_fraction = 0.99\nstuck_low_fraction = 0.005\nstuck_high_fraction = 0.005\n")
    formed = as_json("form", *bench.options, "--device", fresh)
    assert formed["formed"] > 1000
    again = as_json("form", *bench.options)
    assert again["formed"] == 0
    found = as_json("characterise", *bench.options, "--out", faults)
    assert (found["serial"], found["bad"]) == ("chip-1", np.count_nonzero(FaultMap.load(faults).bad))
    result = as_json("program", image, "--only", "0", *bench.options, "--fault-map", faults)
    assert result["skipped"] == found["stuck_low"] + found["stuck_high"] + found["unformed"]
    assert result["converged_fraction"] > 0.99
    recipe = tmp_path / "high.toml"
    recipe.write_text("g_max_usiemens = 225.0\n")
    said = refused(DataError.exit_code, "program", image, "--only", "1", *bench.options, "--recipe", recipe)
    assert re.search(r"conductance window of [\d.]+ to [\d.]+ uS \(characterised in run 3\)", said)
    with Store.open(bench.record) as store:
        assert [run.kind for run in store.runs("chip-1")][::-1] == ["form", "form", "characterise", "program"]
        runs = store.runs("chip-1")
        came = outcomes(store, runs)
        for run_of, reached in zip(runs, ("in window", "good", "formed", "formed"), strict=True):
            assert re.search(rf"% of \d+ cells {reached}", came_to(run_of, came[run_of.id]))
        wear = store.wear("chip-1")
        assert not wear.reserved.any()
        assert wear.form_pulses.sum() == formed["pulses"]
        assert (
            wear.total.sum() == formed["pulses"] + again["pulses"] + 1024 * found["pulses_per_cell"] + result["pulses"]
        )
        store.check()
    assert (bench.pulses() >= wear.total).all()


def test_form_refuses(bench: Bench, tmp_path: Path) -> None:
    said = refused(DataError.exit_code, "form", *bench.options, "--recipe", tmp_path / "none.toml")
    assert "none.toml" in said
    fresh, weak = tmp_path / "fresh.toml", tmp_path / "weak.toml"
    fresh.write_text("unformed_fraction = 0.99\n")
    weak.write_text('ramp = "line"\nrounds = 1\nset_start_v = 1.0\nset_end_v = 1.5\nset_curve = []\nset_lead_v = 0.0\n')
    done = run("form", *bench.options, "--device", fresh, "--recipe", weak)
    assert done.returncode == 10, done.stderr
    assert "90 % were required. The array is off" in done.stderr
    said = refused(WearError.exit_code, "characterise", *bench.options, "--wear-budget", "100")
    assert "their budget of 100 pulses for life" in said


# Bad cells


def test_bad_cells_are_left_out(image: Path, bench: Bench, tmp_path: Path) -> None:
    kinds = np.zeros((32, 32), np.uint8)
    kinds[3, 4:7] = [FaultKind.STUCK_LOW, FaultKind.STUCK_HIGH, FaultKind.UNFORMED]
    kinds[9, 9] = FaultKind.WEAK
    file = tmp_path / "map.json"
    FaultMap(kinds, "chip-1").save(file)
    result = as_json("program", image, "--only", "0", *bench.options, "--faults", file, "--fault-map", file)
    assert (result["skipped"], result["cells"]) == (3, 1021)
    assert result["records"][0]["status"][3][4:7] == 3 * ["skipped"]
    assert result["records"][0]["status"][9][9] != "skipped"
    assert as_json("verify", image, *bench.options)["cells"] == 1021  # the record knows which were left out
    with Store.open(bench.record) as store:
        assert not store.wear("chip-1").total[3, 4:7].any()
    FaultMap(kinds, "chip-2").save(file)
    said = refused(DataError.exit_code, "program", image, *bench.options, "--fault-map", file)
    assert "The fault map is of array chip-2, and array chip-1 is in the socket. Nothing was sent" in said


# Resume


def break_off(bench: Bench, image: Path, number: str) -> None:
    """A run of which all but the end is recorded."""
    as_json("program", image, "--only", number, *bench.options)
    with Store.open(bench.record) as store:
        last = store.runs(bench.file.stem)[0]
        store._database.connection.execute("UPDATE runs SET status = ? WHERE id = ?", (RunStatus.RUNNING, last.id))


def test_resume_of_a_run_that_is_done(image: Path, bench: Bench) -> None:
    as_json("program", image, "--only", "1", *bench.options)
    before = bench.pulses()
    for more in ([], ["--only", "1"]):
        done = run("program", image, *bench.options, "--resume", *more)
        assert done.returncode == 0
        assert "nothing to resume: run 1 of image 1 is done" in done.stdout
    assert np.array_equal(bench.pulses(), before)


def test_resume_goes_on_with_the_right_array_of_the_image(image: Path, bench: Bench) -> None:
    break_off(bench, image, "1")
    said = refused(StoreError.exit_code, "program", image, *bench.options, "--resume", "--only", "2")
    assert "is of image 1, not of image 2. Nothing was sent" in said
    result = as_json("program", image, *bench.options, "--resume")
    assert (result["images"], result["runs"], result["resumed_run"]) == ([1], [1], 1)
    assert result["found_in_window"] > 0.95 * result["cells"]


def test_run_beside_an_unfinished_one_says_so(image: Path, bench: Bench) -> None:
    break_off(bench, image, "1")
    done = run("program", image, "--only", "1", *bench.options)
    assert done.returncode == 0
    said = "run 1 of this image on array chip-1 is unfinished; this run begins again, and cells in their window get no"
    assert said in done.stderr
    assert "run 2" in done.stdout


def test_resume_takes_the_recipe_and_the_bad_cells_of_the_run(image: Path, bench: Bench, tmp_path: Path) -> None:
    recipe, faults = tmp_path / "wide.toml", tmp_path / "map.json"
    recipe.write_text("window_usiemens = 11.0\n")
    kinds = np.zeros((32, 32), np.uint8)
    kinds[5, 5] = FaultKind.STUCK_LOW
    FaultMap(kinds).save(faults)
    as_json("program", image, "--only", "0", *bench.options, "--recipe", recipe, "--fault-map", faults)
    with Store.open(bench.record) as store:
        store._database.connection.execute("UPDATE runs SET status = ?", (RunStatus.FAILED,))
    said = refused(UsageError.exit_code, "program", image, *bench.options, "--resume", "--passes", "2")
    assert "Run 1 was begun with another recipe. Nothing was sent" in said
    result = as_json("program", image, *bench.options, "--resume")
    assert (result["cells"], result["skipped"]) == (1023, 1)
    with Store.open(bench.record) as store:
        assert store.run(1).status == RunStatus.DONE
        assert store.run(1).recipe["window_usiemens"] == 11.0


def test_journal_of_another_image_or_array(image: Path, bench: Bench, tmp_path: Path) -> None:
    said = refused(StoreError.exit_code, "program", image, *bench.options, "--resume")
    assert "Nothing to resume: the record knows no run of this image on array chip-1. Nothing was sent" in said
    break_off(bench, image, "0")
    other = Bench(tmp_path, "chip-2")
    said = refused(StoreError.exit_code, "program", image, *other.options, "--resume")
    assert "run 1, is on array chip-1, and array chip-2 is in the socket. Nothing was sent" in said
    digits = WeightImage.load(image)
    second = tmp_path / "second.ohmw"
    replace(digits, provenance={"name": "second"}).save(second)
    said = refused(StoreError.exit_code, "program", second, *bench.options, "--resume")
    assert "which was not of this image. Nothing was sent" in said
    as_json("program", second, "--only", "0", *bench.options)
    said = refused(StoreError.exit_code, "program", image, *bench.options, "--resume")
    assert "run 2 (program" in said
    said = refused(UsageError.exit_code, "program", image, "--port", "twin", "--resume")
    assert "not kept in a file are not recorded" in said


# What is refused


def test_target_outside_the_conductance_window(image: Path, bench: Bench, tmp_path: Path) -> None:
    recipe = tmp_path / "high.toml"
    recipe.write_text("g_max_usiemens = 290.0\n")
    for more in ([], ["--dry-run"]):
        said = refused(DataError.exit_code, "program", image, *bench.options, "--recipe", recipe, *more)
        assert "Level 7 has its target at 290 uS, outside of the array's conductance window of 3 to 260 uS" in said
        assert "Nothing was sent to the array" in said
    said = refused(DataError.exit_code, "program", image, "--port", "twin", "--device", "c")
    assert "window of 0.5217 to 45.22 uS" in said
    assert not bench.file.exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_image_of_a_passive_array(image: Path, tmp_path: Path, bench: Bench, more: tuple[str, ...]) -> None:
    passive = tmp_path / "passive.ohmw"
    replace(WeightImage.load(image), array_type="passive").save(passive)
    said = refused(ImageError.exit_code, "program", passive, *bench.options, *more)
    assert "is for a 32x32 passive array, the bench has a 32x32 1T1R array. Nothing was sent to the array" in said


def test_wear_budget(image: Path, bench: Bench) -> None:
    as_json("program", image, "--only", "0", *bench.options)
    before = bench.pulses()
    for more in (["--dry-run", "--wear-budget", "5"], ["--wear-budget", "5"], [], ["--dry-run"]):
        said = refused(WearError.exit_code, "program", image, "--only", "1", *bench.options, *more)
        assert "their budget of 5 pulses for life" in said
        assert "larger budget" in said
    assert np.array_equal(bench.pulses(), before)
    as_json("program", image, "--only", "1", *bench.options, "--wear-budget", "1000000")


def test_serial_number_of_an_array_that_is_gone_at_once(image: Path) -> None:
    said = refused(UsageError.exit_code, "program", image, "--port", "twin", "--serial", "x")
    assert "has no serial number. Nothing was sent to the array. Give --array FILE" in said


def test_full_disk(image: Path, bench: Bench) -> None:
    """A limit on the size of files, so that the record cannot take the run's cells."""
    as_json("read", "--port", "twin", "--array", bench.file)  # the array's file has its size
    with Store.open(bench.record) as store:
        store.array("chip-1", "1T1R", 32, 32)
    for kilobytes in (90, 180, 220):  # before the first pulse, and after the cells of some tries

        def limit(size: int = kilobytes * 1024) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        done = subprocess.run(
            command("program", image, "--only", "0", *bench.options),
            capture_output=True,
            text=True,
            env=environment(),
            preexec_fn=limit,
        )
        assert (done.returncode, done.stdout) == (StoreError.exit_code, ""), done.stderr
        assert re.search(r"(disk is full|Cannot read or write the record)", done.stderr)
        assert "Traceback" not in done.stderr
    with Store.open(bench.record) as store:
        store.check()
        wear = store.wear("chip-1")
    assert bench.pulses().any()
    assert (wear.total >= bench.pulses()).all()
    done = run("program", image, "--only", "0", *bench.options, "--json")
    assert json.loads(done.stdout)["converged_fraction"] > 0.98
