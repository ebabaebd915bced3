"""A sweep of tiny points in this process: what is computed, what is not computed again, what is refused."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import open_bench
from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import DataError, PortError, UsageError
from ohmbench.network.data import Dataset
from ohmbench.operations.sweep import plan, report, sweep
from ohmbench.progress import Progress
from ohmbench.sweep import networks, sources
from ohmbench.sweep.compute import STAGES
from ohmbench.sweep.engine import dask
from ohmbench.sweep.store import ResultStore

QUIET = Progress(quiet=True)
TEXT = """
[all]
network = "digits-64-10"
images = 20
trim = 300
[[grid]]
array_seed = [1, 2]
[[grid]]
method = "kmeans"
budget = [0.5, 0.01]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "s.toml").write_text(TEXT)
    return folder


@pytest.mark.parametrize(("name", "seed"), [("digits-64-10", 0), ("digits-64-10", 1), ("digits-64-32-10", 0)])
def test_floating_point_is_trained_to_its_end(name: str, seed: int) -> None:
    """A fair start of the loss by stage: no worse than scikit-learn's own linear model on the same images."""
    split = sources.source_of(name, None, sources.Places()).split
    linear = LogisticRegression(max_iter=5000).fit(split.train_x / 15, split.train_y)
    spec = networks.NetworkSpec(name, 2, "pairs", None, seed, 0.0, split.content)
    (made,) = networks.make_networks([spec], sources.Places())
    assert isinstance(made, networks.MadeNetwork)
    assert np.mean(made.said_float == split.test_y) >= linear.score(split.test_x / 15, split.test_y)


def test_a_sweep_goes_on_and_refuses_one_by_one(folder: Path) -> None:
    config, points = plan(folder / "s.toml")
    results = folder / "s.sqlite"
    first = sweep(config, points[:1], results, QUIET, jobs=1)
    assert (first.run.computed, first.run.kept) == (1, 0)
    all_of_them = sweep(config, points, results, QUIET, jobs=1)
    # a budget that no merging can keep does not cost the others
    assert (all_of_them.run.computed, all_of_them.run.kept) == (2, 1)
    assert [(r.exit_code, "0.01 of the cells" in r.what) for r in all_of_them.run.refused] == [(2, True)]
    assert all_of_them.rows[0] == first.rows[0]
    with pytest.raises(Exception, match="The others are kept") as refused:
        all_of_them.check([])
    assert getattr(refused.value, "exit_code", None) == 2
    pairs, _, merged = all_of_them.rows
    assert pairs["accuracy_quantised"] == pairs["accuracy_merged"]
    assert merged["cells"] <= 0.5 * merged["cells_as_pairs"] == 0.5 * pairs["cells"]
    for row in all_of_them.rows:
        assert all(0.5 < row[stage] <= 1 for stage in STAGES)
    with ResultStore.open(results) as store:
        confusion = dict(store.confusions())[pairs["point"]]
        assert sum(map(sum, confusion)) == 20
        assert sum(confusion[i][i] for i in range(10)) == round(20 * pairs["accuracy"])
    for suffix in (".html", ".csv"):
        assert report(results, folder / f"s{suffix}")["points"] == 3
        assert pairs["point"] in (folder / f"s{suffix}").read_text()


def test_progress_counts_what_is_refused_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, int, int]] = []
    monkeypatch.setattr(Progress, "__call__", lambda _self, *call: calls.append(call))
    config, points = plan(folder / "s.toml")
    swept = sweep(config, points[-2:], folder / "p.sqlite", QUIET, jobs=1)
    assert (swept.run.computed, len(swept.run.refused)) == (1, 1)
    assert calls[-1] == ("points", 2, 2)


def test_what_a_port_cannot_do(folder: Path) -> None:
    config, points = plan(folder / "s.toml")
    with pytest.raises(UsageError, match="would wear the array on /dev/ttyUSB0"):
        sweep(config, points, folder / "b.sqlite", QUIET, port="/dev/ttyUSB0")
    with pytest.raises(UsageError, match="are for the twin"):
        sweep(config, points, folder / "b.sqlite", QUIET, port="sim", jobs=2)
    assert not (folder / "b.sqlite").exists()


def test_a_board_is_swept_with_the_carrier_and_supply_of_the_settings(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A twin stands for the board."""

    def board(port: str, *, baud: int, array: None, carrier: Carrier | None = None) -> AbstractContextManager[Bench]:
        return open_bench("twin", carrier=carrier)

    monkeypatch.setattr("ohmbench.sweep.run.open_bench", board)
    monkeypatch.setattr("ohmbench.lab.settings.config_folder", lambda: tmp_path)
    monkeypatch.setenv("OHMBENCH_LAB", str(tmp_path))
    (tmp_path / "frail.toml").write_text("[limits]\nbl_set_v = 1.0\n")
    (tmp_path / "config.toml").write_text('carrier = "frail.toml"\n')
    config, points = plan(folder / "s.toml")
    results = tmp_path / "s.sqlite"
    swept = sweep(config, points[:1], results, QUIET, port="/dev/ttyUSB0", only=True)
    assert ["up to 1 V" in refused.why for refused in swept.run.refused] == [True]
    (tmp_path / "config.toml").write_text('supply = "none.toml"\n')
    with pytest.raises(DataError, match="none.toml"):
        sweep(config, points[:1], results, QUIET, port="/dev/ttyUSB0", only=True)


@pytest.mark.slow
def test_no_scheduler_no_sweep(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("ohmbench.sweep.engine._CONNECT_S", 1.0)
    with pytest.raises(PortError, match="No Dask scheduler answers"), dask("tcp://127.0.0.1:9"):
        pass


def test_results_of_one_data_set_are_never_anothers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same sweep over other data: other networks, other points, none of the first ones' results."""
    results = tmp_path / "r.sqlite"
    config, points = plan(folder / "s.toml")
    sweep(config, points[:1], results, QUIET, jobs=1)
    whole = sources.load_digits

    def fewer(input_bits: int) -> Dataset:
        data = whole(input_bits)
        return replace(data, train_x=data.train_x[50:], train_y=data.train_y[50:])

    monkeypatch.setattr(sources, "load_digits", fewer)
    for cached in (sources.source_of, networks._facts):
        cached.cache_clear()
    try:
        with pytest.raises(DataError, match="are not those of the sweep here"):
            sweep(config, points[1:2], results, QUIET, jobs=1)  # another machine's files
        _, others = plan(folder / "s.toml")
        assert not {p.key for p in points} & {p.key for p in others}
        found = sweep(config, others[:1], results, QUIET, jobs=1)
        assert (found.run.computed, found.run.kept) == (1, 0)
    finally:
        for cached in (sources.source_of, networks._facts):
            cached.cache_clear()
    with ResultStore.open(results) as store:
        assert len(store.networks()) == 2
        rows = store.rows()
        assert len({row["dataset_content"] for row in rows}) == 2
        for row in rows:  # provenance of the image too
            assert row["dataset_content"] in {
                store.network(key).weight_image().provenance["dataset_content"] for key in store.networks()
            }
