"""The public face: what `import ohmbench` gives, and what that costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import ohmbench


def test_every_name_is_there() -> None:
    for name in ohmbench.__all__:
        assert getattr(ohmbench, name) is not None
    assert set(ohmbench.__all__) == set(dir(ohmbench))
    assert not hasattr(ohmbench, "nonsense")


def test_type_checkers_are_told_the_same() -> None:
    stub = ast.parse(Path(ohmbench.__file__).with_suffix(".pyi").read_text())
    told = {
        alias.name: node.module.removeprefix("ohmbench.")
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module != "__future__"
        for alias in node.names
    }
    assert told == ohmbench._FACE


def test_importing_it_loads_nothing() -> None:
    loaded = "import sys, ohmbench; print([m for m in sys.modules if m.startswith(('ohmbench.', 'numpy'))])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
