"""Slips that end in a sentence with the next step, and not in the error behind it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.random_networks import random_compressed

from ohmbench.cli.main import main
from ohmbench.cli.options import seconds
from ohmbench.errors import DataError, ImageError, OhmbenchError, UsageError
from ohmbench.mapping.compressed_file import save_compressed
from ohmbench.mapping.mapper import map_compressed
from ohmbench.programming.recipe import Recipe
from ohmbench.testing import run


def test_a_file_of_another_kind_says_what_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = random_compressed(np.random.default_rng(1), [32, 10])
    save_compressed(network, tmp_path / "net.ohmc")
    map_compressed(network).save(tmp_path / "net.ohmw")
    assert main(["program", str(tmp_path / "net.ohmc"), "--port", "twin"]) == ImageError.exit_code
    said = capsys.readouterr().err
    assert "it is a compressed network, not a weight image: `ohmbench map` makes a weight image of it" in said
    assert main(["map", str(tmp_path / "net.ohmw"), "-o", str(tmp_path / "x.ohmw")]) != 0
    assert "it is a weight image, not a compressed network: `ohmbench program`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [("90", 90.0), ("90s", 90.0), ("1.5m", 90.0), ("15 min", 900.0), ("1h", 3600.0), ("2d", 172800.0), ("0", 0.0)],
)
def test_times_may_have_units(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "h", "1y", "-1h", "nan", "1e99d", "1hh", "x" * 100])
def test_what_is_no_time(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["verify", "x.ohmw", f"--after={text}"])
    assert ended.value.code == UsageError.exit_code
    assert "Nothing was sent to the array" in capsys.readouterr().err


def test_a_voltage_that_is_too_high_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "hot.toml"
    path.write_text("[set]\nend_v = 9.0\n")
    with pytest.raises(DataError) as refused:
        Recipe.load(path)
    assert str(refused.value).count("set.") == 1
    assert "set.end_v is above 3.6 V, the carrier's ceiling of rails bl_set and sl_inhibit" in str(refused.value)


def test_a_misspelt_module_of_tests(tmp_path: Path) -> None:
    (tmp_path / "my_test.py").touch()
    with pytest.raises(OhmbenchError, match="There is no module my_tst in .* \\(did you mean 'my_test'\\?\\)"):
        run("my_tst", folder=tmp_path)


def test_another_array_of_an_image_whose_first_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = map_compressed(random_compressed(np.random.default_rng(1), [32, 32, 32, 10]))
    image.save(tmp_path / "net.ohmw")
    assert image.images > 1
    array = ["--port", "twin", "--array", str(tmp_path / "W1.ohma"), "--lab", str(tmp_path), "--quiet"]
    program = ["program", str(tmp_path / "net.ohmw"), *array, "--require", "0"]
    assert main([*program, "--only", "0"]) == 0
    capsys.readouterr()
    assert main([*program, "--only", "1", "--resume"]) != 0
    said = capsys.readouterr().err
    assert "image 1 was not begun" in said
    assert "Leave --only out" not in said
