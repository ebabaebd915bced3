"""What wires take from the column currents of an image, against the simulated array's own senses and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.random_networks import random_compressed

from ohmbench.errors import ImageError
from ohmbench.inference.wires import column_current_error
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.mapper import map_compressed
from ohmbench.model.array import ArrayModel, load_params
from ohmbench.model.wires import transfer
from ohmbench.programming.recipe import Recipe

NONE = dict.fromkeys(("wire_bl_ohm", "wire_sl_ohm", "driver_ohm", "sense_ohm"), 0.0)


def image() -> WeightImage:
    return map_compressed(random_compressed(np.random.default_rng(4), [60, 20, 10]))


def test_without_resistance_nothing_is_lost() -> None:
    assert column_current_error(image(), params=NONE) == pytest.approx((0.0, 0.0), abs=1e-12)


def test_more_resistance_takes_more_and_the_mean_is_below_the_largest() -> None:
    errors = [column_current_error(image(), params=NONE | {"wire_sl_ohm": ohm}) for ohm in (1.0, 3.0, 10.0)]
    assert 0 < errors[0][0] < errors[1][0] < errors[2][0]
    assert all(mean < largest < 1 for mean, largest in errors)


def test_one_cell_is_a_resistor_in_series_with_its_wires() -> None:
    one = image()
    levels, mask = np.zeros((1, 32, 32), np.uint8), np.zeros((1, 32, 32), np.bool_)
    levels[0, 0, 0], mask[0, 0, 0] = one.max_level, True
    lanes = np.full(32, -1, np.int16)
    layer = replace(one.layers[-1], inputs=1, outputs=1, scale=np.ones(1), bias=np.zeros(1))
    tile = replace(one.tiles[0], layer=0, image=0, first_output=0, outputs=1, row_of_input=np.zeros(1, np.int16))
    tile = replace(tile, p=np.r_[np.int16(0), lanes[1:]], n=lanes, gain=np.r_[1, np.zeros(31)].astype(np.int32))
    single = WeightImage(levels, mask, one.max_level, (layer,), (tile,))
    recipe = Recipe(g_min_usiemens=1e-9)
    siemens = recipe.g_max_usiemens * 1e-6
    # driver, one piece of the bit line, 32 pieces of the source line, the amplifier
    lost = 1 - 1 / (1 + siemens * (9.5 + 2.0 + 32 * 3.0 + 4.0))
    params = {"driver_ohm": 9.5, "wire_bl_ohm": 2.0, "wire_sl_ohm": 3.0, "sense_ohm": 4.0}
    assert column_current_error(single, recipe, params)[0] == pytest.approx(lost, rel=1e-6)


def test_transfer_is_what_the_array_senses() -> None:
    """Codes of an array that has wires and no other imperfection."""
    params = load_params("ideal") | {"wire_bl_ohm": 2.0, "wire_sl_ohm": 3.0, "driver_ohm": 9.5, "sense_ohm": 4.0}
    array = ArrayModel(params)
    siemens = np.random.default_rng(2).uniform(10e-6, 200e-6, (32, 32))
    array.set_conductance(siemens)
    on = np.arange(32) % 3 > 0
    mask = sum(1 << int(row) for row in np.flatnonzero(on))
    read_code = round(0.2 / 5.0 * 65536)
    volts = read_code / 65536 * 5.0
    expected = transfer(siemens, on, params).sum(axis=0) * volts * params["tia_ohm"] / params["adc_lsb_v"]
    codes = array.sense(mask, mask, read_code, round(3.0 / 5.0 * 65536), 0)
    assert np.max(np.abs(codes - expected)) <= 0.5 + 1e-6


def test_images_of_other_sizes_are_refused() -> None:
    small = map_compressed(random_compressed(np.random.default_rng(4), [6, 4], rows=8), rows=8, columns=8)
    with pytest.raises(ImageError, match="8x8 cells"):
        column_current_error(small)
