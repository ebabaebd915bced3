"""The process that holds a power supply while a bench is in use, and turns it off when the bench's process is gone.

    python -m ohmbench.instruments.supervisor

Its stdin brings the supply's file as a line of JSON, then a beat every BEAT_S. The outputs go off when stdin ends,
which it does at once when the other process ends in whatever way, and when no beat came for SILENCE_S. Its stdout says,
a line of JSON each, what the outputs give once they are on, that they are off again, or what went wrong.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from dataclasses import asdict
from typing import Any

from ohmbench.errors import OhmbenchError
from ohmbench.instruments.supplies import Supply, open_supply
from ohmbench.instruments.supply_file import SupplyFile
from ohmbench.support.writer import drop_stdout, json_text, message, result

BEAT_S = 0.25
SILENCE_S = 2.0
"""Longer than a busy machine keeps a thread waiting; a board's own watchdog has turned the array off long before."""

POLL_S = 1.0
"""How often the supply is asked what it gives, which keeps its own watchdog quiet."""

RETRIES = 60
RETRY_S = 1.0
"""How often, and how far apart, an output that does not go off is told again, over a new connection."""


def main() -> int:
    told = _told_to_end()
    file = SupplyFile.of_json(json.loads(sys.stdin.buffer.readline()))
    try:
        with open_supply(file.address) as supply:
            readings = supply.on(file)
            _say(identity=supply.identity, outputs=[asdict(reading) for reading in readings])
            try:
                silent = _wait(supply, file, told)
            finally:  # if it does not answer, too
                _turn_off(supply, file)
    except OhmbenchError as error:
        _say(error=[error.what, error.todo], exit_code=error.exit_code)
        return error.exit_code
    _say(off=True, silent=silent)
    return 0


def _wait(supply: Supply, file: SupplyFile, told: int) -> bool:
    """Until the other process has gone, or is silent: True.

    Raises:
        SystemExit: a signal tells this process to end.
    """
    polled = time.monotonic()
    while ready := select.select([0, told], [], [], SILENCE_S)[0]:
        if told in ready:
            raise SystemExit(128 + os.read(told, 1)[0])
        if not os.read(0, 4096):
            return False
        if time.monotonic() - polled > POLL_S:
            polled = time.monotonic()
            supply.read(file)
    return True


def _told_to_end() -> int:
    """A file descriptor that gives the numbers of the signals that tell this process to end.

    A signal must not break off what turns outputs on or off, so that its handler raises nothing.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, frame: None)
    return told


def _turn_off(supply: Supply, file: SupplyFile) -> None:
    """Whatever goes wrong, and also what nobody thought of, is a reason to try again."""
    try:
        return supply.off(file)
    except Exception as error:
        failed: Exception = error
    message(f"{failed} Trying again.")
    for _ in range(RETRIES):
        time.sleep(RETRY_S)
        try:
            with open_supply(file.address) as again:
                return again.off(file)
        except Exception as error:
            failed = error
    raise failed


def _say(**values: Any) -> None:
    if result(json_text(values, None)) is not None:  # nobody is left who could read it
        drop_stdout()


if __name__ == "__main__":
    sys.exit(main())
