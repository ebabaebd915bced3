"""Builds what a release is of, and tries it: `make wheels`.

The sdist is built from the checkout and from a clone without tags, the wheel from the sdist. The wheel is installed in
an empty environment of every CPython from 3.11 on that is found here, and there runs the demo on the twin.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
FOLDER = REPO / "build/wheels"
OLDEST = (3, 11)
LEAST_ACCURACY = 0.9
"""Of the demo's 360 test images on the twin, trimmed; a wheel with a broken model recognises one in ten."""


def main() -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    wheel = build()
    version = wheel.name.split("-")[1]
    print(f"wheels: {wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB, one for every Python from 3.11 on", flush=True)
    print(f"wheels: a shallow clone without tags builds {shallow()}", flush=True)
    found = pythons()
    for python in found:
        print(f"wheels: {tried(python, wheel, version)}", flush=True)
    return 0


def build() -> Path:
    """The wheel, built from the sdist; both stay in FOLDER."""
    _run(sys.executable, "-m", "build", "--outdir", str(FOLDER), str(REPO))
    (wheel,) = FOLDER.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".so")]
    if "-cp311-abi3-" not in wheel.name or not all(name.endswith(".abi3.so") for name in compiled):
        raise SystemExit(f"wheels: {wheel.name} is of one Python alone; in it are {compiled}")
    return wheel


def shallow() -> str:
    """The name of the sdist that a clone of one commit, without tags, builds."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        _run("git", "clone", "--quiet", "--depth", "1", "--no-tags", REPO.as_uri(), str(clone))
        _run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, str(clone))
        (sdist,) = Path(folder).glob("*.tar.gz")
        if not re.fullmatch(r"ohmbench-\d+\.\d+\.\d+\S*\.tar\.gz", sdist.name):
            raise SystemExit(f"wheels: {sdist.name} has no version")
        return sdist.name


def pythons() -> list[Path]:
    """A CPython of each minor version from OLDEST on, of the path and of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    named = [shutil.which(f"python3.{minor}") for minor in range(OLDEST[1], OLDEST[1] + 10)]
    paths = [sys.executable, *(path for path in named if path), *map(str, sorted(pyenv.glob("3.*/bin/python")))]
    ask = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    found: dict[tuple[int, int], Path] = {}
    for path in paths:
        said = subprocess.run([path, "-c", ask], capture_output=True, text=True)
        if said.returncode:
            continue  # a name of pyenv without its version
        name, major, minor = said.stdout.split()
        version = (int(major), int(minor))
        if name == "cpython" and version >= OLDEST:
            found.setdefault(version, Path(path))
    return [found[version] for version in sorted(found)]


def tried(python: Path, wheel: Path, version: str) -> str:
    """What the demo said with the wheel in an empty environment of a Python."""
    with tempfile.TemporaryDirectory() as folder:
        _run(str(python), "-m", "venv", "env", folder=folder)
        programs = Path(folder) / "env/bin"
        _run(str(programs / "python"), "-m", "pip", "install", "--quiet", f"{wheel}[train]", folder=folder)
        said = _run(str(programs / "ohmbench"), "--version", folder=folder)
        demo = json.loads(_run(str(programs / "ohmbench"), "demo", "--port", "twin", "--json", folder=folder))
        if said.splitlines()[0] != f"ohmbench {version}":
            raise SystemExit(f"wheels: {wheel.name} says that it is {said!r}")
        accuracy = demo["accuracy_trimmed"]
        if accuracy < LEAST_ACCURACY:
            raise SystemExit(f"wheels: the demo recognised {accuracy:.1%} with {python}")
        (running,) = re.findall(r"^python (\S+?),", said, re.MULTILINE)
        return f"CPython {running}: ohmbench {version}, demo {100 * accuracy:.1f} %"


def _run(*command: str, folder: str | Path = REPO) -> str:
    """What a command says; one that fails ends all, with its words."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"wheels: {' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
