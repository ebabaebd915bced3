"""The filled-in file of a carrier: it is the reference carrier, and says what each key means."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest

from ohmbench.carrier.carrier import _KEYS, Carrier
from ohmbench.carrier.template import template
from ohmbench.cli import main


def test_it_is_the_reference_carrier(tmp_path: Path) -> None:
    file = tmp_path / "carrier.toml"
    file.write_text(template())
    loaded, reference = Carrier.load(file), Carrier()
    assert (loaded.kind, reference.kind) == ("reference", None), "a file is for its own kind"
    for field in dataclasses.fields(Carrier):
        if field.name not in ("name", "kind"):
            assert np.array_equal(getattr(loaded, field.name), getattr(reference, field.name)), field.name


def test_it_has_every_key_and_says_what_it_means() -> None:
    text = template()
    assert set(tomllib.loads(text)) == set(_KEYS)
    lines = text.splitlines()
    for key in set(_KEYS) - {"bad_columns", "offset"}:  # beside bad_rows and gain
        (at,) = [i for i, line in enumerate(lines) if line.startswith((f"{key} =", f"[{key}]"))]
        assert lines[at - 1].startswith("# "), key
    assert max(map(len, lines)) <= 120


def test_it_is_written_once_and_read_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "carrier-7.toml"
    assert main(["carrier", "--template", "-o", str(file)]) == 0
    written = file.read_text()
    assert written == template()
    assert main(["carrier", "--template", "-o", str(file)]) == 2
    assert "is there already" in capsys.readouterr().err
    file.write_text(written.replace("  0, 1, 2,", "  1, 0, 2,", 1).replace("bl_set_v = 3.6", "bl_set_v = 3.0"))
    assert main(["carrier", str(file)]) == 0
    said = capsys.readouterr().out
    assert "rows           other than the reference carrier's at 0, 1" in said
    assert "lower limits   bl_set 3 V" in said
    file.write_text("rows = [1, 1]")
    assert main(["carrier", str(file)]) == 11
    assert main(["carrier", str(file), "-o", "x"]) == 2
