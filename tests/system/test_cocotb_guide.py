"""The test in docs/your-own-cocotb-test.md, run as a reader would run it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ohmbench.testing import run

GUIDE = Path(__file__).resolve().parents[2] / "docs/your-own-cocotb-test.md"


@pytest.mark.slow
def test_example_in_the_guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), flags=re.S)
    (tmp_path / "my_test.py").write_text(example)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    run("my_test")
