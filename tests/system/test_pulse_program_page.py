"""The programming algorithm that docs/pulse-programs.md shows, as it stands there, on twin and simulator."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

REPO = Path(__file__).resolve().parents[2]


def test_the_pages_algorithm_programs_a_row(tmp_path: Path, executable: Path) -> None:
    blocks = re.findall(r"```(\w*)\n(.*?)```", (REPO / "docs/pulse-programs.md").read_text(), re.DOTALL)
    (source,) = [text for kind, text in blocks if not kind and ".entry from_above" in text]
    (host,) = [text for kind, text in blocks if kind == "python"]
    instructions = [line for line in source.splitlines() if line.startswith("        ")]
    assert len(instructions) <= 30
    file = tmp_path / "from-above.useq"
    file.write_text(source)
    names: dict[str, Any] = {}
    exec(host, names)
    found = {port: names["program_row"](port, file, 3, 70, 90) for port in ("twin", "sim")}
    assert np.array_equal(found["twin"], found["sim"])
    assert np.all((found["twin"] >= 69.9) & (found["twin"] <= 90.1))
