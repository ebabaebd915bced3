"""The pages under docs/ and at the top."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from ohmbench.isa import assemble

REPO = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPO.glob("*.md"), *(REPO / "docs").rglob("*.md")])


def links(page: Path) -> list[Path]:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    return [(page.parent / target).resolve() for target in targets if "://" not in target]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPO)))
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in links(page) if not link.exists()]
    assert not missing


def test_the_index_has_every_page() -> None:
    index = REPO / "docs/README.md"
    pages = {page.resolve() for page in (REPO / "docs").rglob("*.md")} - {index}
    assert pages <= set(links(index))


def test_the_example_of_a_pulse_program_assembles() -> None:
    text = (REPO / "docs/pulse-programs.md").read_text()
    program = assemble(re.findall(r"```\n(.*?)```", text, re.S)[0])
    assert program.entries == {"repeat": 0}
    assert program.args == {"row": 0, "times": 1}


def test_the_block_diagrams_are_current_and_have_every_module_of_their_file() -> None:
    drawn = runpy.run_path(str(REPO / "docs/img/rtl.py"))
    for name, diagram in drawn["DIAGRAMS"].items():
        assert drawn["drawing"](diagram) == (REPO / f"docs/img/{name}.svg").read_text()
        source = (REPO / diagram.source).read_text()
        modules = set(re.findall(r"^  (ohm_\w+) (?:#\(|u_\w+ \()", source, re.MULTILINE))
        assert {box.name for box in diagram.boxes if not box.is_outside} == modules


def test_every_picture_of_a_page_is_shown_and_made() -> None:
    made = runpy.run_path(str(REPO / "docs/pages/make.py"))
    names = {*made["PAGES"], *made["SERVED"]}
    assert {picture.stem for picture in (REPO / "docs/pages").glob("*.png")} == names
    text = (REPO / "docs/pages.md").read_text()
    assert names == set(re.findall(r"\(pages/([a-z-]+)\.png\)", text))


def test_the_picture_of_the_architecture_is_current() -> None:
    drawn = runpy.run_path(str(REPO / "docs/img/architecture.py"))
    assert drawn["drawing"]() == (REPO / "docs/img/architecture.svg").read_text()
    assert all((REPO / "host/ohmbench" / box.folder).is_dir() for box in drawn["ROWS"][0])
