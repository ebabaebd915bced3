"""What an installed ohmbench carries with it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ohmbench.errors import BuildError
from ohmbench.support import resources

REPO = Path(__file__).resolve().parents[2]
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
ASK = """
import ohmbench, ohmbench.model._array
from ohmbench.support.resources import resource_root
from ohmbench.isa import load_firmware
print(ohmbench.__file__, resource_root(), load_firmware("program").digest)
"""


def test_a_broken_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "lib/ohmbench")
    resources.resource_root.cache_clear()
    with pytest.raises(BuildError, match="without its firmware and RTL"):
        resources.resource_root()
    data = tmp_path / "lib/ohmbench/_data"
    (data / "firmware").mkdir(parents=True)
    (data / "fpga/rtl").mkdir(parents=True)
    assert resources.resource_root() == data
    resources.resource_root.cache_clear()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from what a checkout has in it."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("host", "firmware", "fpga", "sim"):
        ignored = shutil.ignore_patterns("__pycache__", "*.so", "*.egg-info")
        shutil.copytree(REPO / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(REPO / name, source)
    subprocess.run([sys.executable, *PIP, "wheel", "--no-deps", "--wheel-dir", target, source], check=True)
    (path,) = target.glob("ohmbench-*.whl")
    return path


@pytest.mark.slow
def test_a_wheel_has_firmware_rtl_and_models(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    subprocess.run([sys.executable, *PIP, "install", "--no-deps", "--target", target, wheel], check=True)

    data = target / "ohmbench/_data"
    models = ("sim/**/*.sv", "sim/array/*", "sim/twin/*", "sim/*.cpp")
    fpga = ("fpga/rtl/*", "fpga/carriers/**/*", "fpga/tables/*.toml", "fpga/boards/**/*")
    for pattern in ("firmware/*", *fpga, *models):
        expected = {path.relative_to(REPO) for path in REPO.glob(pattern) if path.is_file()}
        assert expected
        assert expected <= {path.relative_to(data) for path in data.rglob("*")}

    for folder in ("model/presets", "programming/recipes"):
        files = {path.name for path in REPO.glob(f"host/ohmbench/{folder}/*.toml")}
        assert files
        assert files == {path.name for path in (target / "ohmbench" / folder).iterdir()}

    environment = {**os.environ, "PYTHONPATH": str(target)}
    run = [sys.executable, "-c", ASK]
    answer = subprocess.run(run, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
    file, root, _ = answer.stdout.split()
    assert Path(file) == target / "ohmbench/__init__.py"
    assert Path(root) == data


@pytest.mark.slow
def test_the_demo_runs_from_a_wheel_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """Nothing of the checkout, of this environment or of an earlier build of the simulator is in reach."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    subprocess.run([python, *PIP, "install", f"{wheel}[demo]"], check=True)
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if not p.startswith(str(REPO)))
    environment = {"PATH": path, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    work = tmp_path / "work"
    work.mkdir()
    summaries = []
    for rung in ("twin", "sim"):
        command = [tmp_path / "venv/bin/ohmbench", "demo", "--port", rung, "--out", rung, "--json", "--device", "a"]
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert (work / rung / "report.html").exists()
        summaries.append({k: v for k, v in json.loads(done.stdout).items() if k not in ("rung", "wall_time_s")})
    assert summaries[0] == summaries[1]
    assert summaries[0]["accuracy_bench"] > 0.9
    shutil.rmtree(tmp_path / "venv")  # half a gigabyte, which pytest would keep
