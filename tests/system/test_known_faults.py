"""What an array's characterisation found is used without being asked for; a board asks which array is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.system.command_line import as_json, refused, run

from ohmbench.errors import PortError, UsageError

Options = list[str | Path]


@pytest.fixture
def array(tmp_path: Path) -> Options:
    return ["--port", "twin", "--array", tmp_path / "W1.ohma", "--lab", tmp_path]


def skipped(result: dict[str, int]) -> tuple[int, int]:
    return result["cells"], result["skipped"]


def test_the_last_characterisation_says_which_cells_are_bad(image: Path, array: Options, tmp_path: Path) -> None:
    assert skipped(as_json("program", image, "--only", "0", *array)) == (1024, 0)
    as_json("characterise", *array, "--out", tmp_path / "map.json")
    bad = sum(cell in "LHU" for row in json.loads((tmp_path / "map.json").read_text())["cells"] for cell in row)
    assert bad > 0
    done = run("program", image, "--only", "0", *array, "--json")
    assert f"{bad} cells are left out: run 2 found them stuck or unformed" in done.stderr
    assert skipped(json.loads(done.stdout)) == (1024 - bad, bad)
    assert skipped(as_json("program", image, "--only", "0", *array, "--no-fault-map")) == (1024, 0)
    given = ["--fault-map", tmp_path / "map.json"]
    assert skipped(as_json("program", image, "--only", "0", *array, *given)) == (1024 - bad, bad)

    as_json("infer", image, "--images", "5", *array)
    first = next(r for r in as_json("log", *array[4:], "--kind", "infer")["runs"] if r["image_number"] == 0)
    assert len(first["provenance"]["skipped"]) == bad
    as_json("infer", image, "--images", "5", *array, "--no-fault-map")
    first = next(r for r in as_json("log", *array[4:], "--kind", "infer")["runs"] if r["image_number"] == 0)
    assert first["provenance"]["skipped"] == []

    as_json("form", *array)  # what was unformed may be formed now
    assert skipped(as_json("program", image, "--only", "0", *array)) == (1024, 0)


def test_a_board_asks_which_array_is_meant(image: Path, tmp_path: Path) -> None:
    board: Options = ["--port", tmp_path / "no-port", "--serial", "W1", "--new-array", "--lab", tmp_path]
    for more in ([], ["--dry-run"]):
        said = refused(UsageError.exit_code, "program", image, *board, *more)
        assert "has 5 arrays, and there is one in the socket" in said
        assert "Give --only N (0 to 4), or --all" in said
    for options in (["--only", "1"], ["--all"]):
        refused(PortError.exit_code, "program", image, *board, *options)
