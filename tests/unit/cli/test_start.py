"""What help, version and completion load: a shell that completes a word waits for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ohmbench.cli.command_line import COMMANDS

HEAVY = ("numpy", "scipy", "sklearn", "onnx", "onnxruntime", "torch", "matplotlib", "pandas", "serial", "tqdm")
"""Each takes a tenth of a second or more to load, or loads what does."""

ASK = """
import contextlib, io, sys
from ohmbench.cli.main import main
for line in sys.argv[1:]:
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as said:
        main(line.split())
    assert said.getvalue(), line
print(*sys.modules)
"""


@pytest.mark.parametrize(
    "lines",
    [["--help"], ["--version"], ["completion bash"], [f"{name} --help" for name in COMMANDS]],
    ids=["help", "version", "completion", "help of each command"],
)
def test_nothing_heavy_is_loaded(lines: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", ASK, *lines], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "ohmbench.cli.command_line" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_a_command_that_is_named_makes_its_own_parser_alone() -> None:
    line = [sys.executable, "-c", ASK, "asm --help"]
    loaded = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert "ohmbench.cli.asm" in loaded.split()
    assert "ohmbench.cli.sweep" not in loaded.split()
