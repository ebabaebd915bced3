"""`ohmbench demo --one-array` and its image, with the real MNIST where OHMBENCH_MNIST names it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.system.command_line import as_json, refused

from ohmbench.network.mnist import ENVIRONMENT

needs_mnist = pytest.mark.skipif(ENVIRONMENT not in os.environ, reason=f"needs MNIST: set {ENVIRONMENT} to its folder")
DEMO = ("demo", "--one-array", "--images", "100")


@needs_mnist
@pytest.mark.timeout(600)
def test_the_demo_reads_digits_and_shows_where_the_network_lies(tmp_path: Path) -> None:
    found = as_json(*DEMO, "--out", tmp_path, timeout_s=500)
    assert found["rung"] == "twin"
    assert found["accuracy_trimmed"] >= 0.95
    assert found["cells"] <= 1024
    assert json.loads((tmp_path / "summary.json").read_text()) == found
    page = (tmp_path / "report.html").read_text()
    for part in ("The network on the array", "layer 4: 320 cells", "Confusion matrix", "Wrong, simulated and trimmed"):
        assert part in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@needs_mnist
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_simulator_gives_the_codes_of_the_twin() -> None:
    found = as_json("infer", "one-array.ohmw", "--port", "sim", "--images", "100", "--twin", timeout_s=1500)
    assert found["codes_compared"] > 100 * 915
    assert found["codes_that_differ"] == 0


def test_without_mnist_it_says_where_to_get_it(tmp_path: Path) -> None:
    said = refused(11, *DEMO, "--out", tmp_path, **{ENVIRONMENT: str(tmp_path)})
    assert "MNIST" in said
    assert "OHMBENCH_MNIST" in said or "--mnist" in said
