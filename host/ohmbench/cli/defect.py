"""What is said of an exception that nobody expected: that it is a defect, where the array is, and whom to tell."""

from __future__ import annotations

import os
import traceback

from ohmbench.errors import ArrayState
from ohmbench.support.last_defect import keep_traceback
from ohmbench.support.writer import message

EXIT_CODE = 1


def report_defect(error: Exception, array: ArrayState | None) -> int:
    """One line on stderr; the traceback too if OHMBENCH_TRACEBACK asks for it. Returns the exit code.

    Args:
        array: what became of the array; None where none was near.
    """
    keep_traceback(error)
    if os.environ.get("OHMBENCH_TRACEBACK", "") not in ("", "0"):
        message("".join(traceback.format_exception(error)).rstrip())
    said = " ".join(f"{type(error).__name__}: {error}".split())
    message(
        f"this is a defect of ohmbench ({said}). " + (f"{array} " if array else "") + "Please report it with what "
        "`ohmbench bug-report -o report.zip` writes; the traceback is in it (OHMBENCH_TRACEBACK=1 shows it)."
    )
    return EXIT_CODE
