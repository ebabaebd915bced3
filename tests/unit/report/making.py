"""Made-up runs, and a reader of pages."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np

from ohmbench.programming.run import Standing
from ohmbench.record.cell_records import CellRecords
from ohmbench.report.program import ImageState, ProgramInfo
from ohmbench.report.verify import Reading, VerifyReport

CODES_PER_USIEMENS = 4.0
WINDOW_USIEMENS = 6.0
HOSTILE = "</script><img src=x onerror=alert(1)>"


def info(**changes: Any) -> ProgramInfo:
    """A run of images 0, 1 and 2 of five."""
    values: dict[str, Any] = {
        "rung": "sim",
        "serial": "D7",
        "recipe": "default",
        "window_usiemens": WINDOW_USIEMENS,
        "codes_per_usiemens": CODES_PER_USIEMENS,
        "numbers": (0, 1, 2),
        "images": 5,
        "provenance": {"seed": 0},
    }
    return ProgramInfo(**(values | changes))


def cells(seed: int = 3) -> dict[str, Any]:
    """The arrays of an 8x8 image: cell (1, 2) 100 uS too high, cell (0, 0) skipped, columns 6 and 7 not used."""
    rng = np.random.default_rng(seed)
    mask = np.ones((8, 8), np.bool_)
    mask[:, 6:] = False
    skipped = np.zeros_like(mask)
    skipped[0, 0] = True
    target = 30.0 + 25.0 * rng.integers(0, 8, mask.shape)
    read = target + rng.uniform(-5.0, 5.0, mask.shape)
    read[1, 2] = target[1, 2] + 100.0
    return {
        "target_usiemens": target,
        "low": np.ceil((target - WINDOW_USIEMENS) * CODES_PER_USIEMENS).astype(np.int64),
        "high": np.floor((target + WINDOW_USIEMENS) * CODES_PER_USIEMENS).astype(np.int64),
        "mask": mask,
        "skipped": skipped,
        "code": np.rint(read * CODES_PER_USIEMENS).astype(np.int64),
        "set_pulses": rng.integers(0, 9, mask.shape),
        "reset_pulses": rng.integers(1, 5, mask.shape),
    }


def image(**changes: Any) -> ImageState:
    """The image above, with all rows of the first pass done."""
    made = cells() | {"done_rows": np.ones(8, np.bool_), "pass_number": 0} | changes
    known = (np.asarray(made[name]) for name in ("mask", "low", "high", "code", "set_pulses", "reset_pulses"))
    standing = Standing(CellRecords(*known), made["done_rows"], made["pass_number"])
    return ImageState(made["target_usiemens"], made["skipped"], standing)


def verified(drifts_usiemens: tuple[float, ...] = (), **changes: Any) -> VerifyReport:
    """The image above, read again after 1 s, 10 s, ..., each time further down."""
    made = cells()
    made |= {name: changes.pop(name) for name in ("mask", "low", "high") if name in changes}
    first = CellRecords.of_codes(made["mask"], made["low"], made["high"], made["code"])
    codes = [made["code"]] + [made["code"] - round(d * CODES_PER_USIEMENS) for d in drifts_usiemens]
    values: dict[str, Any] = {
        **{name: made[name] for name in ("target_usiemens", "skipped")},
        "rung": "sim",
        "serial": "D7",
        "recipe": "default",
        "number": 0,
        "images": 2,
        "readings": [Reading(0.0 if i == 0 else 10.0 ** (i - 1), first.at(code)) for i, code in enumerate(codes)],
        "window_usiemens": WINDOW_USIEMENS,
        "codes_per_usiemens": CODES_PER_USIEMENS,
    }
    return VerifyReport(**(values | changes))


class Page(HTMLParser):
    """Tags, attributes and text of a page, style and script included; complains of tags that do not match."""

    _VOID = ("meta", "br", "img")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self._VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        opened = self._open.pop()
        assert opened == tag, f"<{opened}> closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def refreshes(self) -> bool:
        """Whether a browser loads it again by itself."""
        return ("http-equiv", "refresh") in self.attributes


def embedded(html: str) -> dict[str, Any]:
    """What the page's script draws."""
    found = re.search(r'<script type="application/json" id="cells">(.*?)</script>', html, re.DOTALL)
    assert found
    return dict(json.loads(found.group(1)))


def value_of(html: str, name: str) -> str:
    """The summary's value in the row of that name."""
    found = re.search(rf'<th scope="row">{re.escape(name)}</th><td>(.*?)</td>', html)
    assert found, name
    return found.group(1)


def chart_of(html: str, name: str) -> str:
    """The figure whose title begins so."""
    return html.split(f"<h3>{name}", 1)[1].split("</figure>", 1)[0]


def needs_nothing_from_outside(html: str) -> bool:
    names = {name for name, _value in Page(html).attributes}
    return names.isdisjoint({"src", "href", "srcset", "action"}) and not re.search(
        r"https?:|//[a-z]|@import|url\(|fetch\(|XMLHttpRequest", html
    )
