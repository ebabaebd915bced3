"""The reference page of the array model's parameters has each of them, with its default."""

from __future__ import annotations

import re
from pathlib import Path

from ohmbench.model.array import default_params

PAGE = Path(__file__).parents[4] / "docs/reference/array-parameters.md"


def test_the_page_has_every_parameter_with_its_default() -> None:
    lines = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|.*\| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE)
    assert {name: float(default) for name, _unit, default, _source in lines} == default_params()
    assert all(source.strip() for *_others, source in lines)
