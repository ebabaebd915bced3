"""Feeds every reader of outside data with spoiled inputs: `make fuzz`, for FUZZ_SECONDS in all.

An input must give a result or an OhmbenchError, in 10 s and 2 GB. What breaks a reader is left in build/fuzz; mend it,
and put the file in tests/fuzz/corpus/READER, where `make test` reads it from then on.

The mutator is our own: libFuzzer's (atheris) has no wheel for every Python and system that ohmbench runs on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.fuzz.readers import READERS

REPO = Path(__file__).resolve().parents[2]
FOLDER = REPO / "build/fuzz"
_ENVIRONMENT = os.environ | {"PYTHONPATH": str(REPO), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_SLACK_S = 60  # to start, and to end by itself after an input's time


def run(reader: str, seconds: float, seed: int, folder: Path = FOLDER) -> dict[str, Any]:
    """What became of one reader's inputs; a process that crashed or hung is a crash."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.worker", reader, str(seconds), str(seed), str(folder)]
    try:
        done = subprocess.run(
            command, cwd=REPO, env=_ENVIRONMENT, capture_output=True, text=True, timeout=seconds + _SLACK_S
        )
        if done.returncode == 0:
            found: dict[str, Any] = json.loads(done.stdout)
            return found
        why = f"the process ended with {done.returncode}: {done.stderr[-300:]}"
    except subprocess.TimeoutExpired:
        why = "the process hung"
    return {"inputs": 0, "read": 0, "refused": 0, "crashes": {why: f"{reader}.current{READERS[reader].suffix}"}}


def main(seconds: float) -> int:
    """Every reader for its share of the time; the exit code is 1 where one broke."""
    total = broken = 0
    seed = int(time.time())
    print(f"fuzz: seed {seed}, {len(READERS)} readers, {seconds / len(READERS):.0f} s each")
    for reader in READERS:
        found = run(reader, seconds / len(READERS), seed)
        total += found["inputs"]
        broken += len(found["crashes"])
        counts = f"{found['inputs']:7} inputs, {found['read']:6} read, {found['refused']:7} refused"
        print(f"fuzz: {reader:11} {counts}, {len(found['crashes'])} kinds of crashes", flush=True)
        for kind, name in found["crashes"].items():
            print(f"    {kind}: {name}", flush=True)
    print(f"fuzz: {total} inputs, {broken} kinds of crashes; files in {FOLDER}")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 600.0))
