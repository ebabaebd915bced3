"""Another size of array from a change of the carrier's table alone: RTL, models and twin of 16x8."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.other_table import build_model, copy_of_the_bench, done

ROWS, COLUMNS = 16, 8
MODULES = (
    # not the board model's own rules: its test breaks them at lines of the 32x32 by number
    "tests/rtl/carrier/test_carrier.py::test_carrier",
    "tests/rtl/carrier/test_carrier.py::test_patterns_connect_each_line_once",
    "tests/rtl/guard",
    "tests/rtl/seq",
    "tests/rtl/vec",
)
LOCKSTEP = (
    "tests/system/test_lockstep.py::test_random_programs_agree",
    "tests/system/test_lockstep.py::test_spent_budget_agrees",
    "tests/system/test_lockstep.py::test_refused_command_cuts_the_pulse_alike",
)


def smaller(table: str) -> str:
    """A carrier's table with fewer lines, and what goes with them if it has it: a resistor a column, monitors."""
    ohms = re.search(r"^ohm = \[\n(.*?)\]", table, re.MULTILINE | re.DOTALL)
    changes = [(r"^rows = 32\b", f"rows = {ROWS}"), (r"^columns = 32\b", f"columns = {COLUMNS}")]
    if ohms is not None:
        kept = ", ".join(ohms[1].replace("\n", " ").split(",")[:COLUMNS])
        changes += [(r"^ohm = \[\n.*?\]", f"ohm = [{kept}]"), (r"^column = \[.*?\]", f"column = {list(range(8))}")]
    for pattern, text in changes:
        table, count = re.subn(pattern, text, table, flags=re.MULTILINE | re.DOTALL)
        assert count == 1, pattern
    return table


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the bench is made of, for the smaller array."""
    root = tmp_path_factory.mktemp("tree")
    for table in copy_of_the_bench(root).parent.parent.glob("*/carrier.toml"):  # host and models have one size for all
        table.write_text(smaller(table.read_text()))
    assert "ohm_carrier_pkg.sv" in done(root, "fpga/tables/generate.py")
    build_model(root)
    return root


@pytest.mark.slow
def test_the_copy_has_the_smaller_array(tree: Path) -> None:
    asked = "import ohmbench.model.array as a; print(a.__file__, a.ArrayModel().conductance().shape)"
    assert done(tree, "-c", asked) == f"{tree}/host/ohmbench/model/array.py ({ROWS}, {COLUMNS})\n"


@pytest.mark.slow
def test_modules_keep_their_tests(tree: Path) -> None:
    assert " passed" in done(tree, "-m", "pytest", "--quiet", "-m", "not slow", *MODULES)


@pytest.mark.slow
def test_random_programs_agree(tree: Path) -> None:
    """RTL and twin, bit for bit and clock for clock."""
    assert " passed" in done(tree, "-m", "pytest", "--quiet", "-m", "not slow", *LOCKSTEP)
