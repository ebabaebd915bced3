"""Measure the bench itself."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from ohmbench._tables import COLUMNS, ROWS
from ohmbench.image import Tile
from ohmbench.inference import run_tile
from ohmbench.link_bench import LinkBench
from ohmbench.programming import program_image
from ohmbench.progress import Progress
from ohmbench.recipe import Recipe
from ohmbench.rungs import BAUD
from ohmbench.simulator import Simulator, build, replay

LEVELS = 8
PRODUCTS = 1000


def simulator_speed(progress: Progress) -> dict[str, float]:
    """Clocks a second of the simulator in a working session, live and bare.

    The session programs one image and streams products through it. Bare is the same Verilated model fed the same
    bytes at the same clocks, with no pty and no host; so both do the same work.

    Returns:
        live_cycles_per_s, bare_cycles_per_s, ratio, and the session's cycles.

    Raises:
        BuildError: the simulator cannot be built or started.
    """
    rng = np.random.default_rng(1)
    levels = rng.integers(0, LEVELS, (ROWS, COLUMNS)).astype(np.uint8)
    mask = np.ones((ROWS, COLUMNS), np.bool_)
    lanes = np.arange(COLUMNS, dtype=np.int16)
    gain = np.where(lanes < COLUMNS // 2, 1, 0).astype(np.int32)
    p, n = (np.where(gain > 0, 2 * lanes + side, -1).astype(np.int16) for side in (0, 1))
    tile = Tile(0, 0, 0, COLUMNS // 2, np.arange(ROWS, dtype=np.int16), p, n, gain)
    inputs = rng.integers(0, 256, (PRODUCTS, ROWS))
    recipe = Recipe()
    executable = build(progress.say)
    with tempfile.TemporaryDirectory(prefix="ohmbench-") as folder:
        record = Path(folder) / "session"
        with Simulator(executable=executable, record=record) as simulator:
            with LinkBench.open(simulator.port, baud=BAUD, rung="sim", check=simulator.check) as bench:
                program_image(
                    bench, levels, mask, LEVELS - 1, recipe, lambda done, rows: progress("program", done, rows)
                )
                progress.say(f"{PRODUCTS} products")
                run_tile(bench, tile, inputs, 8, recipe)
            live = simulator.speed()
        progress.say("the same session bare")
        bare = replay(record, executable=executable)
    return {
        "live_cycles_per_s": live.clocks_per_s,
        "bare_cycles_per_s": bare.clocks_per_s,
        "ratio": live.clocks_per_s / bare.clocks_per_s,
        "cycles": live.clocks,
    }
