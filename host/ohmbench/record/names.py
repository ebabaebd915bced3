"""Names of what a record holds, as options of commands have them. Light: every command loads it."""

from __future__ import annotations

from enum import StrEnum

LOGGED = ("runs", "arrays", "events", "calibrations")
"""What `ohmbench log` looks up."""

TABLES = ("runs", "arrays", "wear", "cells", "samples", "events")
"""What `ohmbench export` writes as a table."""


class RunStatus(StrEnum):
    """How a run ended. The file may have one that was killed as running: who reads it looks for its process."""

    RUNNING = "running"
    DONE = "done"
    KILLED = "killed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
