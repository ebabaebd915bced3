"""The methods by name, each from the trained un-merged network to one that keeps a budget of cells."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ohmbench.compress.baselines import partial_pairs, shared_reference
from ohmbench.compress.columns import Clustering, merge_columns
from ohmbench.compress.compressed import CompressedNetwork, pair_segments
from ohmbench.compress.gains import merge_columns_with_gains
from ohmbench.compress.pruning import Criterion, Pruning, Unit
from ohmbench.compress.rows import drop_idle_rows, merge_rows, rows_for_budget
from ohmbench.compress.tied import TiedNetwork, assemble, emit
from ohmbench.compress.tuning import Training, Watcher, tune
from ohmbench.errors import UsageError
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import Integers, NetworkInputs
from ohmbench.support.guesses import did_you_mean

HEIGHT = 32


@dataclass(frozen=True, eq=False)
class Job:
    """What a method gets: the trained un-merged network, training images, how to train, a budget.

    Attributes:
        inputs, labels: as the network takes them (n, ...), and classes (n,).
        cells: budget; methods that have no choice ignore it.
    """

    base: TiedNetwork
    inputs: NetworkInputs
    labels: Integers
    training: Training
    cells: int
    seed: int = 0
    height: int = HEIGHT
    progress: OnProgress | None = None

    @property
    def pair_cells(self) -> int:
        """Cells of the plain mapping: a pair for each weight."""
        return sum(2 * layer.plus.size for layer in self.base.layers)

    def tuned(self, network: TiedNetwork, share: float = 1.0, watch: Watcher | None = None) -> TiedNetwork:
        """The network after a share of the training."""
        training = replace(self.training, epochs=max(1, round(share * self.training.epochs)))
        return tune(network, self.inputs, self.labels, training, seed=self.seed, watch=watch, progress=self.progress)

    def live(self) -> TiedNetwork:
        """The network without rows of zeros."""
        return drop_idle_rows(self.base, self.inputs)


@dataclass(frozen=True)
class Method:
    """A way to compress.

    Attributes:
        stages: as in docs/results.
        run: gives the network.
        free: it does not heed the budget.
        trainings: how often it takes all epochs of the job's training.
    """

    stages: str
    run: Callable[[Job], CompressedNetwork]
    free: bool = False
    trainings: float = 0.0


def _pairs(job: Job) -> CompressedNetwork:
    return assemble(job.base, [pair_segments(y.codebook().astype(np.int64), job.height) for y in job.base.layers])


def _lossless(job: Job) -> CompressedNetwork:
    return emit(merge_columns(job.live(), job.pair_cells, job.inputs, method="none", height=job.height))


def _lossless_rows(job: Job) -> CompressedNetwork:
    merged = merge_rows(job.base, [len(y.row_of_input) for y in job.base.layers], job.inputs)
    return emit(merge_columns(merged, job.pair_cells, job.inputs, method="none", height=job.height))


def _columns(method: Clustering, *, tuned: bool = True) -> Callable[[Job], CompressedNetwork]:
    def run(job: Job) -> CompressedNetwork:
        merged = merge_columns(job.live(), job.cells, job.inputs, method=method, height=job.height, seed=job.seed)
        return emit(job.tuned(merged) if tuned else merged)

    return run


def _gains(job: Job) -> CompressedNetwork:
    merged = merge_columns_with_gains(job.live(), job.cells, job.inputs, height=job.height, seed=job.seed)
    return emit(job.tuned(merged))


def _rows(job: Job) -> CompressedNetwork:
    rows = rows_for_budget(job.base, job.cells, job.inputs)
    merged = job.tuned(merge_rows(job.base, rows, job.inputs, seed=job.seed))
    return emit(merge_columns(merged, job.pair_cells, job.inputs, method="none", height=job.height))


def _pruned(criterion: Criterion, unit: Unit = "segment") -> Callable[[Job], CompressedNetwork]:
    def run(job: Job) -> CompressedNetwork:
        live = job.live()
        total = sum(2 * y.codebook().size for y in live.layers)
        pruned = prune(job, live, max(0.0, 1.0 - job.cells / total), unit, criterion)
        return emit(merge_columns(pruned, job.pair_cells, job.inputs, method="none", height=job.height))

    return run


def prune(
    job: Job, network: TiedNetwork, sparsity: float, unit: Unit, criterion: Criterion, share: float = 1.0
) -> TiedNetwork:
    """The network after a share of the job's training, during which it is pruned."""
    watch = Pruning(network, sparsity, unit=unit, criterion=criterion, height=job.height)
    return job.tuned(network, share, watch)


@dataclass(frozen=True)
class Shares:
    """How `all` divides a budget between its stages.

    Attributes:
        rows: of a budget of a share s of the cells, the share that merging rows goes down to; columns do the rest.
        pruned_rows: of the rows that go, the share that is pruned; the others are merged.
        column_steps: steps of the column merging, with tuning after each: what is merged late is merged on columns that
            have adapted.
    """

    rows: Callable[[float], float]
    pruned_rows: float
    column_steps: int


ONE_LAYER = Shares(lambda s: s**0.8, 0.25, 3)
HIDDEN_LAYERS = Shares(lambda s: s ** (0.25 * math.log(1 / s)), 0.0, 4)
"""Of networks with hidden layers, whose units are dearer to merge than pixels until few columns are left, and whose
inputs are better merged than pruned. Both train for `study.methods.LONGEST`."""


def _all(method: Clustering) -> Callable[[Job], CompressedNetwork]:
    def run(job: Job) -> CompressedNetwork:
        shares = ONE_LAYER if len(job.base.layers) == 1 else HIDDEN_LAYERS
        share = shares.rows(job.cells / job.pair_cells)
        network = job.base
        if shares.pruned_rows:
            network = prune(job, network, shares.pruned_rows * (1.0 - share), "row", "gradient", 0.5)
        rows = rows_for_budget(network, int(share * job.pair_cells), job.inputs)
        network = job.tuned(merge_rows(network, rows, job.inputs, seed=job.seed), 0.5)
        start = sum(2 * y.codebook().size for y in network.layers)
        for step in range(1, shares.column_steps + 1):
            cells = max(job.cells, int(start * (job.cells / start) ** (step / shares.column_steps)))
            network = merge_columns(network, cells, job.inputs, method=method, height=job.height, seed=job.seed)
            network = job.tuned(network, 1.0 if step == shares.column_steps else 0.5)
        return emit(network)

    return run


METHODS: dict[str, Method] = {
    "pairs": Method("none", _pairs, free=True),
    "lossless": Method("dead rows, dead and equal columns", _lossless, free=True),
    "lossless-rows": Method("dead and equal rows and columns", _lossless_rows, free=True),
    "partial-pairs": Method("dead columns", lambda job: partial_pairs(_lossless(job), job.height), free=True),
    "shared-reference": Method("reference column", lambda j: shared_reference(_lossless(j), j.height), free=True),
    "spectral-untuned": Method("columns", _columns("spectral", tuned=False)),
    "kmeans-untuned": Method("columns", _columns("kmeans", tuned=False)),
    "spectral": Method("columns, tuning", _columns("spectral"), trainings=1.0),
    "kmeans": Method("columns, tuning", _columns("kmeans"), trainings=1.0),
    "random": Method("columns, tuning", _columns("random"), trainings=1.0),
    "gains": Method("columns with gains, tuning", _gains, trainings=1.0),
    "rows": Method("rows, tuning", _rows, trainings=1.0),
    "gradient-pruning": Method("pruning", _pruned("gradient"), trainings=1.0),
    "magnitude-pruning": Method("pruning", _pruned("magnitude"), trainings=1.0),
    "all": Method("pruning (of one layer), rows, columns, tuning", _all("kmeans"), trainings=3.0),
    "all-spectral": Method("pruning (of one layer), rows, columns, tuning", _all("spectral"), trainings=3.0),
}


def method_named(name: str) -> Method:
    """The method of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in METHODS:
        raise UsageError(f"There is no method {name}{did_you_mean(name, METHODS)}.", f"Methods: {', '.join(METHODS)}.")
    return METHODS[name]


def check_budget(cells: int, outputs: int) -> None:
    """Raise UsageError if a budget is below one cell for each output of all layers."""
    if cells < outputs:
        raise UsageError(
            f"A budget of {cells} cells is below one column for each of the network's {outputs} outputs.",
            "Raise the budget.",
        )


def compress(method: str, job: Job) -> CompressedNetwork:
    """The network that `method` makes of the job.

    Raises:
        UsageError: no such method, a budget that it cannot keep, or nothing to compress.
    """
    chosen = method_named(method)
    check_budget(job.cells, sum(len(y.bias) for y in job.base.layers))
    if not chosen.free and any(not y.codebook().size for y in job.live().layers):
        raise UsageError(
            "No weights are left in a layer: each of its inputs is always 0, or has weights of 0 alone.",
            "Train the network, or give data that use its inputs.",
        )
    network = chosen.run(job)
    used = sum(segment.levels.size for layer in network.layers for segment in layer.segments)
    if not chosen.free and used > job.cells:
        raise UsageError(
            f"{method} keeps {used} cells and cannot reach a budget of {job.cells}: an output would lose all of its "
            "weights.",
            "Raise the budget, or take the method all.",
        )
    return network
