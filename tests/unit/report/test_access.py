"""Every kind of page in a browser, by axe-core: no serious finding, and nothing wider than a phone."""

from __future__ import annotations

import html
import json
import re
import subprocess
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from tests.chromium import chromium, needs_chromium
from tests.unit.report import making
from tests.unit.report.test_results import made_up
from tests.unit.sweep.test_results import rows

from ohmbench.cli.main import main
from ohmbench.record.store import Store
from ohmbench.report.demo import report_html
from ohmbench.report.live import ProgramReport
from ohmbench.report.sweep import sweep_html
from ohmbench.watch.cell import cell_page
from ohmbench.watch.page import html as watch_page
from ohmbench.watch.state import Watcher

pytestmark = needs_chromium

NARROW_PX, WIDE_PX = 400, 1160
LAB = "--port twin --array W1.ohma --lab . --quiet"
# what a program makes from end to end; trimmings and characterisations are pages of `show`
COMMANDS = f"""
selftest --port twin --quiet --report selftest.html
selftest --port twin --quiet --carrier-kind x1-scan --report selftest-cells.html
map -o digits.ohmw --quiet
program digits.ohmw --only 0 {LAB}
verify digits.ohmw {LAB} --after 3600 --report verify.html
experiment iv {LAB} --cells 0,0:3,3 --report experiment.html
infer digits.ohmw --port twin --quiet --images 20 --trim 50 --report infer.html
characterise {LAB} --out a-name-as-long-as-those-that-laboratories-give-to-their-files.json
show 1 --lab . --quiet --report program.html
show 4 --lab . --quiet --report run.html
"""
FRAME = """<script>{axe}</script><script>
axe.run(document, {{resultTypes: ['violations']}}).then(found => parent.postMessage({{name: {name},
  wider: document.documentElement.scrollWidth - innerWidth, found: found.violations.filter(
    one => ['serious', 'critical'].includes(one.impact)).map(one => [one.id, one.nodes[0].html])}}, '*'));
</script></body>"""
HOST = """<!doctype html><meta charset="utf-8"><title>all pages</title><pre id="said"></pre><script>
const said = [];
addEventListener('message', message => {{
  said.push(message.data);
  if (said.length === {count}) document.getElementById('said').textContent = JSON.stringify(said);
}});
</script>{frames}"""


def judged(pages: dict[str, str], folder: Path) -> dict[str, tuple[list[list[str]], int]]:
    """What axe finds in each page at both widths, and by how many pixels it is too wide; all in one browser."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    frames = []
    for name, text in pages.items():
        for width in (NARROW_PX, WIDE_PX):
            script = FRAME.format(axe=axe, name=json.dumps(f"{name}, {width} px"))
            page = html.escape(text.replace("</body>", script))
            frames.append(f'<iframe title="{name}" width="{width}" height="900" srcdoc="{page}"></iframe>')
    path = folder / "all.html"
    path.write_text(HOST.format(count=len(frames), frames="\n".join(frames)), encoding="utf-8")
    command = [*chromium(folder / "profile"), "--virtual-time-budget=60000", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    said = re.search(r'<pre id="said">(.+?)</pre>', done.stdout, re.DOTALL)
    assert said is not None, "not every page was judged"
    return {one["name"]: (one["found"], one["wider"]) for one in json.loads(html.unescape(said[1]))}


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    for line in COMMANDS.strip().splitlines():
        monkeypatch.setattr("sys.argv", ["ohmbench", *line.split()])  # as the record keeps it
        assert main(line.split()) == 0, line
    made = {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.glob("*.html")}
    made["one-array"] = report_html(made_up(layers=np.repeat([0, 1, -1, 2], 32).reshape(2, 8, 8)))
    made["sweep"] = sweep_html(rows(), {row["point"]: [[5, 1], [0, 6]] for row in rows()}, [])
    with ProgramReport(tmp_path / "live.html", making.info(serial="W" * 128)) as report:
        report.update(0, making.image(done_rows=np.arange(8) < 4))
        made["live"] = re.sub('<meta http-equiv="refresh"[^>]*>', "", (tmp_path / "live.html").read_text())
    with Store.open(tmp_path / "record.sqlite") as store:
        made["cell"] = cell_page(store, "W1", 3, 4)
    for name, query in (("watch", ()), ("watch a run", (3,)), ("watch an array", (None, "W1"))):
        with closing(Watcher.open(tmp_path / "record.sqlite", *query)) as watcher:
            made[name] = watch_page(watcher.state())
    return made


def test_no_page_has_a_serious_finding_or_is_wider_than_a_phone(pages: dict[str, str], tmp_path: Path) -> None:
    found = judged(pages, tmp_path)
    assert len(found) == 2 * len(pages)
    assert {name: said for name, said in found.items() if said[0] or said[1] > 0} == {}


def test_a_bad_page_is_found(tmp_path: Path) -> None:
    bad = '<html lang="en"><title>x</title><body><p style="color:#ccc;width:900px">pale, and wide</p></body></html>'
    found = judged({"bad": bad}, tmp_path)
    (narrow, wider), (wide, no_wider) = found["bad, 400 px"], found["bad, 1160 px"]
    assert {one[0] for one in narrow} == {one[0] for one in wide} == {"color-contrast"}
    assert (wider > 0, no_wider) == (True, 0)
