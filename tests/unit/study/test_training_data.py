"""The nets and the data that `ohmbench train` takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from tests.unit.network.test_own_data import npz

from ohmbench.errors import UsageError
from ohmbench.study.training_data import net_and_split


@pytest.fixture
def iris(tmp_path: Path) -> str:
    return str(npz(tmp_path / "iris.npz", x=load_iris().data, y=load_iris().target))


@pytest.mark.parametrize("net", ["784-10", "4-2", "iris", "4", "4-99999-3", "4-0-3", "4-" + "2-" * 20 + "3"])
def test_a_net_that_does_not_fit_is_refused(net: str, iris: str) -> None:
    with pytest.raises(UsageError, match="does not fit iris.npz, which has 4 features and 3 classes|is too large"):
        net_and_split(net, iris, None, None)


def test_no_such_data() -> None:
    with pytest.raises(UsageError, match="No data set is called cifar"):
        net_and_split("64-10", "cifar", None, None)


def test_training_suits_the_rows_and_every_class_is_in_each_part(iris: str) -> None:
    net, split = net_and_split("4-16-3", iris, None, None)
    assert net.epochs * len(split.train_y) / net.batch == pytest.approx(2000, rel=0.1)
    assert [len(y) for y in (split.train_y, split.validation_y, split.test_y)] == [100, 20, 30]
    assert all(len(np.unique(y)) == 3 for y in (split.train_y, split.validation_y, split.test_y))


def test_the_digits_are_a_data_set_too() -> None:
    net, split = net_and_split("64-10", "digits", None, None)
    assert (net.sizes, len(split.test_y), split.known) == ((64, 10), 360, {"dataset": "digits"})
