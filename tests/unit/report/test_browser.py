"""The pages in a browser: their script runs to its end, and nothing complains. Skipped where there is no Chromium."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from tests.chromium import chromium, needs_chromium
from tests.unit.report import making
from tests.unit.sweep.test_results import rows

from ohmbench.report.live import ProgramReport
from ohmbench.report.sweep import sweep_html
from ohmbench.report.verify import render_verify

pytestmark = needs_chromium


def loaded(page: Path, profile: Path) -> tuple[str, list[str]]:
    """The page as the script left it, and what the browser's console said."""
    more = ["--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom"]
    done = subprocess.run(
        [*chromium(profile), *more, page.as_uri()],
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


KEYS = """<script>
const map = document.querySelector('canvas.map[data-view=read]');
map.focus();
for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'ArrowUp', 'ArrowUp', 'ArrowDown']) {
  map.dispatchEvent(new KeyboardEvent('keydown', {key}));
}
</script>"""


def test_the_keyboard_reaches_every_cell(tmp_path: Path) -> None:
    path = tmp_path / "run.html"
    with ProgramReport(path, making.info()) as report:
        report.update(0, making.image())
        report.finish()
    path.write_text(path.read_text(encoding="utf-8").replace("</body>", KEYS + "</body>"), encoding="utf-8")
    dom, console = loaded(path, tmp_path / "profile")
    assert console == []
    said = re.search(r'<div id="tip" role="status"[^>]*>(.*?)</div>', dom, re.DOTALL)
    assert said is not None
    assert said[1].splitlines()[0] == "row 1, column 2"


SAVES = """<script>
const saved = [];
URL.createObjectURL = blob => { saved.push(blob.text()); return '#'; };
for (const button of document.querySelectorAll('.save button')) button.click();
Promise.all(saved).then(texts => {
  const holder = document.body.appendChild(document.createElement('pre'));
  holder.id = 'saved';
  holder.textContent = JSON.stringify(texts);
});
</script>"""


def saved(page: Path, profile: Path) -> list[tuple[ElementTree.Element, list[list[str]]]]:
    """Pictures and numbers of every chart of a page, as its buttons save them."""
    html = page.read_text(encoding="utf-8")
    clicked = page.with_name(f"clicked-{page.name}")
    clicked.write_text(html.replace("</body>", SAVES + "</body>"), encoding="utf-8")
    dom, console = loaded(clicked, profile)
    assert console == []
    found = re.search(r'<pre id="saved">(.*?)</pre>', dom, re.DOTALL)
    assert found is not None
    texts = json.loads(unescape(found[1]))
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return [(ElementTree.fromstring(svg), list(csv.reader(io.StringIO(numbers)))) for svg, numbers in pairs]


def test_every_chart_can_be_saved(tmp_path: Path) -> None:
    """A picture that stands alone, and its numbers; hostile texts stay texts."""
    profile = tmp_path / "profile"
    path = tmp_path / "run.html"
    with ProgramReport(path, making.info(serial=making.HOSTILE)) as report:
        report.update(0, making.image())
        report.finish()
    charts = [*saved(path, profile)]
    html = path.read_text(encoding="utf-8")
    assert len(charts) == html.count('<canvas class="map"') + html.count("<svg viewBox") > 4
    for svg, numbers in charts:
        assert svg.tag == "{http://www.w3.org/2000/svg}svg"
        assert not [part for part in svg.iter() if part.tag.endswith(("script", "image"))]
        assert len(numbers) > 2
        assert {len(line) for line in numbers} == {len(numbers[0])}
    maps = [numbers for _svg, numbers in charts if numbers[0][:2] == ["row", "column"]]
    assert len(maps) == 4
    read = next(lines for lines in maps if lines[0][2].startswith("Read-back"))
    assert [line[:2] for line in read[1:4]] == [["0", "0"], ["0", "1"], ["0", "2"]]
    assert len(read) == 1 + 8 * 8


def test_a_page_of_a_sweep_saves_matrices_too(tmp_path: Path) -> None:
    table = rows()
    path = tmp_path / "sweep.html"
    path.write_text(sweep_html(table, {row["point"]: [[5, 1], [0, 6]] for row in table}, []), encoding="utf-8")
    numbers = [lines for _svg, lines in saved(path, tmp_path / "profile")]
    assert ["0", "5", "1", "83 %"] in [line for lines in numbers for line in lines]
    cells = next(lines for lines in numbers if "cells" in lines[0])
    dots = [dict(zip(cells[0], line, strict=True)) for line in cells[1:] if "dot" in line]
    assert {float(dot["cells"]) for dot in dots} == {640.0, 1280.0}


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
