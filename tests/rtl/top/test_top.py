"""The whole bench in simulation, driven through the UART's pins by the host's own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.testing import run

HERE = Path(__file__).parent


@pytest.mark.slow  # builds the whole bench
def test_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(HERE))
    run("tb_top", tmp_path)
