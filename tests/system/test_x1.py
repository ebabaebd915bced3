"""The X1 carrier as an operator meets it, simulated: one cell at a time, behind its shunt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.system.command_line import as_json, refused, run

from ohmbench.errors import CheckError, FaultError, UsageError
from ohmbench.model.array import ArrayModel

X1 = ("--carrier-kind", "x1-scan")
TWIN = ("--port", "twin", *X1)


@pytest.fixture
def options(tmp_path: Path) -> tuple[Any, ...]:
    """An array in a file, and the folder of its record."""
    return (*TWIN, "--array", tmp_path / "chip-1.ohma", "--lab", tmp_path / "lab")


def test_it_says_what_it_is() -> None:
    twin, reference = as_json("info", *TWIN), as_json("info", "--port", "twin")
    assert (twin["carrier"], twin["parallel_columns"]) == ("x1_scan", 1)
    assert (reference["carrier"], reference["parallel_columns"]) == ("reference", 32)
    assert twin["build_id"] != reference["build_id"]


def test_conductances_are_those_of_the_cells(options: tuple[Any, ...], tmp_path: Path) -> None:
    """The shunt's share of the voltage is taken off."""
    read = np.array(as_json("read", *options[:-2])["usiemens"])
    array = ArrayModel.open(tmp_path / "chip-1.ohma")
    true = array.conductance() * 1e6
    array.close()
    # a code is 0.26 uS, its noise 1.84; lines of up to 64 ohm and the cells' non-linearity take up to 3 % of 260 uS
    assert np.abs(read - true).max() < 0.03 * true.max() + 2.5
    assert np.abs(read - true).mean() < 1.0


def test_program_and_verify_and_characterise(image: Path, options: tuple[Any, ...]) -> None:
    done = as_json("program", image, "--only", "0", *options)
    assert done["converged_fraction"] > 0.97
    assert as_json("verify", image, *options)["in_window_fraction"] > 0.9
    again = as_json("program", image, "--only", "0", *options)
    assert again["untouched"] > 0.9 * again["cells"], "its windows are those that it was programmed to"
    array = ArrayModel.open(Path(options[5]))
    stuck = int(np.count_nonzero(array.kinds()))
    array.close()
    found = as_json("characterise", *options)
    assert found["bad"] == stuck
    low, high = found["window_usiemens"]
    assert low < 50, "the RESET ramp was gone to its end"
    assert high > 180, "the SET ramp was gone to its end"


def test_fresh_cells_form_with_its_own_recipe(options: tuple[Any, ...], tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.toml"
    fresh.write_text("unformed_fraction = 0.998\n")
    found = as_json("form", *options, "--device", fresh)
    assert found["formed_fraction"] == 1
    assert 1.99 < found["forming_v_min"] < found["forming_v_mean"] < 2.7
    assert as_json("form", *options)["formed_before"] == found["cells"]


def test_infer_reads_back_and_sums_on_the_host(image: Path) -> None:
    done = run("infer", image, *TWIN, "--json", timeout_s=400)
    result = json.loads(done.stdout)
    assert result["accuracy"] > result["accuracy_quantised"] - 0.03
    assert "the cells are read back, and the host sums" in done.stderr


def test_more_levels_than_it_is_set_up_for_are_refused_before_anything_is_charged(
    options: tuple[Any, ...], tmp_path: Path
) -> None:
    run("map", "--bits", "5", "--hidden", "16", "-o", tmp_path / "fine.ohmw")
    for command in ("program", "infer"):
        said = refused(UsageError.exit_code, command, tmp_path / "fine.ohmw", *options)
        assert "16 levels of conductance; x1_scan carrier allows 8. Nothing was sent to the array." in said
    assert as_json("log", "--lab", tmp_path / "lab")["runs"] == []
    finer = tmp_path / "carrier.toml"
    finer.write_text("[limits]\nlevels = 16\n")
    done = as_json("program", tmp_path / "fine.ohmw", "--only", "0", *options, "--carrier", finer)
    assert done["cells"] > 0


def test_selftest_of_a_cell_is_recorded(options: tuple[Any, ...], tmp_path: Path) -> None:
    found = as_json("selftest", *options, "--cell", "3,4", "--report", tmp_path / "check.html")
    assert found["good"]
    low, high = found["cell_usiemens"][1], found["cell_usiemens"][2]
    assert low < 60 < 150 < high
    array = ArrayModel.open(tmp_path / "chip-1.ohma")
    pulses = array.pulses()
    array.close()
    assert pulses[3, 4] == found["cell_pulses"] > 0
    assert np.count_nonzero(pulses) == 1
    assert "3,4 went to" in (tmp_path / "check.html").read_text()
    (worn,) = as_json("log", "arrays", "--lab", tmp_path / "lab")["arrays"]
    assert worn["pulses_max"] == pulses[3, 4], "what it got, no upper bound"
    runs = as_json("log", "--lab", tmp_path / "lab")
    assert [run["kind"] for run in runs["runs"]] == ["selftest"]


def test_a_chip_that_does_not_answer_is_named_and_its_cell_gets_no_pulse(
    options: tuple[Any, ...], tmp_path: Path
) -> None:
    line = ("selftest", *options, "--carrier-faults", "open=0", "--cell", "3,4")
    done = run(*line)
    said = done.stderr
    assert done.returncode == CheckError.exit_code
    assert "scan chain: the chip (no cell conducts: the chip does not answer" in said
    assert "No cell was pulsed" in said
    array = ArrayModel.open(tmp_path / "chip-1.ohma")
    assert not array.pulses().any()
    array.close()


@pytest.mark.parametrize(("fault", "named"), [("open=0", "no cell conducts"), ("dead=0", "it reads 0 whatever is on")])
def test_nothing_is_pulsed_blindly(
    fault: str, named: str, image: Path, options: tuple[Any, ...], tmp_path: Path
) -> None:
    for command in (("program", image, "--only", "0"), ("characterise",)):
        said = refused(CheckError.exit_code, *command, *options, "--carrier-faults", fault)
        assert "The check of reading before the first pulse failed" in said
        assert named in said
        assert "No cell was pulsed" in said
    array = ArrayModel.open(tmp_path / "chip-1.ohma")
    assert not array.pulses().any()
    array.close()


def test_a_program_that_chooses_two_rows_is_told_why(tmp_path: Path) -> None:
    two = tmp_path / "two.useq"
    two.write_text(
        ".entry main\nmain: li r1, 3\n mlo m1, r1\n lines read, m1, m1, m0\n sense v0\n lines off, m1, m1, m1\n"
        " halt 0\n"
    )
    said = refused(FaultError.exit_code, "run", two, *TWIN)
    assert "this carrier reaches one cell at a time, and cannot choose two word lines" in said
    assert "The array is off" in said
    assert run("run", two, "--port", "twin").returncode == 0


def test_calibration_takes_off_what_the_channel_is_off_by(options: tuple[Any, ...], tmp_path: Path) -> None:
    off = "gain=0:1.08,offset=0:12"
    made = as_json("calibrate", *TWIN, "--lab", tmp_path / "lab", "--resistor", "10000", "--carrier-faults",
                   f"socket=10000,{off}")  # fmt: skip
    assert made["gain"][0] == pytest.approx(1.08, rel=1e-3)
    assert made["offset"][31] == pytest.approx(12, abs=0.2)
    read = [
        np.array(as_json("read", *options[:-2], *faults, OHMBENCH_LAB=str(tmp_path / "lab"))["usiemens"])
        for faults in ((), ("--carrier-faults", off))
    ]
    assert np.abs(read[1] - read[0]).mean() < 1, "noise only; without it 8 % of some 100 uS"
    said = refused(CheckError.exit_code, "calibrate", *TWIN, "--lab", tmp_path / "lab", "--resistor", "10000")
    assert "there are cells, and no resistor" in said


def test_calibration_needs_the_resistor(tmp_path: Path) -> None:
    said = refused(UsageError.exit_code, "calibrate", *TWIN, "--lab", tmp_path)
    assert "has neither reference resistors nor monitors" in said
    assert "The array was not touched. Put a resistor" in said


def test_voltages_above_its_own_ceilings_are_refused(image: Path, tmp_path: Path, options: tuple[Any, ...]) -> None:
    recipe = tmp_path / "high.toml"
    recipe.write_text("[reset]\nhold_v = 4.0\n")
    said = refused(UsageError.exit_code, "program", image, "--only", "0", *options, "--recipe", recipe)
    assert "rail wl_reset may have up to 3.5 V, and 4 V is asked for" in said


def test_a_voltage_whose_code_is_above_its_ceiling_is_refused_before_anything_is_sent(
    image: Path, tmp_path: Path, options: tuple[Any, ...]
) -> None:
    recipe = tmp_path / "high.toml"
    recipe.write_text("[set]\nhold_v = 3.3\n")
    said = refused(UsageError.exit_code, "program", image, "--only", "0", *options, "--recipe", recipe)
    assert "rail wl_set may have less than 3.3 V, and 3.3 V is asked for" in said


def test_a_carriers_file_for_another_kind_is_refused(image: Path, tmp_path: Path, options: tuple[Any, ...]) -> None:
    file = tmp_path / "carrier-7.toml"
    file.write_text('name = "carrier 7"\nkind = "reference"\n')
    said = refused(UsageError.exit_code, "program", image, "--only", "0", *options, "--carrier", file)
    assert "carrier 7 is for the reference carrier, and this bench is built for the x1-scan carrier" in said
    assert "The array was not touched" in said


def test_kinds_that_are_not_there_are_refused() -> None:
    said = refused(UsageError.exit_code, "info", "--port", "twin", "--carrier-kind", "x1-scam")
    assert "Kinds: reference, x1-scan" in said


def test_measured_figures_are_those_that_it_is_for() -> None:
    """Its run time is that of the RTL, which agrees with the twin in every clock (test_x1_lockstep.py)."""
    found = as_json("measure", "program", *TWIN)
    assert found["cell_read_us"] < 100, "a packet with its hold"
    assert found["binary_time_s"] < 2
    assert found["binary_converged_fraction"] >= 0.99
    assert found["levels_8_time_s"] < 10
    assert found["levels_8_converged_fraction"] >= 0.98
