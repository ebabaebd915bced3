"""Trimming: what the array does wrong is measured on it, and put right by the host.

A lane of a programmed tile is not what its levels say: its cells are a little off (together a share of the sum of the
inputs), its wires and converters take a share of the lane itself, and something is always added. So each lane gets
three numbers, found by least squares on inputs that pass the array beside exact integers:

    output = sum over its tiles of (gain * lane + common * (sum of the tile's row inputs)) + offset

`gain` is the lane's own gain and the tile's weight in the output's sum at once: the two cannot be told apart. The array
and the FPGA do not change; the products and sums above are the host's, and cost the array nothing.

Some cells are not a little off but lost: stuck, or left out because they are known to be bad. Programming says which.
What is missing there goes with one row's input alone, so that the host adds that input times one more number.

Layers are fitted one after the other, since a layer's inputs are the corrected outputs of the one before. Targets are
the exact integers of the whole network, so no label is needed.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from ohmbench.errors import DataError, UsageError
from ohmbench.inference.exact import LayerRows, TileRunner, add_up, run_lanes, run_layer
from ohmbench.mapping.image import WeightImage
from ohmbench.network.flow import Value, Walk, sums_as_value
from ohmbench.support.array_types import FloatArray, Index, IntArray, Integers, NetworkInputs

GAIN_SPREAD = 0.1
"""Standard deviation of the gains that the fit expects around 1: wires, converters and cells take a few per cent."""
COMMON_SPREAD = 0.25
"""The same of the mean error of a lane's cells around 0, in level steps: one cell stuck 7 steps off, among 32.

Both are loose. Of ten arrays of preset a with 784-10, twice or half of them changed the mean loss by 0.01 points.
"""
LOST_SPREAD = 1.0
"""The same of what is missing at a lost cell, in full scales of a cell: one stuck high is above the highest level."""
INPUTS_PER_TILE = 4
"""Inputs that a fit needs for each tile in an output's sum, and for the offset; 20 are better, and 80 are enough."""
_ROUNDS = 10  # of estimating the noise; it stays the same in four digits after five
_MOST_ROWS = 20_000
"""Rows of a layer that are fitted to; a convolution has one for each pixel of each input."""
_RELATIVE = 1e-10  # of rounding in sums of squares of doubles


@dataclass(frozen=True, eq=False)
class Trimming:
    """Corrections of a weight image on an array, in units of one level step times one input step.

    Attributes:
        gain, common: (tiles, columns) of each lane; 1 and 0 in lanes without an output.
        offsets: (outputs,) of each layer.
        lost: (n, 3), tile, row and lane of each lost cell that is corrected; missing: (n,), what its row's input is
            multiplied by.
        lane_raw, lane_trimmed: (tiles, columns) root mean square error of each lane over the inputs of the fit, against
            its exact value of the same inputs. The trimmed one leaves out what is constant: offsets are the layer's.
        layer_raw, layer_trimmed: (outputs,) of each layer the same of its sums, against the exact network's.
        inputs: so many were fitted to.
    """

    gain: FloatArray
    common: FloatArray
    offsets: tuple[FloatArray, ...]
    lane_raw: FloatArray
    lane_trimmed: FloatArray
    layer_raw: tuple[FloatArray, ...]
    layer_trimmed: tuple[FloatArray, ...]
    inputs: int
    lost: IntArray = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    missing: FloatArray = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def none(cls, image: WeightImage, inputs: int = 0) -> Self:
        """Corrections that change nothing."""
        lanes = np.zeros((len(image.tiles), image.columns))
        zeros = tuple(np.zeros(layer.outputs) for layer in image.layers)
        return cls(np.ones_like(lanes), lanes, zeros, lanes, lanes, zeros, zeros, inputs)

    def fits(self, image: WeightImage) -> bool:
        """Whether the image has these tiles and layers."""
        return self.gain.shape == (len(image.tiles), image.columns) and [len(part) for part in self.offsets] == [
            layer.outputs for layer in image.layers
        ]

    def lost_in(self, index: int) -> list[tuple[int, int, float]]:
        """Row, lane and missing of each lost cell of a tile."""
        at = self.lost[:, 0] == index
        return [
            (int(row), int(lane), float(m)) for (row, lane), m in zip(self.lost[at, 1:], self.missing[at], strict=True)
        ]

    def of_lanes(self, index: int, lanes: Value, rows: _RowInputs, at: slice = slice(None)) -> FloatArray:
        """Lanes (n, outputs) of a tile, corrected but for the layer's offsets.

        Args:
            lanes: (n, outputs) of the rows at `at`.
        """
        outputs = lanes.shape[1]
        found: FloatArray = lanes * self.gain[index, :outputs] + rows.sums[at, None] * self.common[index, :outputs]
        for row, lane, missing in self.lost_in(index):
            found[:, lane] += rows.of_row[row][at] * missing
        return found

    def corrected(self, image: WeightImage, number: int, lanes: _Lanes, inputs: Mapping[int, _RowInputs]) -> FloatArray:
        """Sums (n, outputs) of a layer.

        Args:
            lanes: as `run_layer` gives them; inputs: of each tile, by its number.
        """
        kept = np.result_type(*(part.dtype for part in lanes.values()), np.float32)
        rows = len(next(iter(lanes.values())))
        found = np.empty((rows, image.layers[number].outputs), kept)
        for first in range(0, rows, _ROWS_AT_ONCE):
            at = slice(first, first + _ROWS_AT_ONCE)
            parts = {index: self.of_lanes(index, part[at], inputs[index], at) for index, part in lanes.items()}
            found[at] = add_up(image, number, parts) + self.offsets[number]
        return found


@dataclass(frozen=True, eq=False)
class Trimmed:
    """Inputs through an array, as it is and corrected.

    Attributes:
        raw, corrected: logits (n, outputs).
        fit_s: time of this process for the fit.
    """

    trimming: Trimming
    raw: FloatArray
    corrected: FloatArray
    fit_s: float = 0.0


_Lanes = Mapping[int, Value]
_ROWS_AT_ONCE = 1 << 14
"""Of a convolution's pixels that are corrected at once, in double precision."""


@dataclass(frozen=True, eq=False)
class _RowInputs:
    """What the host knows of a tile's row inputs. Inputs of up to 16 bits fit in 32 bits, all rows added up.

    Attributes:
        sums: (n,) over all rows.
        of_row: (n,) of each row that has a lost cell.
    """

    sums: Integers
    of_row: dict[int, Integers]

    def some(self, chosen: Index) -> Self:
        """Some of the n."""
        return type(self)(self.sums[chosen], {row: values[chosen] for row, values in self.of_row.items()})


LostCells = Callable[[WeightImage, int], Sequence[tuple[int, int]]]
"""(image, tile index) -> row and lane of each cell of the tile that is lost, once its array is loaded."""


def none_lost(image: WeightImage, index: int) -> Sequence[tuple[int, int]]:
    """Of an array whose programming nobody knows."""
    return ()


def require_enough(image: WeightImage, count: int) -> None:
    """Refuse so few inputs that they would be learned by heart.

    Raises:
        UsageError: fewer than INPUTS_PER_TILE for each number that a sum of the image has.
    """
    in_sum = [np.zeros(layer.outputs, np.int64) for layer in image.layers]
    for tile in image.tiles:
        in_sum[tile.layer][tile.lanes_of] += 1
    needed = INPUTS_PER_TILE * (1 + max(int(tiles.max()) for tiles in in_sum))
    if count < needed:
        raise UsageError(f"Trimming this image needs {needed} inputs or more, not {count}.", "Give more.")


def trim(
    image: WeightImage,
    fit_to: Integers,
    inputs: Integers,
    run_fit: TileRunner,
    run_tile: TileRunner,
    lost: LostCells = none_lost,
) -> Trimmed:
    """Fit corrections to some inputs, and take others through the array raw and corrected.

    Both pass each tile while it is loaded: programming it again would change what there is to correct. Corrections that
    leave the network's outputs further off than they were are not taken.

    Args:
        fit_to: (n, inputs), training data; never those that are tested.
        inputs: (n, inputs); none if only the corrections are wanted.
        run_fit, run_tile: run tiles on the one and on the other.
        lost: which cells get a number of their own.

    Raises:
        UsageError: too few to fit to.
        DataError: an output never moves over them.
    """
    require_enough(image, len(fit_to))
    way = LayerByLayer(image, fit_to, inputs, run_fit, run_tile, lost)
    for _ in image.layers:
        way.step()
    return way.result()


class LayerByLayer:
    """Inputs on their way through an array, a layer at a time, with a trimming that is fitted as they go.

    Attributes:
        image: its layers that were not passed yet may be given other levels on the way.
        number: of the layer that comes next.
    """

    def __init__(
        self,
        image: WeightImage,
        fit_to: NetworkInputs,
        inputs: NetworkInputs,
        run_fit: TileRunner,
        run_tile: TileRunner,
        lost: LostCells = none_lost,
    ) -> None:
        self.image = image
        self.number = 0
        self._lost = lost
        self._exact = Walk(image.walk_steps, np.asarray(fit_to))
        self._runners = (run_fit, run_tile)
        self._fitted, self._tested = _Ways(image, np.asarray(fit_to)), _Ways(image, np.asarray(inputs))
        self._trimming = Trimming.none(image, len(fit_to))
        self._fit_s = 0.0

    @property
    def next_fit(self) -> IntArray:
        """Integer inputs (n, inputs) of the layer that comes next, of those to fit to, corrected."""
        return np.asarray(self._fitted.corrected.waiting, np.int64)

    def change(self, image: WeightImage) -> None:
        """From the next layer on, the levels, scales and biases are those of another image."""
        self.image = image
        for walk in (self._exact, *self._fitted.walks, *self._tested.walks):
            walk.change(image.walk_steps)

    def step(self) -> None:
        """Pass the next layer, and fit its corrections; raises as `trim`."""
        image, number = self.image, self.number
        exact = _rows(self._exact)
        wanted = add_up(image, number, run_layer(image, number, exact))
        if number in (0, len(image.layers) - 1):  # a hidden output that is never active is the network's own affair
            _require_moving(image, number, wanted)
        fit_lanes, lanes = _run(image, number, (self._fitted, self._tested), self._runners)
        began = time.process_time()
        chosen = _some_rows(len(wanted))
        rows = _rows(self._fitted.corrected)
        started = _with_lost(self._trimming, image, number, self._lost)
        inputs = {index: of_tile.some(chosen) for index, of_tile in _row_inputs(started, image, number, rows).items()}
        few = {index: part[chosen] for index, part in fit_lanes.corrected.items()}
        found = _fit(started, image, number, few, inputs, np.asarray(wanted[chosen], np.float64))
        ideal = {index: part[chosen] for index, part in run_layer(image, number, rows).items()}
        self._trimming = _with_errors(found, image, number, fit_lanes.raw_some, few, inputs, ideal, wanted[chosen])
        self._fit_s += time.process_time() - began
        self._fitted.give(image, number, self._trimming, fit_lanes)
        self._tested.give(image, number, self._trimming, lanes)
        _give(self._exact, wanted)
        self.number += 1

    def result(self) -> Trimmed:
        """What came out, when all layers have been passed."""
        found, tested = self._trimming, self._tested
        if np.square(found.layer_trimmed[-1]).sum() <= np.square(found.layer_raw[-1]).sum():
            return Trimmed(found, *tested.outputs, self._fit_s)
        none = replace(
            Trimming.none(self.image, found.inputs),
            lane_raw=found.lane_raw,
            lane_trimmed=found.lane_raw,
            layer_raw=found.layer_raw,
            layer_trimmed=found.layer_raw,
        )
        return Trimmed(none, tested.outputs[0], tested.outputs[0], self._fit_s)


def pass_trimmed(image: WeightImage, trimming: Trimming, inputs: NetworkInputs, run_tile: TileRunner) -> Trimmed:
    """Inputs (n, ...) through an array, raw and corrected as `trimming` says."""
    tested = _Ways(image, np.asarray(inputs))
    for number in range(len(image.layers)):
        (lanes,) = _run(image, number, (tested,), (run_tile,))
        tested.give(image, number, trimming, lanes)
    return Trimmed(trimming, *tested.outputs)


@dataclass(frozen=True, eq=False)
class _Passed:
    """What a layer's tiles gave on both ways.

    Attributes:
        raw: sums (rows, outputs); a convolution's lanes on both ways would take too much memory.
        raw_some: lanes of `_some_rows` of them.
        corrected: lanes of all rows, not corrected yet.
    """

    raw: Value
    raw_some: _Lanes
    corrected: _Lanes


class _Ways:
    """The same inputs on two ways through the network: with the array's outputs as they are, and corrected.

    Attributes:
        raw, corrected: the very same walk up to the first layer's outputs.
    """

    def __init__(self, image: WeightImage, inputs: Value) -> None:
        self.raw = self.corrected = Walk(image.walk_steps, inputs)

    @property
    def walks(self) -> tuple[Walk, ...]:
        return (self.raw,) if self.raw is self.corrected else (self.raw, self.corrected)

    @property
    def outputs(self) -> tuple[FloatArray, FloatArray]:
        """Of the last layer, (n, outputs): raw and corrected."""
        raw, corrected = (np.asarray(walk.outputs, np.float64) for walk in (self.raw, self.corrected))
        return raw, corrected

    def give(self, image: WeightImage, number: int, trimming: Trimming, passed: _Passed) -> None:
        """What a layer's tiles gave."""
        inputs = _row_inputs(trimming, image, number, _rows(self.corrected))
        corrected = trimming.corrected(image, number, passed.corrected, inputs)
        if self.raw is self.corrected:
            self.corrected = copy.copy(self.raw)
        _give(self.raw, passed.raw)
        _give(self.corrected, corrected)


def _rows(walk: Walk) -> LayerRows:
    assert walk.step is not None
    return LayerRows(walk.step, walk.waiting)


def _give(walk: Walk, sums: Value) -> None:
    assert walk.step is not None
    walk.give(sums_as_value(walk.step, walk.waiting, sums))


def _run(image: WeightImage, number: int, ways: Sequence[_Ways], runners: Sequence[TileRunner]) -> list[_Passed]:
    """A layer's lanes on all ways, tile after tile: what is loaded once serves them all."""
    totals: list[Value | None] = [None for _ in ways]
    some: list[dict[int, Value]] = [{} for _ in ways]
    corrected: list[dict[int, Value]] = [{} for _ in ways]
    for index in image.tiles_of(number):
        for n, (way, run_tile) in enumerate(zip(ways, runners, strict=True)):
            lanes = corrected[n][index] = run_lanes(image, index, _rows(way.corrected), run_tile)
            raw = lanes if way.raw is way.corrected else run_lanes(image, index, _rows(way.raw), run_tile)
            some[n][index] = raw[_some_rows(len(raw))]
            totals[n] = add_up(image, number, {index: raw}, totals[n])
    return [
        _Passed(total, few, lanes)
        for total, few, lanes in zip(totals, some, corrected, strict=True)
        if total is not None
    ]


def _some_rows(count: int) -> Index:
    """Rows to fit to: all, or as many as are enough of a convolution's pixels."""
    every = np.arange(count)
    return every if count <= _MOST_ROWS else np.sort(np.random.default_rng(0).permutation(count)[:_MOST_ROWS])


def _row_inputs(trimming: Trimming, image: WeightImage, number: int, rows: LayerRows) -> dict[int, _RowInputs]:
    """Of each tile of a layer."""
    found = {}
    for index in image.tiles_of(number):
        lost = sorted({row for row, _, _ in trimming.lost_in(index)})
        empty = (np.zeros(len(rows), np.int32) for _ in lost)
        found[index] = _RowInputs(np.zeros(len(rows), np.int32), dict(zip(lost, empty, strict=True)))
    for at, inputs in rows.parts():
        for index, of_tile in found.items():
            driven = image.tiles[index].row_of_input
            of_tile.sums[at] = inputs[:, driven >= 0].sum(axis=1)
            for row, values in of_tile.of_row.items():
                values[at] = inputs[:, driven == row].sum(axis=1)
    return found


def _with_lost(trimming: Trimming, image: WeightImage, number: int, lost: LostCells) -> Trimming:
    """`trimming` with the lost cells of a layer; what is missing there is not known yet."""
    cells = [(index, row, lane) for index in image.tiles_of(number) for row, lane in lost(image, index)]
    every = np.concatenate([trimming.lost, np.array(cells, np.int64).reshape(-1, 3)])
    return replace(trimming, lost=every, missing=np.pad(trimming.missing, (0, len(cells))))


def _require_moving(image: WeightImage, number: int, wanted: Value) -> None:
    """Refuse inputs over which an output that has weights never moves: nothing can be learned of its lanes."""
    weighted = np.zeros(wanted.shape[1], np.bool_)
    for tile in (image.tiles[index] for index in image.tiles_of(number)):
        levels = np.pad(image.levels[tile.image].astype(np.int64), ((0, 0), (0, 1)))[tile.rows_used(image.rows)]
        parts = slice(tile.outputs)
        weights = levels[:, tile.p[parts]] - levels[:, tile.n[parts]] - tile.middle[parts]
        weighted[tile.lanes_of] |= weights.any(axis=0)
    still = np.flatnonzero(weighted & (np.ptp(wanted, axis=0) == 0))
    if still.size:
        raise DataError(
            f"Output {still[0]} of layer {number}"
            + (f" (and {still.size - 1} more)" if still.size > 1 else "")
            + " has the same value for all inputs of the trimming, so its error cannot be measured.",
            "Give more inputs, or others.",
        )


def _fit(
    trimming: Trimming,
    image: WeightImage,
    number: int,
    lanes: _Lanes,
    inputs: Mapping[int, _RowInputs],
    wanted: FloatArray,
) -> Trimming:
    """`trimming` with the corrections of a layer."""
    gain, common, offset = trimming.gain.copy(), trimming.common.copy(), trimming.offsets[number].copy()
    missing = trimming.missing.copy()
    for output in range(wanted.shape[1]):
        at = [(i, output - image.tiles[i].first_output) for i in lanes]
        at = [(i, lane) for i, lane in at if 0 <= lane < image.tiles[i].outputs]
        if not at:
            continue
        own = np.column_stack([lanes[i][:, lane] for i, lane in at]).astype(np.float64)
        rows = np.column_stack([inputs[i].sums * float(image.tiles[i].gain[lane]) for i, lane in at])
        lost = np.concatenate([np.flatnonzero((trimming.lost[:, [0, 2]] == cell).all(axis=1)) for cell in at])
        of_lost = [
            inputs[int(i)].of_row[int(row)] * float(image.tiles[i].gain[lane]) for i, row, lane in trimming.lost[lost]
        ]
        columns = np.column_stack([own, rows, *of_lost])
        spread = np.repeat([GAIN_SPREAD, COMMON_SPREAD, LOST_SPREAD * image.max_level], [len(at), len(at), len(lost)])
        found, offset[output] = ridge(columns, wanted[:, output] - own.sum(axis=1), spread)
        for (i, lane), of_lane, of_rows in zip(at, *np.split(found[: 2 * len(at)], 2), strict=True):
            gain[i, lane] = 1.0 + of_lane
            common[i, lane] = of_rows * float(image.tiles[i].gain[lane])
        missing[lost] = found[2 * len(at) :] * [float(image.tiles[i].gain[lane]) for i, _, lane in trimming.lost[lost]]
    offsets = (*trimming.offsets[:number], offset, *trimming.offsets[number + 1 :])
    return replace(trimming, gain=gain, common=common, offsets=offsets, missing=missing)


def ridge(columns: FloatArray, wanted: FloatArray, spread: FloatArray) -> tuple[FloatArray, float]:
    """Factors (k,) and an offset with which columns (n, k) come closest to what is wanted (n,).

    Factors are expected around 0 with the standard deviations `spread`; how much that counts against the data follows
    from the noise that the fit leaves, which is estimated in turns (D. MacKay, "Bayesian Interpolation", Neural
    Computation 4, 1992, sections 2 and 4). The squared error is never larger than without the factors.
    """
    mean, middle = columns.mean(axis=0), float(wanted.mean())
    centred, rest = (columns - mean) * spread, wanted - middle
    strength, axes = np.linalg.eigh(centred.T @ centred)
    strength, side = np.maximum(strength, 0.0), axes.T @ (centred.T @ rest)
    noise, factors = float(np.mean(np.square(rest))), np.zeros(len(spread))
    for _ in range(_ROUNDS):
        # columns that are as good as equal have an axis without strength, which no noise may be small enough to use
        noise = max(noise, _RELATIVE * float(strength.max(initial=0.0)))
        if noise <= 0.0:
            break
        factors = axes @ (side / (strength + noise))
        known = float((strength / (strength + noise)).sum())  # factors that the data, not the spread, decide
        left = max(len(rest) - 1.0 - known, 1.0)
        noise = float(np.square(rest - centred @ factors).sum()) / left
    factors = factors * spread
    return factors, middle - float(mean @ factors)


def _with_errors(
    trimming: Trimming,
    image: WeightImage,
    number: int,
    raw_lanes: _Lanes,
    lanes: _Lanes,
    inputs: Mapping[int, _RowInputs],
    ideal: _Lanes,
    wanted: Value,
) -> Trimming:
    """`trimming` with what a layer's errors were and are."""
    lane_raw, lane_trimmed = trimming.lane_raw.copy(), trimming.lane_trimmed.copy()
    for index, part in lanes.items():
        outputs = part.shape[1]
        corrected = trimming.of_lanes(index, part, inputs[index])
        lane_raw[index, :outputs] = _rms(part - ideal[index])
        lane_trimmed[index, :outputs] = np.std(corrected - ideal[index], axis=0)
    raw = _rms(add_up(image, number, raw_lanes) - wanted)
    trimmed = _rms(trimming.corrected(image, number, lanes, inputs) - wanted)
    return replace(
        trimming,
        lane_raw=lane_raw,
        lane_trimmed=lane_trimmed,
        layer_raw=(*trimming.layer_raw[:number], raw, *trimming.layer_raw[number + 1 :]),
        layer_trimmed=(*trimming.layer_trimmed[:number], trimmed, *trimming.layer_trimmed[number + 1 :]),
    )


def _rms(errors: FloatArray | IntArray) -> FloatArray:
    """Root mean square (outputs,) of errors (n, outputs)."""
    return np.asarray(np.sqrt(np.mean(np.square(np.asarray(errors, np.float64)), axis=0)))
