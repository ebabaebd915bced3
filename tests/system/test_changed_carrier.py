"""Another amplifier and wiring from a change of the carrier's table alone: RTL, model, twin and checkers follow.

And on the way, every half-made state is refused.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from tests.other_table import REPO, build_model, copy_of_the_bench, done, run

CHANGES = {
    "ohm = 2400.0 ": "ohm = 1200.0 ",
    # every switch of the buses, rows and columns elsewhere
    "bl_set = 0\nbl_read = 1\nwl_set = 2\nwl_reset = 3\n": "bl_set = 1\nbl_read = 3\nwl_set = 0\nwl_reset = 2\n",
    "bus = 0\nground = 1\n": "bus = 1\nground = 0\n",
    "tia = 0\nground = 1\ninhibit = 2\nreset = 3 ": "tia = 2\nground = 0\ninhibit = 3\nreset = 1 ",
}
TESTS = (
    # not the board model's own rules: its test breaks them at switches by number
    "tests/rtl/carrier/test_carrier.py::test_carrier",
    "tests/rtl/carrier/test_carrier.py::test_patterns_connect_each_line_once",
    "tests/rtl/hostile",
    "tests/system/test_lockstep.py::test_random_programs_agree",
)
SELFTEST = ("-m", "ohmbench", "selftest", "--json", "--port")


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_table_alone_makes_another_carrier(tmp_path: Path) -> None:
    table = copy_of_the_bench(tmp_path)
    for built in (REPO / "host/ohmbench/model").glob("_array*.so"):
        shutil.copy(built, tmp_path / "host/ohmbench/model")
    text = table.read_text()
    for old, new in CHANGES.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    table.write_text(text)

    for port in ("twin", "sim"):
        said = run(tmp_path, *SELFTEST, port)
        assert (said.returncode, said.stdout) == (8, ""), said.stderr
        assert re.search(r"was changed after.*would not agree.*generate\.py", said.stderr)
    assert "ohm_carrier_pkg.sv" in done(tmp_path, "fpga/tables/generate.py")
    for port in ("twin", "sim"):
        said = run(tmp_path, *SELFTEST, port)
        assert (said.returncode, said.stdout) == (8, ""), said.stderr
        assert re.search(r"compiled from other tables.*pip install", said.stderr)
    build_model(tmp_path)

    for port in ("twin", "sim"):
        found = json.loads(done(tmp_path, *SELFTEST, port))
        assert found["faults"] == []
    assert " passed" in done(tmp_path, "-m", "pytest", "--quiet", "-m", "not slow", *TESTS)
