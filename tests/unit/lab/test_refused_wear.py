"""What is refused is refused before a run is begun: no cell is charged for pulses that never were."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.random_networks import random_compressed

from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.cli import main
from ohmbench.errors import DataError, UsageError
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.recorded_arrays import RecordedArrays, Source
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.array import ArrayModel
from ohmbench.programming.recipe import Recipe
from ohmbench.record.store import Store
from ohmbench.tables import Rail

SERIAL = "chip"


@pytest.mark.parametrize("what", ["program", "form", "characterise", "experiment"])
def test_a_refused_command_charges_nothing(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "random.ohmw"
    map_compressed(random_compressed(np.random.default_rng(1), [64, 10])).save(image)
    carrier = tmp_path / "frail.toml"
    carrier.write_text("[limits]\nbl_set_v = 1.5\n")
    array = tmp_path / f"{SERIAL}.ohma"
    given = {
        "program": [str(image), "--only", "0"],
        "infer": [str(image), "--data", "digits"],
        "experiment": ["iv", "--cells", "all"],
    }.get(what, [])
    options = ["--port", "twin", "--array", str(array), "--carrier", str(carrier), "--lab", str(tmp_path), "--quiet"]
    for _ in range(2):
        assert main([what, *given, *options]) == UsageError.exit_code
        assert "Nothing was sent to the array" in capsys.readouterr().err
    with Store.open(tmp_path / "record.sqlite") as store:
        assert all(not np.any(store.wear(known.serial).total) for known in store.arrays())
        assert store.find_runs() == []


def test_a_refused_inference_charges_nothing(tmp_path: Path) -> None:
    image = map_compressed(random_compressed(np.random.default_rng(1), [64, 10]))
    with Store.open(tmp_path / "record.sqlite") as store, TwinBench(ArrayModel("ideal", seed=3)) as bench:
        bench.carrier = Carrier(name="frail", limits_v=dict(Carrier().limits_v) | {Rail.BL_SET: 1.5})
        ledgered = Ledgered(store, SERIAL, None)
        with pytest.raises(UsageError, match="Too much for frail: .* Ask for less"):
            RecordedArrays(bench, Recipe(), None, ledgered, "infer", Source("0" * 64, None, "coarse-fine")).load(
                image, 0
            )
        assert store.find_runs() == []


@pytest.mark.parametrize(
    ("what", "recipe"),
    [("form", "rounds = 2"), ("characterise", "window_usiemens = 100")],
    ids=["form", "characterise"],
)
def test_a_refused_recipe_charges_nothing(what: str, recipe: str, tmp_path: Path) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(recipe)
    array = tmp_path / f"{SERIAL}.ohma"
    options = ["--port", "twin", "--array", str(array), "--recipe", str(file), "--lab", str(tmp_path), "--quiet"]
    assert main([what, *options]) == DataError.exit_code
    with Store.open(tmp_path / "record.sqlite") as store:
        assert store.find_runs() == []
