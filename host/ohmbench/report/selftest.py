"""The self-test as a page, and as JSON beside it."""

from __future__ import annotations

from html import escape
from pathlib import Path

import numpy as np

from ohmbench import __version__
from ohmbench.checks.selftest import SelfTest
from ohmbench.report.page import RUNGS, origin_note, page, provenance_table
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
    m = result.measured
    verdict = "good" if result.is_good else counted(len(result.faults), "fault")
    faults = "".join(
        f"<tr><th>{escape(f.kind)}</th><td>{escape(f.where)}</td><td>{escape(f.detail)}</td></tr>"
        for f in result.faults
    )
    notes = "".join(f'<p class="notice">{escape(note)}</p>' for note in result.notes)
    channels = "".join(
        f"<tr><td>{c}</td><td>{m.offset[c]:.1f}</td><td>{m.noise_lsb[c]:.2f}</td>"
        f"<td>{100 * (m.reference[c] - 1):+.1f}</td><td>{m.array[c]:.0f}</td></tr>"
        for c in range(len(m.offset))
    )
    rails = "".join(f"<tr><td>{r.name.lower()}</td><td>{100 * (v - 1):+.2f}</td></tr>" for r, v in m.rails.items())
    rows = " ".join(f"{value:.0f}" for value in np.asarray(m.rows))
    body = f"""<h1>Self-test: {escape(verdict)}</h1>
<p class="soft">{escape(result.carrier)}, on {escape(RUNGS.get(result.info.rung, result.info.rung))}</p>
{origin_note(result.info.is_simulated)}
{notes}
{f"<h2>Faults</h2><table>{faults}</table>" if faults else ""}
<h2>Channels</h2>
<div class="scroll" tabindex="0"><table class="levels"><tr><th>channel</th><th>offset, codes</th><th>noise, LSB</th>
<th>reference, % off</th><th>array, codes</th></tr>{channels}</table></div>
<h2>Rails</h2>
<table class="levels"><tr><th>rail</th><th>% off</th></tr>{rails}</table>
<h2>Rows</h2>
<p>Sum of the codes of each row alone, row 0 first: {rows}</p>
<h2>Made with</h2>
{
        provenance_table(
            {
                "ohmbench": __version__,
                "port": result.info.port,
                "build": f"{result.info.build_id:08x}",
                "at": result.at.isoformat(timespec="seconds"),
            }
        )
    }"""
    return page(f"Self-test: {verdict}", body)
