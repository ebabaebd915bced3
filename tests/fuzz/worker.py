"""One reader fed with spoiled inputs, in a process of its own: its memory is bounded, and it may crash.

    python -m tests.fuzz.worker READER SECONDS SEED FOLDER

Prints JSON: inputs tried, read and refused, and the names of the files in FOLDER that broke it.
"""

from __future__ import annotations

import contextlib
import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from tests.fuzz.readers import READERS, seeds

from ohmbench.errors import OhmbenchError

INPUT_S = 10
"""Of this process: a busy machine is no crash. What waits instead of working has _WAIT_S."""
_WAIT_S = 120
MEMORY_BYTES = 2 << 30
_KEPT = 200  # inputs that were read or refused, which are spoiled further
_MOST_KINDS = 20  # of crashes: more tell nothing new


class TooLong(BaseException):
    """An input took longer than it may."""


def outcome(reader: str, path: Path) -> str:
    """What a reader makes of a file: "read" or "refused"; what else it raises is a crash."""
    try:
        READERS[reader].read(path)
    except OhmbenchError:
        return "refused"
    return "read"


def limit_memory() -> None:
    """2 GB more than this process has."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY_BYTES,) * 2)


def _stop(*_: object) -> None:
    raise TooLong


def _allow(of_process_s: int, wall_s: int) -> None:
    """From now on, or without end for 0."""
    signal.setitimer(signal.ITIMER_PROF, of_process_s)
    signal.setitimer(signal.ITIMER_REAL, wall_s)


def fuzz(reader: str, seconds: float, seed: int, folder: Path) -> dict[str, Any]:
    """Feed a reader for a time; files that break it stay in `folder`."""
    rng = random.Random(seed)
    counts: dict[str, Any] = {"inputs": 0, "read": 0, "refused": 0, "crashes": {}}
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as temporary:
        good = seeds(reader, Path(temporary))
        kept = list(good)
        current = folder / f"{reader}.current{READERS[reader].suffix}"
        for late in (signal.SIGPROF, signal.SIGALRM):
            signal.signal(late, _stop)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            data = READERS[reader].spoil(rng.choice(good if rng.random() < 0.6 else kept), rng)
            path = Path(temporary, f"input{READERS[reader].suffix}")
            for beside in path.parent.glob(f"{path.name}*"):  # journals of SQLite
                beside.unlink()
            path.write_bytes(data)
            current.write_bytes(data)  # where a crash of this process leaves it
            counts["inputs"] += 1
            _allow(INPUT_S, _WAIT_S)
            try:
                counts[outcome(reader, path)] += 1
                kept[rng.randrange(len(kept)) if len(kept) >= _KEPT else len(kept) :] = [data]
            except (Exception, TooLong) as error:
                place = traceback.extract_tb(error.__traceback__)[-1]
                kind = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
                if kind not in counts["crashes"] and len(counts["crashes"]) < _MOST_KINDS:
                    name = f"{reader}-{len(counts['crashes'])}-{seed}{READERS[reader].suffix}"
                    (folder / name).write_bytes(data)
                    counts["crashes"][kind] = f"{name}: {str(error)[:100]}"
            finally:
                _allow(0, 0)
        current.unlink(missing_ok=True)
    return counts


if __name__ == "__main__":
    limit_memory()
    with contextlib.redirect_stdout(sys.stderr):
        found = fuzz(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
    print(json.dumps(found, allow_nan=False))
