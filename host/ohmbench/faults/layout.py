"""The search behind `ohmbench.faults.avoid`: where rows and columns of images go on an array with bad cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError
from ohmbench.faults.fault_map import FaultKind
from ohmbench.mapping.image import WeightImage
from ohmbench.mapping.tile import Tile
from ohmbench.support.array_types import FloatArray, IntArray, Integers, Mask

Assignment = Callable[[FloatArray], IntArray]
"""Columns that the rows of a square matrix of costs are assigned to, so that their sum is least."""

ROUNDS = 10
KICKS = 6
_GAIN_TOLERANCE = 1e-9
_ABSENT = len(FaultKind)  # kind of the cell of a lane that has no such column: always 0


def assignment() -> Assignment:
    """scipy's solver (D. F. Crouse, IEEE Trans. Aerospace and Electronic Systems 52(4), 2016).

    Raises:
        DataError: scipy is not installed.
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise DataError(
            "Defect-aware mapping needs scipy, which is not installed.", "Install it: pip install 'ohmbench[train]'"
        ) from error
    return lambda costs: np.asarray(linear_sum_assignment(costs)[1], np.int64)


class Stack:
    """Search for the layout of images whose rows may change places.

    Args:
        members: their numbers. Several: each has one tile, and these differ in levels and inputs alone.
        kinds: of the array's cells.
        held: lowest and highest level that a cell of each kind can have.
        power: mean square of what drives each row, by tile.

    Rows are counted through all images of the stack; `slot[row]` is where a row goes, `place[image, column]` is the
    bit line of a column. Lanes are those of all tiles; a lane's missing column has number `columns`.
    """

    def __init__(
        self,
        image: WeightImage,
        members: list[int],
        kinds: NDArray[np.uint8],
        held: tuple[FloatArray, FloatArray],
        power: list[FloatArray],
    ) -> None:
        self.members = members
        self.rows, self.columns, self.max_level = image.rows, image.columns, image.max_level
        self.tiles = [(index, tile) for index, tile in enumerate(image.tiles) if tile.image in members]
        self.levels = image.levels[members].reshape(-1, self.columns)
        self.mask = image.mask[members].reshape(-1, self.columns)
        self.kinds = np.full((self.rows, self.columns + 1), _ABSENT)
        self.kinds[:, :-1] = kinds
        self.low, self.high = (np.append(levels, 0.0) for levels in held)
        # with several images each has one tile, with the same lanes
        lanes = [tile for _, tile in self.tiles if tile.image == members[0]]
        self.p = np.concatenate([np.where(t.p < 0, self.columns, t.p)[: t.outputs] for t in lanes]).astype(int)
        self.n = np.concatenate([np.where(t.n < 0, self.columns, t.n)[: t.outputs] for t in lanes]).astype(int)
        uses = np.bincount(np.concatenate([self.p, self.n]), minlength=self.columns + 1)
        # a column that several lanes read keeps its levels
        self.movable_p, self.movable_n = uses[self.p] == 1, uses[self.n] == 1
        self.weight = self._weights(image, power, lanes)
        padded = np.concatenate([self.levels.astype(np.float64), np.zeros((len(self.levels), 1))], axis=1)
        self.target_p, self.target_n = padded[:, self.p], padded[:, self.n]
        self.slot = np.arange(len(self.levels))
        self.place = np.tile(np.arange(self.columns + 1), (len(members), 1))
        self.errors = {pair: self._error(*pair) for pair in self._pairs()}

    def _weights(self, image: WeightImage, power: list[FloatArray], lanes: list[Tile]) -> FloatArray:
        """What a squared error costs, (rows of the stack, lanes)."""
        blocks = []
        for number in self.members:
            block = [
                np.outer(
                    power[index],
                    np.square(
                        tile.gain[: tile.outputs]
                        * image.layers[tile.layer].scale[tile.first_output : tile.first_output + tile.outputs]
                    ),
                )
                for index, tile in self.tiles
                if tile.image == number
            ]
            blocks.append(np.concatenate(block, axis=1))
        weight = np.concatenate(blocks)
        return np.asarray(weight / max(float(weight.max(initial=0.0)), 1e-300))

    def _pairs(self) -> list[tuple[int, int]]:
        """Kinds of p and n cell that occur together and may be in error."""
        present: list[int] = np.unique(self.kinds).tolist()
        good = (FaultKind.NONE, _ABSENT)
        return [(a, b) for a in present for b in present if not (a in good and b in good)]

    def _solve(self, kind_p: Integers, kind_n: Integers) -> tuple[FloatArray, FloatArray]:
        """Levels of the p and n cells, (rows, lanes), whose difference is nearest to the target's."""
        wanted = self.target_p - self.target_n
        p = np.clip(self.target_p, self.low[kind_p], self.high[kind_p])
        n = np.clip(self.target_n, self.low[kind_n], self.high[kind_n])
        n = np.where(self.movable_n, np.clip(np.rint(p - wanted), self.low[kind_n], self.high[kind_n]), n)
        p = np.where(self.movable_p, np.clip(np.rint(n + wanted), self.low[kind_p], self.high[kind_p]), p)
        return p, n

    def _error(self, kind_p: int, kind_n: int) -> FloatArray:
        """Cost (rows, lanes) of cells of these kinds at the row's weights."""
        p, n = self._solve(np.array(kind_p), np.array(kind_n))
        return np.asarray(self.weight * np.square(p - n - (self.target_p - self.target_n)))

    def _row_costs(self) -> FloatArray:
        """Cost (row, slot) of every row in every slot, the columns staying where they are."""
        kind_p = self.kinds[:, self.place[:, self.p]].transpose(1, 0, 2).reshape(len(self.levels), -1)
        kind_n = self.kinds[:, self.place[:, self.n]].transpose(1, 0, 2).reshape(len(self.levels), -1)
        costs = np.zeros((len(self.levels),) * 2)
        for (a, b), error in self.errors.items():
            costs += error @ ((kind_p == a) & (kind_n == b)).T
        return costs

    def _column_costs(self, member: int) -> FloatArray:
        """Cost (lane, bit line of p, bit line of n) in one image, the rows staying where they are."""
        here = np.argsort(self.slot)[member * self.rows : (member + 1) * self.rows]
        costs = np.zeros((len(self.p), self.columns + 1, self.columns + 1))
        for (a, b), error in self.errors.items():
            of_p, of_n = (self.kinds == a).astype(np.float64), (self.kinds == b).astype(np.float64)
            costs += (error[here].T[:, None, :] * of_p.T) @ of_n
        return costs

    def cost(self) -> float:
        """What the layout costs."""
        return float(self._row_costs()[np.arange(len(self.slot)), self.slot].sum())

    def search(self, assign: Assignment, rng: np.random.Generator) -> None:
        """Improve the layout, rows and columns in turn, until neither helps."""
        before = self.cost()
        for _ in range(ROUNDS):
            if before <= 0.0:
                return
            for member in range(len(self.members)):
                table = self._column_costs(member)
                self.place[member] = ColumnSearch(table, self.p, self.n, assign).run(self.place[member], rng)
            costs = self._row_costs()
            slots = assign(costs)
            every = np.arange(len(slots))
            if costs[every, slots].sum() < costs[every, self.slot].sum():
                self.slot = slots
            after = self.cost()
            if after > before * (1.0 - _GAIN_TOLERANCE):
                return
            before = after

    def write(self, levels: NDArray[np.uint8], mask: Mask, tiles: list[Tile]) -> None:
        """Put the layout into the arrays and tiles of a new image."""
        member, line = np.divmod(self.slot, self.rows)
        place = self.place[member]  # (row, column)
        kind_p, kind_n = (self.kinds[line[:, None], place[:, side]] for side in (self.p, self.n))
        new = self.levels.astype(np.float64)
        p, n = self._solve(kind_p, kind_n)
        for side, values, movable in ((self.p, p, self.movable_p), (self.n, n, self.movable_n)):
            change = movable & (side < self.columns)
            new[:, side[change]] = values[:, change]
        new = np.where(self.mask, np.clip(np.rint(new), 0, self.max_level), 0)
        at = (np.array(self.members)[member][:, None], line[:, None], place[:, :-1])
        levels[at], mask[at] = new.astype(np.uint8), self.mask
        self._move_inputs(tiles)

    def _move_inputs(self, tiles: list[Tile]) -> None:
        """Let each input drive the slot of the row that it drove."""
        rows = {index: np.full_like(tile.row_of_input, -1) for index, tile in self.tiles}
        for index, tile in self.tiles:
            driving = np.flatnonzero(tile.row_of_input >= 0)
            first = self.members.index(tile.image) * self.rows
            member, line = np.divmod(self.slot[first + tile.row_of_input[driving]], self.rows)
            # one image: its tiles keep their inputs; several: each has one tile
            target = (
                np.full(len(driving), index) if len(self.members) == 1 else np.array([i for i, _ in self.tiles])[member]
            )
            for to in np.unique(target):
                rows[to][driving[target == to]] = line[target == to]
        for index, tile in self.tiles:
            place = self.place[self.members.index(tile.image)]
            p, n = (np.where(side < 0, -1, place[side]).astype(np.int16) for side in (tile.p, tile.n))
            tiles[index] = replace(tile, row_of_input=rows[index], p=p, n=n)


class ColumnSearch:
    """Search for the bit lines of one image's columns.

    Args:
        table: cost (lane, bit line of p, bit line of n).
        p, n: columns of each lane.
    """

    def __init__(self, table: FloatArray, p: IntArray, n: IntArray, assign: Assignment) -> None:
        self.table, self.p, self.n, self.assign = table, p, n, assign
        self.lanes = np.arange(len(p))
        self.columns = table.shape[1] - 1
        self.swaps = np.array(list(combinations(range(self.columns), 2)), dtype=int).reshape(-1, 2)
        self.classes = self._classes()

    def run(self, place: IntArray, rng: np.random.Generator) -> IntArray:
        """The best places found from `place` on; never worse."""
        best = self._descend(place.copy())
        for _ in range(KICKS if len(self.swaps) else 0):
            if self._cost(best) <= 0.0:
                break
            trial = best.copy()
            for a, b in self.swaps[rng.integers(0, len(self.swaps), 3)]:
                trial[[a, b]] = trial[[b, a]]
            trial = self._descend(trial)
            if self._cost(trial) < self._cost(best):
                best = trial
        return best

    def _cost(self, place: IntArray) -> float:
        return float(self.table[self.lanes, place[self.p], place[self.n]].sum())

    def _descend(self, place: IntArray) -> IntArray:
        """Assign classes and exchange pairs of columns for as long as it helps."""
        cost = self._cost(place)
        while True:
            for members in self.classes:
                self._assign_class(place, members)
            self._exchange(place)
            after = self._cost(place)
            if after >= cost * (1.0 - _GAIN_TOLERANCE):
                return place
            cost = after

    def _classes(self) -> list[IntArray]:
        """Columns that lanes read, in groups of which no lane reads two: usually all p and all n."""
        neighbours: dict[int, set[int]] = {}
        for a, b in zip(self.p.tolist(), self.n.tolist(), strict=True):
            for column, other in ((a, b), (b, a)):
                if column < self.columns:
                    neighbours.setdefault(column, set()).add(other)
        classes: list[set[int]] = []
        for column, others in neighbours.items():
            for members in classes:
                if not members & others:
                    members.add(column)
                    break
            else:
                classes.append({column})
        return [np.array(sorted(members)) for members in classes]

    def _assign_class(self, place: IntArray, members: IntArray) -> None:
        """Give the columns of a class the best of their own and of the unread columns' bit lines, the rest fixed."""
        read = np.isin(np.arange(self.columns), np.concatenate([self.p, self.n]))
        order = np.concatenate([members, np.flatnonzero(~read)])
        lines = place[order]
        costs = np.zeros((len(order), len(order)))
        row = {int(column): number for number, column in enumerate(members)}
        for lane, (a, b) in enumerate(zip(self.p.tolist(), self.n.tolist(), strict=True)):
            if a in row:
                costs[row[a]] += self.table[lane, lines, place[b]]
            elif b in row:
                costs[row[b]] += self.table[lane, place[a], lines]
        chosen = self.assign(costs)
        every = np.arange(len(order))
        if costs[every, chosen].sum() < np.trace(costs):
            place[order] = lines[chosen]

    def _exchange(self, place: IntArray) -> None:
        """Exchange the two columns that help most, until none do."""
        while len(self.swaps):
            trials = np.tile(place, (len(self.swaps), 1))
            every = np.arange(len(trials))[:, None]
            trials[every, self.swaps] = place[self.swaps[:, ::-1]]
            costs = self.table[self.lanes, trials[:, self.p], trials[:, self.n]].sum(axis=1)
            best = int(np.argmin(costs))
            if costs[best] >= self._cost(place) * (1.0 - _GAIN_TOLERANCE):
                return
            place[:] = trials[best]
