"""Processes that this program starts in Python: none of them takes a file of the working folder for a module."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_NAME = "PYTHONSAFEPATH"


@contextmanager
def safe_path() -> Iterator[None]:
    """Within this, new Python processes leave the working folder out of their path, where a json.py may lie.

    joblib and multiprocessing start theirs with `-m` or `-c`, which put it in first.
    """
    before = os.environ.get(_NAME)
    os.environ[_NAME] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_NAME, None)
        else:
            os.environ[_NAME] = before
