"""Sweeps of networks in files and of own data: the same pieces as `ohmbench compress`, and keys by content."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from tests.unit.compress import conv_making
from tests.unit.network.test_own_data import npz

from ohmbench.errors import DataError, UsageError
from ohmbench.operations.compress import compress_file
from ohmbench.operations.sweep import plan, sweep
from ohmbench.progress import Progress
from ohmbench.study.methods import train_net
from ohmbench.sweep import networks, sources
from ohmbench.sweep.points import Point
from ohmbench.sweep.store import ResultStore

QUIET = Progress(quiet=True)


@pytest.fixture(autouse=True)
def _as_other_processes() -> Any:
    """Files change here: nothing that was read is kept from test to test."""
    yield
    forget()


def forget() -> None:
    for cached in (sources.source_of, networks._facts):
        cached.cache_clear()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("files")
    npz(made / "iris.npz", x=load_iris().data, y=load_iris().target)
    train_net("4-8-3", data=str(made / "iris.npz")).network.save(made / "net.npz")
    train_net("4-8-3", data=str(made / "iris.npz"), seed=5).network.save(made / "other.npz")
    x, y = conv_making.images(700)
    npz(made / "patterns.npz", x_train=x[:500], y_train=y[:500], x_test=x[500:], y_test=y[500:])
    conv_making.whole().save(made / "cnn.ohmn")
    return made


@pytest.fixture
def folder(files: Path, tmp_path: Path) -> Path:
    shutil.copytree(files, tmp_path, dirs_exist_ok=True)
    return tmp_path


def planned(folder: Path, text: str) -> list[Point]:
    forget()
    (folder / "s.toml").write_text(f"[[grid]]\nimages = 20\n{text}")
    return plan(folder / "s.toml")[1]


def swept(folder: Path, text: str) -> list[dict[str, Any]]:
    points = planned(folder, text)
    result = sweep(plan(folder / "s.toml")[0], points, folder / "s.sqlite", QUIET, jobs=1)
    assert not result.run.refused
    return result.rows


def test_widths_are_trained_on_own_data(folder: Path) -> None:
    (row,) = swept(folder, 'network = "4-8-3"\ndata = "iris.npz"\nbits = 4\n')
    assert row["accuracy_float"] > 0.8
    assert (row["network"], row["data"]) == ("4-8-3", "iris.npz")


def test_a_network_in_a_file_is_what_compress_makes_of_it(folder: Path) -> None:
    rows = swept(
        folder, 'network = "net.npz"\ndata = "iris.npz"\nmethod = ["pairs", "kmeans"]\nbudget = 0.8\nbits = 4\n'
    )
    made = compress_file(folder / "net.npz", "kmeans", [0.8], bits=4, data=str(folder / "iris.npz"))
    assert rows[1]["cells"] == made.outcomes[0].counts.cells < rows[0]["cells"]
    with ResultStore.open(folder / "s.sqlite") as store:
        found = {made.spec.method: made.weight_image() for made in map(store.network, store.networks())}
    assert np.array_equal(found["kmeans"].levels, made.outcomes[0].image.levels)


def test_an_imported_network_keeps_its_bits(folder: Path) -> None:
    text = 'network = "cnn.ohmn"\ndata = "patterns.npz"\n'
    (row,) = swept(folder, text)
    assert row["bits"] == 4
    assert row["accuracy_quantised"] > 0.6  # a fifth by chance
    # 4 bits said or not: one point, which is there
    assert [p.key for p in planned(folder, text + "bits = 4\n[[grid]]\nimages = 20\n" + text)] == [row["point"]]


def test_keys_follow_what_files_hold_and_not_where_they_are(folder: Path, tmp_path_factory: Any) -> None:
    text = 'network = "net.npz"\ndata = "iris.npz"\n'
    (point,) = planned(folder, text)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    for name in ("net.npz", "iris.npz"):
        shutil.copy(folder / name, elsewhere / name)
    (same,) = planned(elsewhere, text)
    assert same.key == point.key
    shutil.copy(folder / "other.npz", elsewhere / "net.npz")
    (other_file,) = planned(elsewhere, text)
    text = 'network = "4-8-3"\ndata = "iris.npz"\n'
    (of_data,), (of_the_same,) = planned(folder, text), planned(elsewhere, text)
    assert of_the_same.key == of_data.key
    npz(elsewhere / "iris.npz", x=load_iris().data[::-1], y=load_iris().target[::-1])
    (of_other_data,) = planned(elsewhere, text)
    assert len({point.key, other_file.key, of_data.key, of_other_data.key}) == 4


def test_a_file_that_changes_under_a_sweep_is_refused(folder: Path) -> None:
    points = planned(folder, 'network = "net.npz"\ndata = "iris.npz"\n')
    shutil.copy(folder / "other.npz", folder / "net.npz")
    forget()
    with pytest.raises(DataError, match="is not the file of the sweep here"):
        sweep(plan(folder / "s.toml")[0], points, folder / "s.sqlite", QUIET, jobs=1)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ('network = "4-8-3"\n', DataError, "needs data"),
        ('network = "digits-64-10"\ndata = "iris.npz"\n', UsageError, "does not fit"),
        ('network = "net.npz"\n', UsageError, "was made with your own data, iris.npz"),
        ('network = "net.npz"\ndata = "patterns.npz"\n', UsageError, "does not fit patterns.npz"),
        ('network = "net.npz"\ndata = "no.npz"\n', UsageError, "there is no such file"),
        ('network = "no.ohmn"\ndata = "iris.npz"\n', DataError, "Cannot read"),
        ('network = "iris.npz"\ndata = "iris.npz"\n', DataError, "Cannot read the network"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_computed(
    folder: Path, text: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        planned(folder, text)


def test_a_width_that_a_file_does_not_have_does_not_stop_the_others(folder: Path) -> None:
    points = planned(
        folder,
        'network = "cnn.ohmn"\ndata = "patterns.npz"\n[[grid]]\nimages = 20\nbits = 2\n'
        'network = "cnn.ohmn"\ndata = "patterns.npz"\n',
    )
    result = sweep(plan(folder / "s.toml")[0], points, folder / "s.sqlite", QUIET, jobs=1)
    assert (result.run.computed, ["4 bits already" in r.why for r in result.run.refused]) == (1, [True])
