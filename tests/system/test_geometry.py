"""Another size of array from a change of the carrier's table alone: RTL, models and twin of 16x8."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
ROWS, COLUMNS = 16, 8
TESTS = (
    # not the board model's own rules: its test breaks them at lines of the 32x32 by number
    "tests/rtl/carrier/test_carrier.py::test_carrier",
    "tests/rtl/carrier/test_carrier.py::test_patterns_connect_each_line_once",
    "tests/rtl/guard",
    "tests/rtl/seq",
    "tests/rtl/top",
    "tests/rtl/vec",
    "tests/system/test_lockstep.py::test_random_programs_agree",
    "tests/system/test_lockstep.py::test_spent_budget_agrees",
    "tests/system/test_lockstep.py::test_refused_command_cuts_the_pulse_alike",
)


def smaller(table: str) -> str:
    """The carrier's table with fewer lines, and what goes with them: a resistor a column, monitors at columns."""
    ohms = re.search(r"^ohm = \[\n(.*?)\]", table, re.MULTILINE | re.DOTALL)
    assert ohms is not None
    kept = ", ".join(ohms[1].replace("\n", " ").split(",")[:COLUMNS])
    for pattern, text in (
        (r"^rows = 32\b", f"rows = {ROWS}"),
        (r"^columns = 32\b", f"columns = {COLUMNS}"),
        (r"^ohm = \[\n.*?\]", f"ohm = [{kept}]"),
        (r"^column = \[.*?\]", f"column = {list(range(8))}"),
    ):
        table, count = re.subn(pattern, text, table, flags=re.MULTILINE | re.DOTALL)
        assert count == 1, pattern
    return table


@pytest.mark.slow
def test_16x8_from_the_table_alone(tmp_path: Path) -> None:
    """Its modules keep their tests, and random programs on RTL and twin agree bit for bit and clock for clock."""
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
    for folder in ("host", "firmware", "fpga", "sim", "tests"):
        shutil.copytree(REPO / folder, tmp_path / folder, ignore=ignored)
    shutil.copy(REPO / "pyproject.toml", tmp_path)
    table = tmp_path / "fpga/carriers/reference/carrier.toml"
    table.write_text(smaller(table.read_text()))

    environment = os.environ | {"PYTHONPATH": str(tmp_path / "host")}

    def run(*command: str) -> str:
        call = [sys.executable, *command]
        done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-8000:]}{done.stderr[-8000:]}"
        return done.stdout

    wrote = run("fpga/tables/generate.py")
    assert "ohm_carrier_pkg.sv" in wrote
    assert "tables.py" in wrote
    run("host/ohmbench/model/array_build.py")
    asked = (
        "import ohmbench.tables as t, ohmbench.model.array as a; print(a.__file__, a.ArrayModel().conductance().shape)"
    )
    assert run("-c", asked).split("\n")[0] == f"{tmp_path}/host/ohmbench/model/array.py ({ROWS}, {COLUMNS})"
    said = run("-m", "pytest", "--quiet", "-m", "not slow", *TESTS)
    assert " passed" in said
