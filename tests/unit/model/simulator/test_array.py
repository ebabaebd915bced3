"""The simulator's array: its parameters, its file, faults and rest, the same as the array model's in this process."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest
from tests.unit.model.simulator.conftest import Start

from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.errors import DataError, LinkError, UsageError
from ohmbench.model.array import ArrayModel, write_faults_file, write_params_file
from ohmbench.model.simulator import Simulator
from ohmbench.support import mapped_file
from ohmbench.tables import Mode

ALL = 0xFFFF_FFFF
SET = b"\xe1"  # the loopback fires a pulse at every cell
CALM = {"relax_scale": 0.0}  # a cell is where its last pulse left it, whenever that was


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped_file, "_LOCK_WAIT_S", 0.1)


@pytest.fixture
def params(tmp_path: Path) -> Path:
    write_params_file(CALM, tmp_path / "params")
    return tmp_path / "params"


def pulsed(times: int, seed: int = 1) -> ArrayModel:
    array = ArrayModel(CALM, seed)
    for _ in range(times):
        array.pulse(Mode.SET, ALL, ALL, 26214, 0, 26214, 48, 0)
    return array


def test_array_lives_in_its_file_from_run_to_run(start: Start, params: Path, tmp_path: Path) -> None:
    file = tmp_path / "array"
    for options in ({"params": params, "seed": 5}, {}):
        simulator, client = start(state=file, **options)
        assert client.echo(SET) == SET
        simulator.stop()
    array = ArrayModel.open(file, CALM, 5)
    assert np.all(array.pulses() == 2)
    assert np.array_equal(array.conductance(0), pulsed(2, 5).conductance())


def test_a_kill_loses_no_pulse(start: Start, params: Path, tmp_path: Path) -> None:
    generator = random.Random(7)
    for kill in range(5):
        file = tmp_path / f"array {kill}"
        simulator, client = start(state=file, params=params)
        client.go_fast()
        assert client.echo(3 * SET) == 3 * SET
        client.port.write(500 * SET)
        time.sleep(generator.uniform(0.0, 0.01))
        simulator._process.kill()
        simulator._process.wait()
        with pytest.raises(LinkError, match=f"array is in .*{file.name}"):
            simulator.check()
        array = ArrayModel.open(file)
        counts = array.pulses()
        assert 3 <= counts.min() <= counts.max() <= counts.min() + 1
        before, after = (pulsed(int(counts.min()) + more).conductance() for more in (0, 1))
        g = array.conductance(0)
        assert np.all((g == before) | ((g == after) & (counts > counts.min())))
        array.close()


def test_a_file_in_use_is_refused(loopback: Path, tmp_path: Path) -> None:
    array = ArrayModel.open(tmp_path / "array")
    before = array.save()
    with pytest.raises(DataError, match="another process"):
        Simulator(executable=loopback, state=tmp_path / "array")
    assert array.save() == before


def test_a_running_simulator_has_its_file(start: Start, tmp_path: Path) -> None:
    simulator, _ = start(state=tmp_path / "array")
    with pytest.raises(DataError, match="another process"):
        ArrayModel.open(tmp_path / "array")
    simulator.stop()
    ArrayModel.open(tmp_path / "array").close()


def test_own_seed_and_parameters_of_a_file_hold(loopback: Path, params: Path, tmp_path: Path) -> None:
    file = tmp_path / "array"
    ArrayModel.open(file, {}, 5).close()
    before = file.read_bytes()
    with pytest.raises(DataError, match="seed 5, not 6"):
        Simulator(executable=loopback, state=file, seed=6)
    with pytest.raises(DataError, match="relax_scale"):
        Simulator(executable=loopback, state=file, params=params)
    assert file.read_bytes() == before


@pytest.mark.parametrize(("where", "words"), [(0, "not the state"), (8, "another version"), (40, "damaged")])
def test_a_bad_file_is_refused(loopback: Path, tmp_path: Path, where: int, words: str) -> None:
    file = tmp_path / "array"
    state = bytearray(ArrayModel().save())
    state[where] ^= 1
    file.write_bytes(state)
    with pytest.raises(DataError, match=words):
        Simulator(executable=loopback, state=file)
    assert file.read_bytes() == state


def test_places_that_hold_no_file(loopback: Path, tmp_path: Path) -> None:
    for state, words in [(tmp_path / "absent" / "array", "No such file"), (Path("/dev/full"), "No space left")]:
        with pytest.raises(DataError, match=words):
            Simulator(executable=loopback, state=state)


def test_an_unfinished_file_is_made_anew(start: Start, tmp_path: Path) -> None:
    (tmp_path / "array").write_bytes(bytes(8) + ArrayModel().save()[8:20000])
    start(state=tmp_path / "array", seed=4)[0].stop()
    assert (tmp_path / "array").read_bytes() == ArrayModel(seed=4).save()


def test_faults_and_rest(start: Start, tmp_path: Path) -> None:
    kinds = np.random.default_rng(1).integers(0, 5, (32, 32)).astype(np.uint8)
    write_faults_file(kinds, tmp_path / "faults")
    twin = ArrayModel("c", 3)
    twin.pulse(Mode.SET, ALL, ALL, 26214, 0, 26214, 48, 0)
    (tmp_path / "array").write_bytes(twin.save())
    start(state=tmp_path / "array", faults=tmp_path / "faults", rest_s=123456.789)[0].stop()
    twin.inject(kinds)
    twin.rest(123456.789)
    array = ArrayModel.open(tmp_path / "array")
    assert np.array_equal(array.kinds(), twin.kinds())
    assert np.array_equal(array.conductance(0), twin.conductance())


@pytest.mark.parametrize("line", ["1 2", "32 0 1", "0 -1 1", "0 0 5", "0 0 1 1", "a b c", "0 0 1.5"])
def test_a_bad_line_of_the_faults_is_named(loopback: Path, tmp_path: Path, line: str) -> None:
    (tmp_path / "faults").write_text(f"# comment\n\n0 0 1\n{line}\n")
    with pytest.raises(DataError, match=r"faults:4: expected"):
        Simulator(executable=loopback, faults=tmp_path / "faults")


def test_bad_rest_and_missing_files_are_refused(loopback: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot rest"):
        Simulator(executable=loopback, rest_s=-1.0)
    with pytest.raises(DataError, match="absent"):
        Simulator(executable=loopback, faults=tmp_path / "absent")


def test_bad_parameters_are_refused_with_the_reason(loopback: Path, tmp_path: Path) -> None:
    (tmp_path / "params").write_text("no_such_parameter 1\n")
    with pytest.raises(DataError, match="params"):
        Simulator(executable=loopback, params=tmp_path / "params")


def test_the_twins_array_lives_in_the_same_file(tmp_path: Path) -> None:
    kinds = np.zeros((32, 32), np.uint8)
    kinds[3, 4] = 2
    file = tmp_path / "array"
    with open_bench("twin", array=SimulatedArray(CALM, file=file, faults=kinds, rest_s=2.0)) as bench:
        with pytest.raises(DataError, match="another process"):
            ArrayModel.open(file)
        bench.twin.array.pulse(Mode.SET, ALL, ALL, 26214, 0, 26214, 48, 0)  # type: ignore[attr-defined]
    array, other = ArrayModel.open(file), ArrayModel(CALM, 1)
    other.inject(kinds)
    other.rest(2.0)
    other.pulse(Mode.SET, ALL, ALL, 26214, 0, 26214, 48, 0)
    assert array.seed == 1
    assert array.kinds()[3, 4] == 2
    assert np.array_equal(array.conductance(0), other.conductance())
    array.close()
    with (
        pytest.raises(DataError, match="seed 1, not 2"),
        open_bench("twin", array=SimulatedArray(seed=2, file=file)),
    ):
        pass


def test_a_failed_start_lets_go_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        SimulatedArray(file=tmp_path / "array", rest_s=-1.0).open()
    ArrayModel.open(tmp_path / "array").close()


@pytest.mark.parametrize(
    "array",
    [
        SimulatedArray(CALM),
        SimulatedArray(seed=2),
        SimulatedArray(file=Path("array")),
        SimulatedArray(faults=np.zeros((32, 32), np.uint8)),
        SimulatedArray(rest_s=1.0),
    ],
)
def test_a_board_has_an_array_of_its_own(array: SimulatedArray) -> None:
    with pytest.raises(UsageError, match="array of its own"), open_bench("/dev/absent", array=array):
        pass
