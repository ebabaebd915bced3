"""Simulated instruments: pyvisa-sim answers as instruments.yaml says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

DEFINITIONS = Path(__file__).parent / "instruments.yaml"


@pytest.fixture(autouse=True)
def simulated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What this process opens is simulated, and new: PyVISA keeps what a file once defined."""
    monkeypatch.setenv("OHMBENCH_VISA", f"{shutil.copy(DEFINITIONS, tmp_path)}@sim")
