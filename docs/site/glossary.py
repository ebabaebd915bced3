"""Links of the site to the glossary: each of its words, where a page has it first.

The pages themselves stay free of these links: on GitHub they are read with the glossary beside them.
"""

from __future__ import annotations

import re
from typing import Any

PAGE, START = "glossary.md", "README.md"
_VERBS = frozenset({"board", "load", "product", "raw", "record", "run"})
"""Words that mostly mean what they mean everywhere; a link would be wrong more often than right."""
_SAID = {"code": "ADC code"}
"""What a page has to say for a link to a word that has other meanings too: exit codes, Python code."""
_ENTRY = re.compile(r"^- \*\*(.+?)\*\*:", re.MULTILINE)
_KEPT = re.compile(r"`[^`]*`|!?\[[^\]]*\]\([^)]*\)|<[^>]*>|\*\*[^*]*\*\*")
"""Code, links, tags and what is bold: no link goes into them."""


def on_page_markdown(markdown: str, *, page: Any, files: Any, **_: Any) -> str:
    """Give the glossary's entries their anchors, and every other page its links."""
    path = page.file.src_uri
    if path == PAGE:
        return anchored(markdown)
    if path == START or path.startswith("reference/") or not path.endswith(".md"):
        return markdown
    glossary = files.get_file_from_path(PAGE).content_string
    return linked(markdown, words(glossary), "../" * path.count("/") + PAGE)


def words(glossary: str) -> list[str]:
    """Those that have an entry and are linked, the longest first."""
    found = {word for entry in _ENTRY.findall(glossary) for word in entry.split(", ")} - _VERBS
    return sorted(found, key=lambda word: (-len(word), word))


def anchor(word: str) -> str:
    return "word-" + re.sub(r"\W+", "-", word.lower())


def anchored(glossary: str) -> str:
    """The glossary with a place to link to before each word."""

    def entry(found: re.Match[str]) -> str:
        places = "".join(f'<span id="{anchor(word)}"></span>' for word in found[1].split(", "))
        return f"- {places}**{found[1]}**:"

    return _ENTRY.sub(entry, glossary)


def linked(markdown: str, terms: list[str], page: str) -> str:
    """A page with a link at the first place of each word in running text; code, headings and tables have none."""
    left, is_code, lines, text = list(terms), False, [], []
    for line in [*markdown.split("\n"), ""]:
        if line.startswith("```"):
            is_code = not is_code
        if line and not is_code and not line.startswith(("    ", "\t", "#", "|", "```", "!", ">")):
            text.append(line)
            continue
        if text:  # as one, since code and links go over the ends of lines
            lines.append(_linked_text("\n".join(text), left, page))
            text = []
        lines.append(line)
    return "\n".join(lines[:-1])


def _linked_text(text: str, left: list[str], page: str) -> str:
    """Lines of running text with their links; the words that are linked are no longer left."""
    for word in list(left):
        flags = 0 if word.isupper() else re.IGNORECASE
        pattern = re.compile(rf"(?<![\w-])({re.escape(_SAID.get(word, word))}s?)(?![\w-])", flags)
        kept = [found.span() for found in _KEPT.finditer(text)]
        for found in pattern.finditer(text):
            if not any(begin < found.end() and found.start() < end for begin, end in kept):
                link = f"[{found[1]}]({page}#{anchor(word)})"
                text = text[: found.start()] + link + text[found.end() :]
                left.remove(word)
                break
    return text
