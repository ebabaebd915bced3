"""Measure the bench itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.bench.opening import BAUD
from ohmbench.bench.over_link import LinkBench
from ohmbench.errors import UsageError
from ohmbench.inference.on_bench import run_tile
from ohmbench.mapping.tile import Tile
from ohmbench.measure.cells import cells_speed
from ohmbench.model.simulator import Simulator, Speed, build, replay
from ohmbench.programming.programmer import Collector, Programmer
from ohmbench.programming.recipe import Recipe
from ohmbench.programming.run import program_image
from ohmbench.progress import Progress
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import Levels
from ohmbench.support.files import temporary_folder
from ohmbench.tables import COLUMNS, ROWS

LEVELS = 8
PRODUCTS = 1000
INPUT_BITS = 8

Program = Callable[[Levels], CellRecords]
"""Programs levels (rows, columns) into all cells and returns when the last record has come."""
Prepare = Callable[[Bench], AbstractContextManager[Program]]
"""Gets a bench ready for images: armed, rails settled, firmware loaded. Leaving it turns the array off."""


@contextmanager
def image_programmer(bench: Bench) -> Iterator[Program]:
    """Programs images of LEVELS levels with the default recipe."""
    recipe, mask = Recipe(), np.ones((ROWS, COLUMNS), np.bool_)
    bands = recipe.bands_of_levels(np.arange(LEVELS), LEVELS - 1)
    with Programmer.ready(bench, recipe, bands) as programmer:

        def program(levels: Levels) -> CellRecords:
            collector = Collector()
            cycles = programmer.program(levels, mask, collector)
            return CellRecords.of_words(collector.words, mask, *recipe.windows(levels, LEVELS - 1), cycles)

        yield program


def programming_speed(bench: Bench, progress: Progress, prepare: Prepare = image_programmer) -> dict[str, float]:
    """Time of one image and of matrix-vector products, by the FPGA's own clock.

    The image has every cell of the array, with levels drawn evenly from LEVELS. Its time is from just before its
    first byte is sent to the arrival of its last record, what the link and the host take included; what `prepare`
    does, arming and loading firmware, comes once before any number of images and is not part of it. The array is
    used as it is found: fresh in the simulator. Products are of INPUT_BITS inputs on all rows and columns, as pairs;
    their time is run time, in which waiting for the link does not count.

    A bench that reaches one cell at a time has other figures: `cells_speed`.

    Returns:
        cells_per_s, image_time_s, converged_fraction and pulses_mean (of either polarity, a cell) of the image;
        mvm_time_s of a product; busy_share and mvm_busy_share, the share of either time in which the array was
        settling, pulsed or converted (`State.busy_cycles`).

    Raises:
        UsageError: the bench counts no clocks.
        FaultError: the guard turned the array off.
    """
    if bench.info.carrier.parallel_columns == 1:
        return cells_speed(bench, progress)
    if bench.info.rung == "twin":
        raise UsageError(
            "The twin has no clock that runs while the host waits for the link, so it has no programming time.",
            "Give --port sim or a board.",
        )
    rng = np.random.default_rng(1)
    levels = rng.integers(0, LEVELS, (ROWS, COLUMNS)).astype(np.uint8)
    inputs = rng.integers(0, 1 << INPUT_BITS, (PRODUCTS, ROWS))
    with prepare(bench) as program:
        progress.say(f"one image of {levels.size} cells")
        start = bench.state()
        records = program(levels)
        end = bench.state()
    image_cycles = end.clock_cycles - start.clock_cycles
    image_time_s = image_cycles / bench.info.clock_hz
    progress.say(f"{PRODUCTS} products")
    recipe = Recipe()
    rails_v = recipe.read_rails_v()
    before = bench.state().busy_cycles
    with bench.armed(Limits(rails_v, 0.0, 0), rails_v):
        pass
    armed = bench.state().busy_cycles
    _, mvm_cycles = run_tile(bench, full_tile(), inputs, INPUT_BITS, recipe)
    # run_tile arms likewise, and its run time leaves out the rails' settling
    mvm_busy = bench.state().busy_cycles - armed - (armed - before)
    return {
        "cells_per_s": levels.size / image_time_s,
        "image_time_s": image_time_s,
        "busy_share": (end.busy_cycles - start.busy_cycles) / image_cycles,
        "converged_fraction": float(np.mean(records.inside)),
        "pulses_mean": float(np.mean(records.pulses)),
        "mvm_time_s": mvm_cycles / PRODUCTS / bench.info.clock_hz,
        "mvm_busy_share": mvm_busy / mvm_cycles,
    }


def full_tile() -> Tile:
    """A tile of all rows and columns: output j is the difference of columns 2j and 2j + 1."""
    lanes = np.arange(COLUMNS, dtype=np.int16)
    gain = np.where(lanes < COLUMNS // 2, 1, 0).astype(np.int32)
    p, n = (np.where(gain > 0, 2 * lanes + side, -1).astype(np.int16) for side in (0, 1))
    return Tile(0, 0, 0, COLUMNS // 2, np.arange(ROWS, dtype=np.int16), p, n, gain)


def simulated_work(
    executable: Path, progress: Progress, record: Path | None = None, *, products: int = PRODUCTS
) -> Speed:
    """Program an image of random levels in a new simulator and stream products through it; how fast it was.

    Args:
        executable: of the simulator.
        record: file to record the host's side of the session in.
        products: how many.

    Raises:
        BuildError: the simulator cannot be started.
        LinkError, ProtocolError, FaultError: it does not work as a bench should.
    """
    rng = np.random.default_rng(1)
    levels = rng.integers(0, LEVELS, (ROWS, COLUMNS)).astype(np.uint8)
    mask = np.ones((ROWS, COLUMNS), np.bool_)
    inputs = rng.integers(0, 1 << INPUT_BITS, (products, ROWS))
    recipe = Recipe()
    with Simulator(executable=executable, record=record) as simulator:
        with LinkBench.of(simulator, baud=BAUD) as bench:
            program_image(bench, levels, mask, LEVELS - 1, recipe, progress)
            progress.say(f"{products} products")
            run_tile(bench, full_tile(), inputs, INPUT_BITS, recipe)
        return simulator.speed()


def simulator_speed(progress: Progress) -> dict[str, float]:
    """Clocks a second of the simulator in a working session, live and bare.

    The session programs one image and streams products through it. Bare is the same Verilated model fed the same
    bytes at the same clocks, with no pty and no host; so both do the same work.

    Returns:
        live_cycles_per_s, bare_cycles_per_s, ratio, and the session's cycles.

    Raises:
        BuildError: the simulator cannot be built or started.
    """
    executable = build(progress.say)
    with temporary_folder() as folder:
        record = Path(folder) / "session"
        live = simulated_work(executable, progress, record)
        progress.say("the same session bare")
        bare = replay(record, executable=executable)
    return {
        "live_cycles_per_s": live.clocks_per_s,
        "bare_cycles_per_s": bare.clocks_per_s,
        "ratio": live.clocks_per_s / bare.clocks_per_s,
        "cycles": live.clocks,
    }
