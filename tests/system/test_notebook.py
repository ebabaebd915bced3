"""docs/first-hour.ipynb: what it shows is what its cells give now."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "docs/first-hour.ipynb"


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(NOTEBOOK.read_text())["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def shown(outputs: list[dict[str, Any]]) -> str:
    assert {output["output_type"] for output in outputs} <= {"stream", "execute_result"}
    parts = [output["text"] if "text" in output else output["data"]["text/plain"] for output in outputs]
    return "".join(part if isinstance(part, str) else "".join(part) for part in parts)


def test_it_is_small_and_whole_and_names_no_machine() -> None:
    text = NOTEBOOK.read_text()
    assert len(text) < 50_000
    assert not [word for word in ("/tmp", "/home", "/root", "Traceback") if word in text]
    for cell in cells():
        ast.parse("".join(cell["source"]))
    assert [bool(shown(cell["outputs"])) for cell in cells()].count(True) >= 6


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_it_gives_what_it_shows() -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, 4)
    before = [shown(cell["outputs"]) for cell in cells()]
    NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    assert [shown(cell["outputs"]) for cell in notebook.cells if cell["cell_type"] == "code"] == before
