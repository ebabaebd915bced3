"""What an installed ohmbench carries with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ohmbench import _resources
from ohmbench.errors import BuildError

REPO = Path(__file__).resolve().parents[2]
ASK = """
import ohmbench, ohmbench._array
from ohmbench._resources import resource_root
from ohmbench.isa import load_firmware
print(ohmbench.__file__, resource_root(), load_firmware("program").digest)
"""


def test_a_broken_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_resources, "_PACKAGE", tmp_path / "lib/ohmbench")
    _resources.resource_root.cache_clear()
    with pytest.raises(BuildError, match="without its firmware and RTL"):
        _resources.resource_root()
    data = tmp_path / "lib/ohmbench/_data"
    (data / "firmware").mkdir(parents=True)
    (data / "fpga/rtl").mkdir(parents=True)
    assert _resources.resource_root() == data
    _resources.resource_root.cache_clear()


@pytest.mark.slow
def test_a_wheel_has_firmware_rtl_and_models(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.mkdir()
    for name in ("host", "firmware", "fpga", "sim"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
        shutil.copytree(REPO / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(REPO / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(source)], check=True)

    data = target / "ohmbench/_data"
    for pattern in ("firmware/*", "fpga/rtl/*", "fpga/tables/*.toml", "sim/**/*.sv", "sim/array/*", "sim/*.cpp"):
        expected = {path.relative_to(REPO) for path in REPO.glob(pattern) if path.is_file()}
        assert expected
        assert expected <= {path.relative_to(data) for path in data.rglob("*")}

    environment = {**os.environ, "PYTHONPATH": str(target)}
    run = [sys.executable, "-c", ASK]
    answer = subprocess.run(run, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    file, root, _ = answer.stdout.split()
    assert Path(file) == target / "ohmbench/__init__.py"
    assert Path(root) == data
