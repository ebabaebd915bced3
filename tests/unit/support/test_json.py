"""No JSON of ohmbench holds NaN or infinity: it is null, or it is refused."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import pytest

from ohmbench.support.writer import json_text

PACKAGE = Path(__file__).resolve().parents[3] / "host/ohmbench"

_WRITERS = ("dump", "dumps", "JSONEncoder")


def careless(source: str) -> list[int]:
    """Lines that write JSON, or say how, without a word on NaN."""
    tree = list(ast.walk(ast.parse(source)))
    careful = {
        node.func
        for node in tree
        if isinstance(node, ast.Call)
        and any(k.arg == "allow_nan" and getattr(k.value, "value", None) is False for k in node.keywords)
    }
    return [
        node.lineno
        for node in tree
        # dumps under its bare name would not be seen
        if (isinstance(node, ast.ImportFrom) and node.module == "json")
        or (isinstance(node, ast.Attribute) and node.attr in _WRITERS and node not in careful)
    ]


def test_the_check_sees_what_is_careless() -> None:
    assert careless("json.dumps(x)") == [1]
    assert careless("json.dumps(x, allow_nan=True)") == [1]
    assert careless("from json import dumps") == [1]
    assert careless("json.dumps(x, allow_nan=False)") == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_writer_of_json_says_what_becomes_of_nan(path: Path) -> None:
    assert careless(path.read_text(encoding="utf-8")) == []


def test_nan_is_null() -> None:
    assert json_text({"a": [math.nan, math.inf, 1.5]}, None) == '{"a": [null, null, 1.5]}'
