"""The self-test as a page, and as JSON beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ohmbench import __version__
from ohmbench.checks.selftest import SelfTest
from ohmbench.report.page import on_rung, page
from ohmbench.support.files import write_result
from ohmbench.support.words import counted
from ohmbench.support.writer import json_text


def write_report(result: SelfTest, path: Path) -> None:
    """Write the page, and the same as JSON with the suffix .json.

    Raises:
        UsageError: the folder is not writable.
    """
    write_result(path.with_suffix(".json"), json_text(result.summary()).encode())
    write_result(path, selftest_html(result).encode())


def selftest_html(result: SelfTest) -> str:
    """The page as text."""
    m, info = result.measured, result.info
    verdict = "good" if result.is_good else counted(len(result.faults), "fault")
    channels = [
        [
            str(c),
            f"{m.offset[c]:z.1f}",
            f"{m.noise_lsb[c]:.2f}",
            f"{100 * (m.reference[c] - 1):+z.1f}",
            f"{m.array[c]:.0f}",
        ]
        for c in range(len(m.offset))
    ]
    return page(
        "report/templates/selftest.html",
        title=f"Self-test: {verdict}",
        heading=f"Self-test: {verdict}",
        about=on_rung(f"{result.carrier},", info.rung),
        rung=info.rung,
        notices=result.notes,
        provenance={
            "ohmbench": __version__,
            "port": info.port,
            "build": f"{info.build_id:08x}",
            "at": result.at.isoformat(timespec="seconds"),
        },
        faults=result.faults,
        channels=channels,
        rails=[[rail.name.lower(), f"{100 * (volts - 1):+.2f}"] for rail, volts in m.rails.items()],
        sums=" ".join(f"{value:.0f}" for value in np.asarray(m.rows)),
    )
