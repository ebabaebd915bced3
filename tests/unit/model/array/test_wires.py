"""Wire resistance against a nodal solve written here, and the limits that any resistive network keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from ohmbench.model._array import ffi, lib
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

N = 32
ALL = 0xFFFF_FFFF
Matrix = NDArray[np.float64]
CORNERS = {
    "random": np.random.default_rng(1).uniform(1e-6, 100e-6, (N, N)),
    "all low": np.full((N, N), 1e-6),
    "all high": np.full((N, N), 260e-6),
    "one short": np.where(np.arange(N * N).reshape(N, N) == 17 * N + 5, 1e-2, 50e-6),
}
WIRES = [(0.5, 0.5, 0.5, 0.5), (2.0, 3.0, 9.5, 4.0), (20.0, 20.0, 0.1, 100.0)]


def transfer(wires: tuple[float, ...], g: Matrix, on: int = ALL) -> Matrix:
    """Rows of the model's matrix: currents for 1 V on bit line i."""
    w = ffi.new("ohm_wires_t *", wires)
    g, result = np.ascontiguousarray(g), np.empty((N, N))
    lib.ohm_wires_transfer(w, ffi.from_buffer("double[]", g), on, ffi.from_buffer("double[]", result))
    return result


def row_transfer(wires: tuple[float, ...], g: Matrix, row: int) -> Matrix:
    w = ffi.new("ohm_wires_t *", wires)
    g, result = np.ascontiguousarray(g), np.empty(N)
    lib.ohm_wires_row(w, ffi.from_buffer("double[]", g), row, ffi.from_buffer("double[]", result))
    return result


def nodal(wires: tuple[float, ...], g: Matrix, on: int = ALL) -> Matrix:
    """Kirchhoff's current law at 2 x 1024 nodes, one right-hand side a bit line; all resistances above 0."""
    bl, sl, driver, sense = wires
    entries: list[tuple[int, int, float]] = []
    inject = np.zeros((2 * N * N, N))

    def resistor(a: int, b: int | None, siemens: float) -> None:
        entries.append((a, a, siemens))
        if b is not None:
            entries.extend([(b, b, siemens), (a, b, -siemens), (b, a, -siemens)])

    for i in range(N):
        for j in range(N):
            w, u = i * N + j, N * N + i * N + j
            if j == 0:
                resistor(w, None, 1 / (driver + bl))
                inject[w, i] = 1 / (driver + bl)
            else:
                resistor(w, w - 1, 1 / bl)
            resistor(u, None if i == N - 1 else u + N, 1 / (sl + sense) if i == N - 1 else 1 / sl)
            if on >> i & 1:
                resistor(w, u, g[i, j])
    rows, cols, values = zip(*entries, strict=True)
    matrix = coo_array((values, (rows, cols)), shape=(2 * N * N, 2 * N * N)).tocsc()
    voltages: Any = spsolve(matrix, inject)
    return np.asarray(voltages[-N:] / (sl + sense)).T


@pytest.mark.parametrize("wires", WIRES)
@pytest.mark.parametrize("corner", CORNERS)
def test_equals_a_nodal_solve(corner: str, wires: tuple[float, ...]) -> None:
    expected = nodal(wires, CORNERS[corner])
    assert np.max(np.abs(transfer(wires, CORNERS[corner]) - expected)) <= 1e-10 * np.max(expected)


@pytest.mark.parametrize("on", [0x8000_0001, 0x0F0F_0F0E, 0x0000_0003, 0x7FFF_FFFE])
def test_rows_that_are_off_leave_only_their_wires(on: int) -> None:
    wires, g = WIRES[1], CORNERS["random"]
    expected = nodal(wires, g, on)
    assert np.max(np.abs(transfer(wires, g, on) - expected)) <= 1e-10 * np.max(expected)


@pytest.mark.parametrize("row", [0, 15, 31])
@pytest.mark.parametrize("wires", [*WIRES, (0.0, 0.0, 0.0, 0.0), (0.0, 2.0, 5.0, 0.0)])
def test_row_ladder_equals_the_matrix(wires: tuple[float, ...], row: int) -> None:
    g = CORNERS["random"]
    np.testing.assert_allclose(row_transfer(wires, g[row], row), transfer(wires, g, 1 << row)[row], rtol=1e-12)


def test_no_resistance_is_the_conductance_itself() -> None:
    g = CORNERS["random"]
    assert np.array_equal(transfer((0.0, 0.0, 0.0, 0.0), g), g)
    assert np.array_equal(row_transfer((0.0, 0.0, 0.0, 0.0), g[3], 3), g[3])


def test_small_resistance_goes_to_the_conductance() -> None:
    g = CORNERS["random"]
    np.testing.assert_allclose(transfer((1e-7, 1e-7, 1e-7, 1e-7), g), g, rtol=1e-6)


@pytest.mark.parametrize("zero", range(4))
def test_a_resistance_of_zero_is_the_limit_of_a_small_one(zero: int) -> None:
    wires = [2.0, 3.0, 9.5, 4.0]
    wires[zero] = 0.0
    exact = transfer(tuple(wires), CORNERS["random"])
    wires[zero] = 1e-6
    np.testing.assert_allclose(transfer(tuple(wires), CORNERS["random"]), exact, rtol=1e-6)


def test_reciprocity() -> None:
    """Sources and amplifiers change places: the transposed array, wires swapped, mirrored, has the same transfer."""
    g = CORNERS["random"]
    there = transfer((2.0, 3.0, 9.5, 4.0), g)
    back = transfer((3.0, 2.0, 4.0, 9.5), g[::-1, ::-1].T)
    np.testing.assert_allclose(there, back[::-1, ::-1].T, rtol=1e-11)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    wires=st.tuples(*[st.sampled_from([0.0, 1e-6, 0.1, 2.0, 50.0, 1e5])] * 4),
    on=st.integers(0, ALL),
)
def test_currents_are_positive_and_below_the_ideal(seed: int, wires: tuple[float, ...], on: int) -> None:
    g = 10 ** np.random.default_rng(seed).uniform(-8, -2, (N, N))
    m = transfer(wires, g, on)
    rows = np.array([bool(on >> i & 1) for i in range(N)])
    assert np.all(m >= 0)
    assert np.all(m[~rows] == 0)
    assert np.all(m.sum(axis=1) <= g.sum(axis=1) * (1 + 1e-12))
    assert np.all(m.sum(axis=0) <= (g * rows[:, None]).sum(axis=0) * (1 + 1e-12))
