"""The self-test as a page, and as JSON beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ohmbench import __version__
from ohmbench.checks.selftest import SelfTest, Verdict
from ohmbench.checks.selftest_cells import CellsSelfTest
from ohmbench.report.page import on_rung, page
from ohmbench.support.files import write_result
from ohmbench.support.words import counted
from ohmbench.support.writer import json_text


def write_report(result: SelfTest | CellsSelfTest, path: Path) -> None:
    """Write the page, and the same as JSON with the suffix .json.

    Raises:
        UsageError: the folder is not writable.
    """
    write_result(path.with_suffix(".json"), json_text(result.summary()).encode())
    write_result(path, selftest_html(result).encode())


def selftest_html(result: SelfTest | CellsSelfTest) -> str:
    """The page as text."""
    if isinstance(result, CellsSelfTest):
        return _page(result, "report/templates/selftest_cells.html", said=result.read())
    m = result.measured
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
    return _page(
        result,
        "report/templates/selftest.html",
        channels=channels,
        rails=[[rail.name.lower(), f"{100 * (volts - 1):+.2f}"] for rail, volts in m.rails.items()],
        sums=" ".join(f"{value:.0f}" for value in np.asarray(m.rows)),
    )


def _page(result: Verdict, template: str, **values: Any) -> str:
    info = result.info
    verdict = "good" if result.is_good else counted(len(result.faults), "fault")
    return page(
        template,
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
        **values,
    )
