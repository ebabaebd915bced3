"""A copy of what the bench is made of, to change its carrier's table in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ohmbench.support.rtl import default_carrier

REPO = Path(__file__).resolve().parents[1]


def copy_of_the_bench(root: Path) -> Path:
    """The path of the carrier's table in a copy below `root`, which has no compiled array model."""
    ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
    for folder in ("host", "firmware", "fpga", "sim", "tests"):
        shutil.copytree(REPO / folder, root / folder, ignore=ignored)
    shutil.copy(REPO / "pyproject.toml", root)
    return root / "fpga/carriers" / default_carrier(root) / "carrier.toml"


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A Python command of the copy."""
    environment = os.environ | {"PYTHONPATH": str(root / "host")}
    return subprocess.run([sys.executable, *command], cwd=root, env=environment, capture_output=True, text=True)


def done(root: Path, *command: str) -> str:
    """What a Python command of the copy says, which must succeed."""
    ended = run(root, *command)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout[-8000:]}{ended.stderr[-8000:]}"
    return ended.stdout


def build_model(root: Path) -> None:
    """Compile the array model of the copy."""
    done(root, "-P", "host/ohmbench/model/array_build.py")  # beside it is a module called as one of Python's
