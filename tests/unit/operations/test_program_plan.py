"""What the record has a command do: which arrays of the image are left, and which of its runs say what cells hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.compress.quantise import QuantisedLayer, QuantisedNetwork
from ohmbench.errors import DataError, StoreError, UsageError
from ohmbench.faults.avoid import avoid_faults
from ohmbench.faults.fault_map import FaultMap
from ohmbench.lab.ledger import Ledgered
from ohmbench.lab.ledgered import charged
from ohmbench.mapping.mapper import map_pairs
from ohmbench.network.data import Dataset
from ohmbench.operations.estimate import estimate
from ohmbench.operations.experiment import experiment
from ohmbench.operations.experiment_plan import plan as plan_experiment
from ohmbench.operations.experiment_plan import plan_resumed
from ohmbench.operations.image_file import ImageFile
from ohmbench.operations.infer import infer
from ohmbench.operations.program import program
from ohmbench.operations.program_plan import plan
from ohmbench.operations.verify import check_of, verify
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.record.names import RunStatus
from ohmbench.record.store import Store

SERIAL = "chip"
QUIET = Progress(quiet=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ImageFile:
    """A network that takes three arrays."""
    weights = np.random.default_rng(1).integers(-7, 8, (96, 9))
    image = map_pairs(QuantisedNetwork((QuantisedLayer(weights, 0.1, np.zeros(9), 4, None),), 7))
    assert image.images == 3
    path = tmp_path_factory.mktemp("image") / "three.ohmw"
    image.save(path)
    return ImageFile.load(path)


@pytest.fixture
def ledgered(tmp_path: Path) -> Iterator[Ledgered]:
    with Store.open(tmp_path / "record.sqlite") as store:
        yield Ledgered(store, SERIAL)
        store.check()


@pytest.fixture
def bench() -> Iterator[Bench]:
    with open_bench("twin", array=SimulatedArray()) as bench:
        yield bench


def test_resume_of_one_array_goes_on_with_that_one_alone(file: ImageFile, bench: Bench, ledgered: Ledgered) -> None:
    """Although the run that was broken off was to program the others after it."""
    whole = plan(file, ledgered=ledgered)

    class Stop(Progress):
        def __call__(self, name: str, done: int, total: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        program(bench, whole, Stop(quiet=True), ledgered)
    assert plan(file, resume=True, ledgered=ledgered).numbers == [0, 1, 2]
    one = plan(file, only=0, resume=True, ledgered=ledgered)
    assert one.numbers == [0]
    program(bench, one, QUIET, ledgered)
    assert [(run.image_number, run.status) for run in ledgered.store.runs(SERIAL)] == [(0, RunStatus.DONE)]
    assert plan(file, only=0, resume=True, ledgered=ledgered).is_done
    assert plan(file, resume=True, ledgered=ledgered).numbers == [1, 2]


def test_resume_tells_an_array_without_a_record_from_one_without_a_serial_number(file: ImageFile) -> None:
    with pytest.raises(StoreError, match="the record knows no run of this image on array chip."):
        plan(file, resume=True, serial=SERIAL)
    with pytest.raises(UsageError, match="give --array FILE"):
        plan(file, resume=True)
    with pytest.raises(StoreError, match="the record knows no iv on array chip."):
        plan_resumed("iv", None, serial=SERIAL)
    with pytest.raises(UsageError, match="Name the array with --array"):
        plan_resumed("iv", None)


def test_estimate_knows_the_cells_that_nothing_pulsed_since_they_were_read(
    file: ImageFile, bench: Bench, ledgered: Ledgered
) -> None:
    job = plan(file, only=1, ledgered=ledgered)

    def known() -> int:
        return estimate(job, SimulatedArray(seed=2), QUIET, ledgered).known

    program(bench, job, QUIET, ledgered)
    cells = int(np.count_nonzero(file.image.mask[1]))
    assert known() == cells
    chosen = np.zeros((32, 32), np.bool_)
    chosen[:2, :2] = True
    experiment(bench, plan_experiment("iv", {}, chosen), QUIET, ledgered)
    assert known() == cells - 4
    program(bench, job, QUIET, ledgered)
    assert known() == cells
    with charged(bench, ledgered, "measure program"):
        program(bench, job, QUIET)
    assert known() == 0


def test_image_laid_out_around_faults_is_for_that_array(
    file: ImageFile, ledgered: Ledgered, bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    faults = FaultMap(np.eye(32, dtype=np.uint8), "other")
    image = avoid_faults(file.image, faults)
    own = replace(file, image=avoid_faults(file.image, FaultMap(faults.kinds, SERIAL)))
    other = replace(file, image=image)
    assert plan(own, ledgered=ledgered).numbers == plan(other, serial="other").numbers == [0, 1, 2]
    for known in ({"ledgered": ledgered}, {"serial": SERIAL}):
        with pytest.raises(DataError, match="the faults of array other, and array chip is in the socket:"):
            plan(other, **known)
    plan(other, progress=Progress())
    assert "the faults of array other; this array has no serial number" in capsys.readouterr().err
    inputs, labels = np.zeros((2, 96), np.int64), np.zeros(2, np.int64)
    data = Dataset("none", inputs, labels, inputs, labels, 4)
    with pytest.raises(DataError, match="array chip is in the socket"):
        infer(bench, other, data, Recipe(), QUIET, ledgered=ledgered)
    assert infer(bench, own, data, Recipe(), QUIET, ledgered=ledgered).programmed.cells


def test_verify_knows_what_infer_left(file: ImageFile, bench: Bench, ledgered: Ledgered) -> None:
    """Which array of the image, and with which recipe: as after `program`; but there is no run to resume."""
    recipe = Recipe().but(window_usiemens=12.0)
    inputs, labels = np.zeros((2, 96), np.int64), np.zeros(2, np.int64)
    data = Dataset("none", inputs, labels, inputs, labels, 4)
    programmed = infer(bench, file, data, recipe, QUIET, ledgered=ledgered, recipe_name="wide").programmed
    check = check_of(file, ledgered=ledgered)
    assert (check.number, check.recipe, check.recipe_name) == (2, recipe, "wide")
    verified = verify(bench, check, QUIET)
    assert np.array_equal(verified.mask, programmed.records[2].mask)
    assert verified.in_window_fraction > 0.95
    run = ledgered.store.runs(SERIAL)[0]
    assert (run.kind, run.image_sha256, run.image_number) == ("infer", file.sha256, 2)
    recorded = ledgered.store.cells(run.id)
    for name in ("code", "low", "high", "set_pulses", "reset_pulses"):
        given = programmed.records[2]
        assert np.array_equal(getattr(recorded, name)[given.mask], getattr(given, name)[given.mask]), name
    with pytest.raises(StoreError, match=r"run 3 \(infer, .*\), which cannot be resumed"):
        plan(file, ledgered=ledgered, resume=True)
