"""A power supply that is on while something is done, and goes off when this process ends, in whatever way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from subprocess import PIPE
from threading import Event, Thread
from typing import Any

from ohmbench.errors import InstrumentError, UsageError
from ohmbench.instruments.supervisor import BEAT_S, SILENCE_S
from ohmbench.instruments.supplies import open_supply
from ohmbench.instruments.supply_file import Reading, SupplyFile


@contextmanager
def supplied(file: SupplyFile) -> Iterator[tuple[Reading, ...]]:
    """Turn a supply's outputs on, and off at the end. Yields what was read back.

    Another process holds the supply. It turns the outputs off as soon as this one has ended, and when this one has been
    stopped for SILENCE_S.

    Raises:
        UsageError: PyVISA or PyMeasure is not installed.
        InstrumentError: no such supply, an output that does not give what it should, or one that may still be on.
    """
    # -P: no file of the working folder is taken for a module
    command = [sys.executable, "-P", "-m", f"{__package__}.supervisor"]
    # a session of its own: Ctrl-C at the terminal is for this process only
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, start_new_session=True) as process:
        assert process.stdin is not None
        stop = Event()
        beats = Thread(target=_beat, args=(process.stdin.fileno(), stop), daemon=True)
        is_on = False
        try:
            with suppress(OSError):  # it has ended already: its answer, or that there is none, says more
                process.stdin.write(json.dumps(file.as_json(), allow_nan=False).encode() + b"\n")
                process.stdin.flush()
            beats.start()
            answer = _answer(process)  # what it refuses is off again
            is_on = True
            if answer is not None:
                yield tuple(Reading(**reading) for reading in answer["outputs"])
        finally:
            stop.set()
            if beats.is_alive():
                beats.join()
            process.stdin.close()
            if is_on:
                _require_off(process, file)


def _beat(pipe: int, stop: Event) -> None:
    while not stop.wait(BEAT_S):
        try:
            os.write(pipe, b"\n")
        except OSError:  # it has gone; the end of the context says so
            return


def _answer(process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
    """What the supervisor says next; None if it has ended without a word."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        return None
    answer: dict[str, Any] = json.loads(line)
    if "error" in answer:
        kind = UsageError if answer["exit_code"] == UsageError.exit_code else InstrumentError
        raise kind(*answer["error"])
    return answer


def _require_off(process: subprocess.Popen[bytes], file: SupplyFile) -> None:
    answer = _answer(process)
    if answer is None:
        with open_supply(file.address) as supply:
            supply.off(file)
        raise InstrumentError(
            f"The process that held the power supply at {file.address} ended too early. The outputs were on "
            "without it, and are off now.",
            "Find out what ended it, then give the command again.",
        )
    if answer["silent"]:
        raise InstrumentError(
            f"This program was stopped for {SILENCE_S:g} s, so the power supply is off.",
            "Give the command again, with --resume if it takes it.",
        )
