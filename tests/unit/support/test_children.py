"""Child processes of Python do not take files of the working folder for modules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ohmbench.support.children import safe_path


def test_a_module_of_the_working_folder_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    line = [sys.executable, "-c", "import json"]
    with safe_path():
        assert subprocess.run(line, cwd=tmp_path).returncode == 0
    assert "PYTHONSAFEPATH" not in os.environ
    assert subprocess.run(line, cwd=tmp_path).returncode == 9


def test_nor_by_the_processes_of_joblib(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    code = "import joblib\nfrom ohmbench.support.children import safe_path\nwith safe_path():\n" + (
        "    print(joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(n) for n in (-1, -2)))"
    )
    line = [sys.executable, "-P", "-c", code]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stdout) == (0, "[1, 2]\n"), done.stderr
