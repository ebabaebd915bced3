"""`python -m ohmbench.measure.session FILE`: record the work that the simulator's profile is taken of."""

from __future__ import annotations

import sys
from pathlib import Path

from ohmbench.measure.bench import simulated_work
from ohmbench.model.simulator import build
from ohmbench.progress import Progress

PRODUCTS = 100
"""Enough for a profile, and a tenth of what `measure sim` streams: the file stands in the repository."""


def main(file: Path) -> None:
    """Raises:
    BuildError: the simulator cannot be built or started.
    """
    with Progress() as progress:
        simulated_work(build(progress.say), progress, file, products=PRODUCTS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
