"""The whole bench in simulation, driven through the UART's pins by the host's own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.testing import run


@pytest.mark.slow  # builds the whole bench
def test_top(tmp_path: Path) -> None:
    run("tests.rtl.top.tb_top", tmp_path)
