"""Cells on bad lines of a carrier: every command leaves them out, and none calls them failed or charges them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ohmbench.bench.opening import SimulatedArray
from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.ledgered import charged
from ohmbench.mapping.mapper import map_pairs
from ohmbench.model.array import ArrayModel
from ohmbench.network.data import Dataset
from ohmbench.operations.characterise import characterise
from ohmbench.operations.estimate import estimate
from ohmbench.operations.form import form
from ohmbench.operations.image_file import ImageFile
from ohmbench.operations.infer import infer
from ohmbench.operations.program import program
from ohmbench.operations.program_plan import plan
from ohmbench.operations.verify import check_of, verify
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.record.store import Store

NO_FAULTS = {"stuck_low_fraction": 0.0, "stuck_high_fraction": 0.0}
QUIET = Progress(quiet=True)
BAD = np.zeros((32, 32), np.bool_)
BAD[[3, 9, 31]] = True
BAD[:, 5] = True
CARRIER = Carrier(bad=BAD)


@pytest.fixture
def ledgered(tmp_path: Path) -> Iterator[Ledgered]:
    """Each test leaves no cell on a bad line with a pulse, had or reserved, and no cell with a reservation."""
    with Store.open(tmp_path / "record.sqlite") as store:
        yield Ledgered(store, "chip")
        assert store.wear("chip").total[~BAD].any()
        assert not store.wear("chip").total[BAD].any()
        assert not store.wear("chip").reserved.any()
        store.check()


def bench_of(params: dict[str, float]) -> TwinBench:
    bench = TwinBench(ArrayModel(params, 5))
    bench.carrier = CARRIER
    return bench


@pytest.fixture
def bench() -> TwinBench:
    return bench_of(NO_FAULTS)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ImageFile:
    weights = np.random.default_rng(1).integers(-7, 8, (32, 9))
    path = tmp_path_factory.mktemp("image") / "one.ohmw"
    map_pairs(QuantisedNetwork((QuantisedLayer(weights, 0.1, np.zeros(9), 4, None),), 7)).save(path)
    return ImageFile.load(path)


def test_program_and_verify_skip_them(file: ImageFile, bench: TwinBench, ledgered: Ledgered) -> None:
    job = plan(file, ledgered=ledgered)
    skipped, cells = (int(np.count_nonzero(file.image.mask[0] & of)) for of in (BAD, ~BAD))
    foretold = estimate(job, SimulatedArray(NO_FAULTS, 6), QUIET, carrier=CARRIER).summary()
    done = program(bench, job, QUIET, ledgered)
    assert (foretold["skipped"], foretold["cells"]) == (skipped, cells)
    assert (done.summary()["skipped"], done.cells) == (skipped, cells)
    assert done.converged_fraction > 0.98
    read = verify(bench, check_of(file), QUIET)
    assert np.array_equal(read.mask, file.image.mask[0] & ~BAD)
    assert read.in_window_fraction > 0.9


def test_infer_skips_them(file: ImageFile, bench: TwinBench, ledgered: Ledgered) -> None:
    inputs, labels = np.zeros((2, 32), np.int64), np.zeros(2, np.int64)
    data = Dataset("none", inputs, labels, inputs, labels, 4)
    done = infer(bench, file, data, Recipe(), QUIET, ledgered=ledgered).programmed
    assert done.cells == np.count_nonzero(file.image.mask[0] & ~BAD)
    assert done.converged_fraction > 0.9


def test_characterise_says_nothing_of_them(bench: TwinBench, ledgered: Ledgered) -> None:
    found = characterise(bench, None, QUIET, ledgered)
    assert not found.faults.bad[BAD].any()
    assert np.count_nonzero(found.faults.bad) < 5
    summary = found.summary()
    assert (summary["cells"], summary["not_tried"]) == (np.count_nonzero(~BAD), np.count_nonzero(BAD))
    assert f"{summary['not_tried']} on bad lines of the carrier not tried" in found.describe()
    found.reach.require(Recipe())


def test_form_leaves_them_out(ledgered: Ledgered) -> None:
    formed = form(bench_of(NO_FAULTS | {"unformed_fraction": 1.0}), None, QUIET, ledgered)
    assert np.array_equal(formed.records.mask, ~BAD)
    assert formed.summary()["formed_fraction"] > 0.98


def test_work_that_is_charged_as_a_whole_does_not_charge_them(
    file: ImageFile, bench: TwinBench, tmp_path: Path
) -> None:
    with Store.open(tmp_path / "record.sqlite") as store:
        with charged(bench, Ledgered(store, "chip"), "measure program"):
            program(bench, plan(file), QUIET)
        assert np.array_equal(store.wear("chip").reserved > 0, ~BAD)
