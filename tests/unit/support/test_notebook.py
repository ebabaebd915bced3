"""Objects in a notebook: one line, and HTML that needs nothing else and in which hostile texts stay texts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.random_networks import random_compressed
from tests.unit.sweep.test_results import rows

from ohmbench.mapping.mapper import map_compressed
from ohmbench.operations.sweep import SweepResult
from ohmbench.record.cell_records import CellRecords
from ohmbench.sweep.run import SweepRun

HOSTILE = "</script><img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def objects() -> dict[str, Any]:
    network = random_compressed(np.random.default_rng(1), [40, 12, 7])
    image = replace(map_compressed(network), provenance={"dataset": HOSTILE})
    mask = image.mask[0]
    code = np.where(mask, 300, 0).astype(np.int64)
    records = CellRecords.of_codes(mask, code - 20, code + 20, code)
    return {
        "image": image,
        "network": network,
        "records": records,
        "sweep": SweepResult(Path(HOSTILE), rows(), SweepRun(4, 0, ())),
    }


@pytest.mark.parametrize("name", objects())
def test_an_object_shows_itself(name: str) -> None:
    found = objects()[name]
    line = repr(found)
    assert "\n" not in line
    assert len(line) < 200
    assert "array(" not in line
    html = found._repr_html_()
    tags = Tags(html)
    assert tags.seen.isdisjoint({"img", "script"})
    assert not re.search(r"""(src|href)=["']|url\(|https?:""", re.sub("&lt;.*?&gt;", "", html))
    assert len(html) < 200_000


def test_maps_have_a_square_for_each_cell() -> None:
    found = objects()
    assert found["image"]._repr_html_().count("<path") == np.count_nonzero(found["image"].mask[:8])
    records = found["records"]
    assert records._repr_html_().count("<path") == 2 * np.count_nonzero(records.mask)
    assert repr(records).startswith(f"CellRecords({np.count_nonzero(records.mask)} cells, ")
