"""With what a result was computed."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import ohmbench
from ohmbench import __version__


@cache
def provenance() -> dict[str, str]:
    """Versions of what computes, and `code`, a hash that changes with any file of the package."""
    return {
        "ohmbench": __version__,
        "code": _code(),
        "python": platform.python_version(),
        "numpy": version("numpy"),  # not numpy's own: --version would wait for it to load
        "machine": f"{platform.system()} {platform.machine()}",
    }


def _code() -> str:
    folder = Path(ohmbench.__file__).parent
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in {".py", ".so", ".pyd", ".toml"}:
            found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:12]
