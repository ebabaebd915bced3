"""A command on the twin that is killed at its n-th pulse or write of the record."""

from __future__ import annotations

import sys
from pathlib import Path

_DYING = """
import os, signal, sys
import ohmbench.model.twin
from ohmbench.model.array import ArrayModel
from ohmbench.cli.main import main
from ohmbench.record.store import Run
left = int(sys.argv[1])
def dying(kind, name):
    method = getattr(kind, name)
    def call(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return method(*args, **kwargs)
    setattr(kind, name, call)
dying(ArrayModel, "pulse")
for name in sys.argv[2].split(","):
    dying(Run, name)
code = main(sys.argv[3:])
print(int(sys.argv[1]) - left, file=sys.stderr)
sys.exit(code)
"""


def dying(at: int, record: str, *arguments: str | Path) -> list[str]:
    """The command line: dies at the `at`-th pulse or call of `Run` named in `record`; else stderr ends with how many
    there were."""
    names = f"begin_pass,{record},finish"
    return [sys.executable, "-c", _DYING, str(at), names, *map(str, arguments)]
