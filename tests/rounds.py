"""How often a test that draws at random draws: OHMBENCH_ROUNDS for a campaign, which prints what it saw with -s."""

from __future__ import annotations

import os

import numpy as np


def rounds(default: int) -> int:
    return int(os.environ.get("OHMBENCH_ROUNDS", default))


def draws() -> np.random.Generator:
    """Other moments in every campaign that says so; OHMBENCH_ROUNDS_SEED, else always the same ones."""
    return np.random.default_rng(int(os.environ.get("OHMBENCH_ROUNDS_SEED", 1)))
