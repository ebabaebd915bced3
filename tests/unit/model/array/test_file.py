"""An array that lives in a file: nothing is lost by a kill, and no file but its own is taken for it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ohmbench.model._array import ffi, lib

from ohmbench.bench.base import dac_code
from ohmbench.errors import DataError
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.support import mapped_file
from ohmbench.tables import Mode

ALL = 0xFFFF_FFFF
READ, GATE = dac_code(0.2), dac_code(3.0)
LAYOUT, CHECK, SEED, PARAMS = 8, 16, 24, 32  # bytes of the file


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(mapped_file, "_LOCK_WAIT_S", 0.05)
    return tmp_path / "array"


def live(array: ArrayModel, now: int = 0) -> list[np.ndarray]:
    """Pulses and reads; the codes."""
    array.pulse(Mode.SET, ALL, 0x5555_5555, dac_code(2.0), dac_code(2.0), dac_code(2.0), 48, now)
    array.pulse(Mode.RESET, 0xFF, ALL, dac_code(1.1), 0, dac_code(3.5), 10, now + 3000)
    return [array.sense(wl, ALL, READ, GATE, now + 10**8) for wl in (ALL, 1 << 4, 0xFF, 1 << 4)]


def test_it_is_the_array_that_lives_in_memory(file: Path) -> None:
    array, other = ArrayModel.open(file, "c", 11), ArrayModel("c", 11)
    for now in (0, 10**9):
        assert np.array_equal(live(array, now), live(other, now))
        assert array.save() == other.save() == file.read_bytes()


def test_it_goes_on_where_it_was_with_its_clock_at_0(file: Path) -> None:
    array, other = ArrayModel.open(file, "c", 11), ArrayModel("c", 11)
    for a in (array, other):
        live(a)
        a.rest(30.0)
    latest = other.clock
    array.close()
    again = ArrayModel.open(file)
    assert (again.seed, again.params, again.clock) == (11, load_params("c"), 0)
    assert np.array_equal(again.pulses(), other.pulses())
    assert np.array_equal(live(again, 10**9), live(other, latest + 10**9))


def test_it_is_let_go_of_when_nothing_holds_it(file: Path) -> None:
    array = ArrayModel.open(file)
    live(array)
    state = array.save()
    del array
    again = ArrayModel.open(file)
    assert again.conductance().tolist() == _attached(state).conductance().tolist()
    again.close()
    again.close()


def _attached(state: bytes) -> ArrayModel:
    buffer = ffi.new("uint64_t[]", len(state) // 8)
    ffi.memmove(buffer, state, len(state))
    model = ArrayModel.at(int(ffi.cast("uintptr_t", lib.ohm_array_attach(buffer))))
    model.memory = buffer  # type: ignore[attr-defined]
    return model


def test_its_own_seed_and_parameters_hold(file: Path) -> None:
    ArrayModel.open(file, load_params("c") | {"weak_fraction": 0.01}, 11).close()
    before = file.read_bytes()
    ArrayModel.open(file, {"weak_fraction": 0.01}, 11).close()
    for params, seed, words in [
        (None, 12, "seed 11, not 12"),
        ({"weak_fraction": 0.5}, None, "weak_fraction 0.01, not 0.5"),
        ("a", 11, "g_low_usiemens|more"),
    ]:
        with pytest.raises(DataError, match=words) as caught:
            ArrayModel.open(file, params, seed)
        assert str(file) in str(caught.value)
    assert file.read_bytes() == before
    ArrayModel.open(file).close()


def test_one_process_at_a_time(file: Path) -> None:
    array = ArrayModel.open(file)
    for _ in range(2):
        with pytest.raises(DataError, match="another process"):
            ArrayModel.open(file)
    array.close()
    ArrayModel.open(file).close()


def test_waits_for_a_process_that_is_about_to_end(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mapped_file, "_LOCK_WAIT_S", 20.0)
    code = "import sys, time; from ohmbench.model.array import ArrayModel; a = ArrayModel.open(sys.argv[1]); "
    other = _python(code + "print('open', flush=True); time.sleep(0.3)", file)
    assert other.stdout is not None
    assert other.stdout.readline() == b"open\n"
    ArrayModel.open(file).close()
    other.communicate()


@pytest.mark.parametrize(
    ("where", "words"),
    [(0, "not the state"), (LAYOUT, "another version"), (CHECK, "damaged"), (SEED, "damaged"), (PARAMS + 9, "damaged")],
)
def test_a_file_that_is_not_one_of_ours_is_refused(file: Path, where: int, words: str) -> None:
    ArrayModel.open(file).close()
    data = bytearray(file.read_bytes())
    data[where] ^= 1
    file.write_bytes(data)
    with pytest.raises(DataError, match=words):
        ArrayModel.open(file)
    assert file.read_bytes() == data


@pytest.mark.parametrize("end", [-1, -20000, 20, 5])
def test_a_file_that_was_cut_short_is_refused(file: Path, end: int) -> None:
    ArrayModel.open(file).close()
    data = file.read_bytes()[:end]
    file.write_bytes(data)
    with pytest.raises(DataError, match="damaged|not the state"):
        ArrayModel.open(file)
    assert file.read_bytes() == data


@pytest.mark.parametrize("text", [b"hello", b"x" * 100_000, bytes(100_000)])
def test_another_programs_file_is_refused(file: Path, text: bytes) -> None:
    file.write_bytes(text)
    with pytest.raises(DataError, match="not the state of an array"):
        ArrayModel.open(file)
    assert file.read_bytes() == text


@pytest.mark.parametrize("made", [0, 8, 9, 20000])
def test_a_file_whose_making_was_cut_short_is_made_anew(file: Path, made: int) -> None:
    """The first 8 bytes are written last."""
    state = ArrayModel(seed=3).save()
    file.write_bytes((bytes(8) + state[8:])[:made])
    assert ArrayModel.open(file, seed=4).save() == ArrayModel(seed=4).save()


def test_wrong_numbers_in_a_cell_are_damage(file: Path) -> None:
    ArrayModel.open(file).close()
    good = file.read_bytes()
    first = good.index(np.float64(ArrayModel(seed=1).conductance()[0, 0] * 1e6).tobytes()[4:]) - 4
    for bad in (float("nan"), float("inf"), -1.0):
        file.write_bytes(good[:first] + np.float64(bad).tobytes() + good[first + 8 :])
        with pytest.raises(DataError, match="damaged"):
            ArrayModel.open(file)
    file.write_bytes(good[: first + 24] + (5).to_bytes(8, sys.byteorder) + good[first + 32 :])
    with pytest.raises(DataError, match="damaged"):
        ArrayModel.open(file)


def test_a_place_that_cannot_hold_it(tmp_path: Path, file: Path) -> None:
    for path in (tmp_path / "absent" / "array", tmp_path):
        with pytest.raises(DataError, match="Name one that you may write"):
            ArrayModel.open(path)
    with pytest.raises(DataError, match="no_such"):
        ArrayModel.open(file, {"no_such": 1.0})
    with pytest.raises(DataError, match="100 %"):
        ArrayModel.open(file, {"stuck_low_fraction": 2.0})
    assert not file.exists()
    if Path("/dev/full").exists():
        with pytest.raises(DataError, match="No space left"):
            ArrayModel.open("/dev/full")


def _python(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, env=environment)


PROGRAMMING = """
import sys
from ohmbench.model.array import ArrayModel
array = ArrayModel.open(sys.argv[1], "c", 11)
print("open", flush=True)
for n in range(10**9):
    array.pulse(2 + n % 2, 1 << n // 32 % 32, 1 << n % 32, 26214, 26214 * (n % 2 == 0), 45875, 48, n * 4800)
"""


def cells(array: ArrayModel) -> bytes:
    """Conductance, draw, time and kind of all cells."""
    return array.save()[-1024 * (32 + 4) : -1024 * 4]


def test_a_kill_loses_nothing(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed at any moment, every cell is as after all the pulses that were counted, or all but the last."""
    monkeypatch.setattr(mapped_file, "_LOCK_WAIT_S", 20.0)
    generator = random.Random(5)
    counts = []
    for _ in range(12):
        file.unlink(missing_ok=True)
        process = _python(PROGRAMMING, file)
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        time.sleep(generator.uniform(0.0, 0.02))
        process.kill()
        process.communicate()
        array, expected = ArrayModel.open(file), ArrayModel("c", 11)
        counts.append(int(array.pulses().sum()))
        after = before = cells(expected)
        for n in range(counts[-1]):
            before = cells(expected) if n == counts[-1] - 1 else before
            row, column = 1 << n // 32 % 32, 1 << n % 32
            expected.pulse(2 + n % 2, row, column, 26214, 26214 * (n % 2 == 0), 45875, 48, n * 4800)
            after = cells(expected) if n == counts[-1] - 1 else after
        assert cells(array) in (before, after)
        array.close()
    assert max(counts) > 0


def test_a_change_that_was_cut_short_is_undone(file: Path) -> None:
    """What a kill between two stores leaves, written by hand: the cell half new, and the note of how it was."""
    array = ArrayModel.open(file, seed=2)
    live(array)
    g, state = array.conductance(array.clock), bytearray(array.save())
    array.close()
    start = len(state) - 1024 * (32 + 4)
    changing, was, cell = start - 40, start - 32, start + 32 * 77
    state[changing : changing + 8] = (78).to_bytes(8, sys.byteorder)
    state[was : was + 32] = state[cell : cell + 32]
    state[cell : cell + 16] = np.array([99.0, 7.0]).tobytes()
    file.write_bytes(state)
    again = ArrayModel.open(file)
    assert np.array_equal(again.conductance(0), g)
    assert file.read_bytes()[changing : changing + 8] == bytes(8)
