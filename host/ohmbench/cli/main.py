"""The entry of the command line: signals first, then the command, and what is said of how it ended."""

from __future__ import annotations

from collections.abc import Sequence

from ohmbench.bench.left import array_left_as, left_as
from ohmbench.cli.signals import INTERRUPTED, taken_as_interrupts


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    left_as(None)
    try:
        with taken_as_interrupts():
            # here: a signal while these are loaded, which takes a while, ends in order as well
            from ohmbench.cli.command_line import run_command

            return run_command(argv)
    except KeyboardInterrupt as error:
        return _interrupted(error)
    except Exception as error:
        from ohmbench.cli.defect import report_defect

        return report_defect(error, array_left_as())


def _interrupted(error: KeyboardInterrupt) -> int:
    from ohmbench.support.writer import message

    by = f" by {error}" if str(error) not in ("", "SIGINT") else ""
    message(f"interrupted{by}. {array_left_as() or ''}".rstrip())
    for line in getattr(error, "__notes__", ()):
        message(line)
    return int(getattr(error, "exit_code", INTERRUPTED))
