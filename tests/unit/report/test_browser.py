"""The pages in a browser: their script runs to its end, and nothing complains. Skipped where there is no Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.unit.report import making

from ohmbench.report.live import ProgramReport
from ohmbench.report.verify import render_verify

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")


def loaded(page: Path, profile: Path) -> tuple[str, list[str]]:
    """The page as the script left it, and what the browser's console said."""
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            f"--user-data-dir={profile}",
            "--enable-logging=stderr",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_pages_render(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    path = tmp_path / "run.html"
    with ProgramReport(path, making.info(serial=making.HOSTILE)) as report:
        report.update(0, making.image())
        report.update(1, making.image(done_rows=np.arange(8) < 4))
        report.finish()
    render_verify(making.verified((1.0, 4.0)), tmp_path / "verify.html")
    for name, maps in (("run.html", 8), ("verify.html", 4)):
        dom, console = loaded(tmp_path / name, profile)
        assert console == []
        # the script sets the size of a map as it draws it
        drawn = re.findall(r'<canvas class="map"[^>]* width="96" height="96"', dom)
        assert len(drawn) == maps


def test_the_console_is_heard(tmp_path: Path) -> None:
    """Otherwise the test above could not fail."""
    broken = tmp_path / "broken.html"
    broken.write_text("<script>nothing.at.all</script>")
    _dom, console = loaded(broken, tmp_path / "profile")
    assert any("nothing is not defined" in line for line in console)


def test_a_page_that_no_one_writes_any_more_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    report = ProgramReport(path, making.info())
    html = path.read_text(encoding="utf-8")
    report.finish()
    old = tmp_path / "old.html"
    # without its refresh, which would have the browser load it for ever
    old.write_text(
        re.sub(r'<meta http-equiv="refresh"[^>]*>', "", re.sub(r'data-at="\d+"', 'data-at="1000000000"', html)),
        encoding="utf-8",
    )
    dom, console = loaded(old, tmp_path / "profile")
    assert console == []
    assert "whatever wrote this page has stopped" in making.Page(dom).text.split("<script", 1)[0]
