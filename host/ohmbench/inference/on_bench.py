"""Run inputs through the array: the host's side of mvm.useq."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Self

import numpy as np

from ohmbench.bench.base import Bench, Limits
from ohmbench.carrier.carrier import Carrier
from ohmbench.compress.pool import signed
from ohmbench.errors import ImageError
from ohmbench.inference.exact import classes_of, evaluate, middles
from ohmbench.inference.loading import Loader, load_at_once
from ohmbench.inference.lost import lost_cells
from ohmbench.inference.passing import LastLayer, Passing
from ohmbench.inference.trimming import Trimmed, Trimming, pass_trimmed, trim
from ohmbench.isa import load_firmware
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.tile import Tile
from ohmbench.network.flow import Walk
from ohmbench.programming.programmer import read_array
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import OnProgress
from ohmbench.record.cell_records import CellRecords
from ohmbench.support.array_types import FloatArray, Inputs, IntArray, Integers, NetworkInputs, Words
from ohmbench.tables import COLUMNS, ROWS

WIRING = 0
"""Memory vectors of the wiring tables p and n, and of the gains."""
CODE_BITS = 15
"""Of a code, without its sign: the converters are unipolar."""
SPARE_BITS = 4
"""By which most differences of sums stay below the largest one."""


@dataclass
class Inference:
    """Runs a weight image on a bench: loads each image once and streams all inputs through it.

    Attributes:
        load: brings an array of the image into the bench's; None: `load_at_once`.
        on_passed: called as inputs pass a tile; with outputs if they take no trimming.
        on_codes: called with a tile's number and its codes int64 (n, outputs) when inputs have passed it: once, or with
            a trimming once for each of the ways that inputs take.
        records: what programming did, by image.
        program_cycles, infer_cycles, trim_cycles: run time in clocks; the last of the inputs of the fit.
    """

    bench: Bench
    recipe: Recipe
    report: OnProgress | None = None
    on_codes: Callable[[int, IntArray], None] | None = None
    load: Loader | None = None
    on_passed: Callable[[Passing], None] | None = None
    records: dict[int, CellRecords] = field(default_factory=dict)
    program_cycles: int = 0
    infer_cycles: int = 0
    trim_cycles: int = 0
    loaded: int | None = None
    _last: LastLayer | None = None

    def logits(self, image: WeightImage, inputs: NetworkInputs) -> FloatArray:
        """Outputs (n, outputs) of inputs (n, ...) through the array.

        Raises:
            ImageError: the image does not fit the bench's array.
            FaultError: the guard turned the array off.
        """
        image.check_fits(self.bench.info)

        def at_last_layer(walk: Walk) -> None:
            self._last = LastLayer(image, walk)

        try:
            return evaluate(image, inputs, self.run_tile, at_last_layer)
        finally:
            self._last = None

    def predict(self, image: WeightImage, inputs: NetworkInputs) -> IntArray:
        """Class (n,) of inputs (n, ...) through the array; raises as `logits`."""
        return classes_of(self.logits(image, inputs))

    def trim(self, image: WeightImage, fit_to: NetworkInputs, inputs: NetworkInputs) -> Trimmed:
        """Fit corrections to some inputs (n, ...), and take others through the array raw and corrected.

        Raises:
            UsageError, DataError: as `ohmbench.inference.trimming.trim`.
            ImageError, FaultError: as `logits`.
        """
        image.check_fits(self.bench.info)
        return trim(image, fit_to, inputs, self.fit_tile, self.run_tile, self.lost_cells)

    def pass_trimmed(self, image: WeightImage, trimming: Trimming, inputs: NetworkInputs) -> Trimmed:
        """Inputs (n, ...) through the array, raw and corrected; raises as `logits`."""
        image.check_fits(self.bench.info)
        return pass_trimmed(image, trimming, inputs, self.run_tile)

    def lost_cells(self, image: WeightImage, index: int) -> list[tuple[int, int]]:
        """Row and lane of each cell of a tile that its programming left far off; none if that is not known."""
        record = self.records.get(image.tiles[index].image)
        return [] if record is None else lost_cells(image, index, record)

    def fit_tile(self, image: WeightImage, index: int, row_values: IntArray) -> FloatArray:
        """As `run_tile`, for the inputs of a trimming."""
        before = self.infer_cycles
        lanes = self.run_tile(image, index, row_values)
        self.trim_cycles += self.infer_cycles - before
        self.infer_cycles = before
        return lanes

    def _require_loaded(self, image: WeightImage, number: int) -> None:
        """Load one of the image's arrays, unless it is the one that the array holds."""
        if self.loaded == number:
            return
        self.loaded = None  # an interrupted run leaves neither
        load = self.load or load_at_once(self.bench, self.recipe, self.report)
        self.records[number] = load(image, number).records
        self.program_cycles += self.records[number].run_cycles
        self.loaded = number

    def run_tile(self, image: WeightImage, index: int, row_values: IntArray) -> FloatArray:
        """The TileRunner of this bench; raises as `logits`."""
        tile = image.tiles[index]
        self._require_loaded(image, tile.image)
        bits = tile.row_bits(image.layers[tile.layer].input_bits)
        what = f"infer tile {index + 1}/{len(image.tiles)}"
        last = self._last

        def lanes_of(codes: IntArray) -> FloatArray:
            some = row_values[: len(codes)]
            lanes = np.zeros((len(some), image.columns))
            lanes[:, : tile.outputs] = codes / self.recipe.codes_per_level(image.max_level)
            return lanes - middles(tile, some) - unpaired_floor(tile, some, self.recipe, image.max_level)

        def tell(done: int, codes: Callable[[], IntArray]) -> None:
            if self.report is not None:
                self.report(what, done, len(row_values))
            if self.on_passed is not None:
                passing = Passing(index, done, len(row_values))
                if last is not None and last.is_last(index):
                    outputs = partial(last.outputs_of, index, lambda: lanes_of(codes())[:, : tile.outputs])
                    passing = replace(passing, outputs=outputs)
                self.on_passed(passing)

        codes, cycles = run_tile(self.bench, tile, row_values, bits, self.recipe, tell)
        self.infer_cycles += cycles
        if self.on_codes is not None:
            self.on_codes(index, codes)
        lanes = lanes_of(codes)
        if last is not None:
            last.passed(index, lanes[:, : tile.outputs])
        return lanes


def unpaired_floor(tile: Tile, row_values: Integers, recipe: Recipe, max_level: int) -> FloatArray:
    """What the conductance of level 0 adds to the lanes (n, columns) of one column alone, in level steps.

    In a pair it cancels. Where compression dropped the column of zeros it does not, and the inputs, which the host
    knows, say how much it is.
    """
    alone = ((tile.p >= 0).astype(np.int64) - (tile.n >= 0)) * tile.gain
    return np.outer(row_values.sum(axis=1), alone) * recipe.floor_levels(max_level)


def run_tile(
    bench: Bench,
    tile: Tile,
    row_values: Integers,
    bits: int,
    recipe: Recipe,
    tell: Callable[[int, Callable[[], IntArray]], None] | None = None,
) -> tuple[IntArray, int]:
    """Matrix-vector products of a programmed tile.

    Where the carrier converts one column at a time, the cells are read back instead, and the host sums: `_read_back`.

    The FPGA multiplies by the gains, unless one has more bits than the firmware's GAIN_BITS, a product could leave its
    32 bits or the carrier's channels are off. Then this function does.

    Args:
        row_values: unsigned (n, rows), below 2^bits; bits at most 16.
        tell: called, as products arrive, with how many inputs have passed, and what gives their codes as returned.

    Returns:
        gain * (S[p] - S[n]) in codes as int64 (n, outputs), and the run time in clocks.

    Raises:
        ImageError: the row values need more than 16 bits.
        FaultError: the guard turned the array off.
    """
    if bits > 16:
        raise ImageError(f"A row of this image takes inputs of {bits} bits, the bench 16.", "Merge fewer rows.")
    if reads_back(bench):
        return _read_back(bench, tile, row_values, recipe, tell)
    rows = len(row_values[0]) if len(row_values) else 0
    carrier = bench.carrier
    used = sum(1 << int(carrier.rows[i]) for i in np.flatnonzero(tile.rows_used(rows)))
    width = 8 if bits <= 8 else 16
    left = np.zeros((len(row_values), ROWS), np.int64)
    left[:, carrier.rows[:rows]] = row_values << (width - bits)
    aligned: Inputs = left.astype(np.uint8) if width == 8 else left.astype(np.uint16)
    firmware = load_firmware("mvm")
    gain = tile.gain[: tile.outputs]
    gain_bits = int(gain.max()).bit_length()
    amplified = carrier.is_exact and 1 < gain_bits <= firmware.constants["GAIN_BITS"] and bits + gain_bits <= 16
    wiring = _Wiring.of(tile, carrier)
    bench.write_vectors(WIRING, wiring.vectors.astype(np.int32).view(np.uint32))
    rails = recipe.read_rails_v()
    words = _Arriving(wiring.outputs, lambda found: _codes(wiring, found, bits, gain if not amplified else None), tell)
    cycles = 0
    with bench.armed(Limits(rails, 0.0, 0), rails):
        for start in range(0, len(aligned), 0xFFFF):
            batch = aligned[start : start + 0xFFFF]
            args = {
                "count": len(batch),
                "bits": bits,
                "outputs": wiring.outputs,
                "rows_lo": used & 0xFFFF,
                "rows_hi": used >> 16,
                "wiring": WIRING,
                "gains": gain_bits if amplified else 0,
            }
            run = bench.execute(
                firmware,
                args,
                entry="mvm" if width == 8 else "mvm16",
                inputs=batch,
                on_words=words,
                result_bytes=_result_bytes(bits + gain_bits - 1 if amplified else bits, carrier),
            )
            cycles += run.run_cycles
    return words.codes(), cycles


def reads_back(bench: Bench) -> bool:
    """Whether products are of cells that are read back, since the carrier does not convert all columns at once."""
    return bench.info.carrier.parallel_columns < bench.info.columns


def _read_back(
    bench: Bench,
    tile: Tile,
    row_values: Integers,
    recipe: Recipe,
    tell: Callable[[int, Callable[[], IntArray]], None] | None,
) -> tuple[IntArray, int]:
    """As `run_tile`, of cells that are read one by one, once: what the array would have summed, without its wires."""
    before = bench.state().run_cycles
    codes = read_array(bench, recipe)
    rows = row_values.shape[1] if len(row_values) else 0
    sums = row_values.astype(np.int64) @ codes[:rows]
    outputs = signed(sums, tile.p, tile.n)[:, : tile.outputs] * tile.gain[: tile.outputs]
    if tell is not None:
        tell(len(row_values), lambda: outputs)
    return outputs, bench.state().run_cycles - before


def _result_bytes(bits: int, carrier: Carrier) -> int:
    """Bytes that most results take, signed: sums of `bits` codes, a bit each, of 15 bits and a sign.

    What the FPGA takes differences of stays far below what such codes can give: of 2.5 million results of MNIST through
    784-10, inputs of 4 bits, 2 % need more than 16 bits, which is `SPARE_BITS` less. Those take 4 bytes more.
    """
    needed = 1 + CODE_BITS + bits - (SPARE_BITS if carrier.is_exact else 0)
    return next(size for size in (2, 3, 4) if needed <= 8 * size)


class _Arriving:
    """The words of a tile's products as they arrive, in one run of the firmware or several.

    Args:
        codes_of: codes of so many whole inputs' words; tell: as `run_tile` takes it.
    """

    def __init__(
        self,
        words_each: int,
        codes_of: Callable[[Words], IntArray],
        tell: Callable[[int, Callable[[], IntArray]], None] | None,
    ) -> None:
        self._words_each, self._codes_of, self._tell = words_each, codes_of, tell
        self._words: list[Words] = []
        self._count = 0

    def __call__(self, words: Words) -> None:
        self._words.append(words)
        self._count += len(words)
        if self._tell is not None:
            self._tell(self._count // self._words_each, self.codes)

    def codes(self) -> IntArray:
        """Of the inputs that have passed."""
        whole = self._count // self._words_each * self._words_each
        return self._codes_of(np.concatenate([*self._words, np.zeros(0, np.uint32)])[:whole])


def _codes(wiring: _Wiring, words: Words, bits: int, gain: Integers | None) -> IntArray:
    """Codes (n, outputs) of the words; gain: what is left to multiply by."""
    codes = wiring.differences(words.view(np.int32).astype(np.int64), bits)
    return codes if gain is None else codes * gain


@dataclass(frozen=True, eq=False)
class _Wiring:
    """Which channels the FPGA takes the difference of; where they are off, it sends each channel's sum instead.

    Attributes:
        vectors: (3, columns), channels p and n of each output, negative for none, and its gain.
    """

    tile: Tile
    carrier: Carrier
    vectors: IntArray
    outputs: int

    @classmethod
    def of(cls, tile: Tile, carrier: Carrier) -> Self:
        if not carrier.is_exact:
            none = np.full(COLUMNS, -1)
            return cls(tile, carrier, np.stack([np.arange(COLUMNS), none, np.ones(COLUMNS, np.int64)]), COLUMNS)
        columns = np.stack([tile.p, tile.n]).astype(np.int64)
        channels = np.where(columns < 0, columns, carrier.columns[columns])
        return cls(tile, carrier, np.vstack([channels, tile.gain]), tile.outputs)

    def differences(self, words: IntArray, bits: int) -> IntArray:
        """Code differences (n, outputs) of what the FPGA sent."""
        sent = words.reshape(-1, self.outputs)
        if self.carrier.is_exact:
            return sent
        # every bit's code has the offset, and bit b counts 2^b times
        sums = (sent - self.carrier.offset * ((1 << bits) - 1)) / self.carrier.gain
        differences = signed(sums[:, self.carrier.columns], self.tile.p, self.tile.n)
        return np.rint(differences[:, : self.tile.outputs]).astype(np.int64)
