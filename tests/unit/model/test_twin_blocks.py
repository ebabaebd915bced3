"""Products of a twin in blocks on several cores: the bits, the clocks and the state of one go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ohmbench.bench.base import Limits
from ohmbench.bench.twin import TwinBench
from ohmbench.errors import FaultError
from ohmbench.inference.on_bench import run_tile
from ohmbench.isa import load_firmware
from ohmbench.mapping.tile import Tile
from ohmbench.model import twin_blocks
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import CarrierModel
from ohmbench.programming.recipe import Recipe
from ohmbench.tables import Mode

BLOCK = 16
RECIPE = Recipe.load("coarse-fine")


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ohmbench.bench.twin.BLOCK", BLOCK)
    monkeypatch.setattr(twin_blocks.run_in_blocks, "__kwdefaults__", {"block": BLOCK})


def bench(cores: int) -> TwinBench:
    """An array of random conductances, half of which relax, behind a carrier that is off."""
    array = ArrayModel(seed=3)
    rng = np.random.default_rng(0)
    array.set_conductance(rng.uniform(3e-6, 2e-4, (32, 32)))
    for row in range(0, 32, 2):
        array.pulse(Mode.RESET, 1 << row, 0xFFFFFFFF, 20_000, 0, 50_000, 48, 0)
    array.rest(0.9e-3)  # its reads cross the 1 ms from which on relaxation is looked at again
    made = TwinBench(array, CarrierModel([("gain", 3, 1.01), ("offset", 5, 7.0)]))
    made.cores = cores
    return made


def passed(cores: int, inputs: np.ndarray, bits: int, gain: int, rows: int) -> tuple[Any, ...]:
    """All that can be seen of inputs that pass a tile."""
    on = bench(cores)
    assert on.array.pulses().any()
    rng = np.random.default_rng(1)
    tile = tile_of(rng, gain, rows)
    counts: list[int] = []
    codes, cycles = run_tile(on, tile, inputs[:, :rows], bits, RECIPE, lambda done, codes: counts.append(done))
    again = run_tile(on, tile, inputs[:3, :rows], bits, RECIPE)  # what comes later goes on from there
    return codes.tolist(), cycles, on.state(), on.array.save(), on.twin.consumed, counts[-1], again[0].tolist()


def tile_of(rng: np.random.Generator, gain: int, rows: int) -> Tile:
    outputs = 7
    p, n, gains = np.full(32, -1, np.int16), np.full(32, -1, np.int16), np.ones(32, np.int32)
    for wiring in (p, n):
        wiring[:outputs] = rng.permutation(32)[:outputs]
    gains[:outputs] = rng.integers(1, gain + 1, outputs)
    return Tile(0, 0, 0, outputs, np.arange(rows, dtype=np.int16), p, n, gains)


@pytest.mark.parametrize("cores", [2, 5])
@pytest.mark.parametrize(("bits", "gain"), [(8, 1), (8, 3), (5, 1), (4, 2), (11, 1), (1, 1), (16, 1)])
@pytest.mark.parametrize("count", [2 * BLOCK, 3 * BLOCK - 1, 5 * BLOCK + 1])
def test_blocks_give_the_bits_of_one_go(cores: int, bits: int, gain: int, count: int) -> None:
    rng = np.random.default_rng(count)
    inputs = rng.integers(0, 1 << bits, (count, 32)) * rng.integers(0, 2, (count, 1))
    for rows in (32, 1):
        assert passed(cores, inputs, bits, gain, rows) == passed(1, inputs, bits, gain, rows)


def test_blocks_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not everything in one go, which would give the same."""
    found = []
    real = twin_blocks.run_in_blocks

    def watched(*args: Any, **more: Any) -> Any:
        found.append(real(*args, **more))
        return found[-1]

    monkeypatch.setattr("ohmbench.bench.twin.run_in_blocks", watched)
    inputs = np.random.default_rng(0).integers(0, 256, (4 * BLOCK, 32))
    passed(2, inputs, 8, 1, 32)
    assert len(found) == 1
    assert found[0] is not None


def disarmed(on: TwinBench) -> None:
    """Start products on a bench that is not armed any more."""
    args = {"count": 4 * BLOCK, "bits": 8, "outputs": 5, "rows_lo": 0xFFFF, "rows_hi": 0, "wiring": 0, "gains": 0}
    rails = RECIPE.read_rails_v()
    with on.armed(Limits(rails, 0.0, 0), rails):
        on.safe()
        on.execute(load_firmware("mvm"), args, inputs=np.ones((4 * BLOCK, 32), np.uint8))


def test_what_does_not_end_well_is_run_in_one_go() -> None:
    ends = []
    for cores in (1, 2):
        on = bench(cores)
        with pytest.raises(FaultError) as fault:
            disarmed(on)
        ends.append((str(fault.value), on.state(), on.array.save()))
    assert ends[0] == ends[1]
