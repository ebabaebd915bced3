"""Words of the glossary in the pages of the site."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
HOOK = runpy.run_path(str(REPO / "docs/site/glossary.py"))
GLOSSARY = (REPO / "docs/glossary.md").read_text()


def test_each_word_is_linked_where_it_is_first_met() -> None:
    page = "# Tiles\n\n    a tile\n\nA `tile` is [a tile](x.md), **a tile**.\nTwo tiles of one tile.\n\n"
    page += "```\nlane\n```\n| lane |\nlanes\n"
    found = HOOK["linked"](page, ["tile", "lane"], "../glossary.md")
    assert found.splitlines()[4:6] == [
        "A `tile` is [a tile](x.md), **a tile**.",
        "Two [tiles](../glossary.md#word-tile) of one tile.",
    ]
    assert found.splitlines()[-1] == "[lanes](../glossary.md#word-lane)"
    assert found.count("](") == 3


def test_code_and_links_that_go_over_a_line_stay_whole() -> None:
    page = "Use `ohmbench\nforming --cells`, see [the\nforming](x.md). So\nforming ends."
    found = HOOK["linked"](page, ["forming"], "g.md")
    assert found == page.replace("So\nforming", "So\n[forming](g.md#word-forming)")


def test_words_that_are_names_in_capitals_are_no_others() -> None:
    assert HOOK["linked"]("set SET", ["SET"], "g.md") == "set [SET](g.md#word-set)"


def test_a_word_of_many_meanings_is_linked_in_one() -> None:
    found = HOOK["linked"]("an exit code, its last ADC code", ["code"], "g.md")
    assert found == "an exit code, its last [ADC code](g.md#word-code)"


def test_every_link_has_its_place() -> None:
    words = HOOK["words"](GLOSSARY)
    assert {"bench time", "rung", "code", "level", "window", "tile", "lane", "image", "promise", "twin"} <= set(words)
    places = re.findall(r'<span id="([^"]+)">', HOOK["anchored"](GLOSSARY))
    assert len(places) == len(set(places))
    assert {HOOK["anchor"](word) for word in words} <= set(places)


def test_pages_stay_what_they_are_but_for_links() -> None:
    words = HOOK["words"](GLOSSARY)
    for page in (REPO / "docs").glob("*.md"):
        text = page.read_text()
        found = HOOK["linked"](text, words, "glossary.md")
        assert re.sub(r"\[([^\]]*)\]\(glossary\.md#word-[^)]*\)", r"\1", found) == text, page
