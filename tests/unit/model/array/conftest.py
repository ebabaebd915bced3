"""What several files use."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[4]


@pytest.fixture(scope="session")
def quiet() -> dict[str, float]:
    """No spread, noise, wires or relaxation: what is left is the switching law alone."""
    names = ["set_d2d", "set_c2c", "reset_d2d_ln", "reset_c2c_ln", "gate_d2d_v", "gate_c2c_v", "initial_ln"]
    names += ["stuck_low_fraction", "stuck_high_fraction", "read_noise_relative", "read_noise_usiemens", "relax_scale"]
    names += ["wire_bl_ohm", "wire_sl_ohm", "driver_ohm", "sense_ohm", "adc_noise_lsb"]
    return dict.fromkeys(names, 0.0)
