"""A sweep: what is not in the file of results yet is computed and written as it comes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from ohmbench.bench.opening import BAUD, SIMULATED, open_bench
from ohmbench.bench.twin import TwinBench
from ohmbench.carrier.carrier import Carrier
from ohmbench.checks.before_pulses import check_before_pulses
from ohmbench.errors import OhmbenchError
from ohmbench.progress import Progress
from ohmbench.support.provenance import provenance
from ohmbench.sweep.compute import PointResult, compute_point
from ohmbench.sweep.config import SweepConfig
from ohmbench.sweep.engine import Engine
from ohmbench.sweep.expected import sweeping
from ohmbench.sweep.networks import MadeNetwork, NetworkSpec, Refused, checked_source, make_networks
from ohmbench.sweep.points import Point
from ohmbench.sweep.sources import Places
from ohmbench.sweep.store import ResultStore


@dataclass(frozen=True)
class PointBench:
    """What each point is computed on; for `sim` and `twin`, the array is the point's own.

    Attributes:
        carrier: of a board; None for the reference carrier.
    """

    port: str
    baud: int = BAUD
    carrier: Carrier | None = None

    @property
    def rung(self) -> str:
        return self.port if self.port in SIMULATED else "board"


@dataclass(frozen=True)
class SweepRun:
    """What a sweep did.

    Attributes:
        computed, kept: points computed now, and those that were there already.
        refused: networks and points that cannot be.
    """

    computed: int
    kept: int
    refused: tuple[Refused, ...]


def run_sweep(
    config: SweepConfig,
    points: Sequence[Point],
    store: ResultStore,
    engine: Engine,
    *,
    bench: PointBench | None = None,
    places: Places,
    progress: Progress | None = None,
    jobs: int = 1,
) -> SweepRun:
    """Compute the points that the store lacks.

    Args:
        bench: None: the twin.
        jobs: processes of the engine, as far as they are known, for what is expected.

    Raises:
        DataError: a data set is missing or damaged.
        StoreError: a result cannot be written; those before are kept.
    """
    bench = bench or PointBench("twin")
    done = store.done(bench.rung)
    todo = [point for point in points if point.key not in done]
    kept = len(points) - len(todo)
    if not todo:
        return SweepRun(0, kept, ())
    for network in {point.network for point in todo}:
        checked_source(network, places)  # what is wrong with the data is said before anything is computed
    number = store.add_config(config)
    progress = progress or Progress(quiet=True)
    starts = _missing(todo, store)
    progress.expect("sweep", sweeping(starts, todo, jobs, places))
    refused = _make_missing(starts, store, engine, places, progress)
    networks = {key: store.network(key) for key in {point.network_key for point in todo} & store.networks()}
    tasks = [(p, networks[p.network_key], bench, places) for p in todo if p.network_key in networks]
    computed = 0
    without = len(todo) - len(tasks)  # their networks cannot be
    for number_done, (found, versions) in enumerate(engine(_point, tasks), start=without + 1):
        if isinstance(found, Refused):
            refused.append(found)
        else:
            store.add_point(found, number, versions)
            computed += 1
        progress("points", number_done, len(todo))
    return SweepRun(computed, kept, tuple(refused))


def _missing(points: Sequence[Point], store: ResultStore) -> list[list[NetworkSpec]]:
    """The networks that are not in the store; those of one start together, since they share its training."""
    made = store.networks()
    starts: dict[Any, list[NetworkSpec]] = {}
    for spec in dict.fromkeys(point.network for point in points if point.network_key not in made):
        starts.setdefault(spec.start, []).append(spec)
    return list(starts.values())


def _make_missing(
    starts: Sequence[list[NetworkSpec]], store: ResultStore, engine: Engine, places: Places, progress: Progress
) -> list[Refused]:
    refused = []
    for number, (networks, versions) in enumerate(engine(_networks, [(specs, places) for specs in starts])):
        for network in networks:
            if isinstance(network, Refused):
                refused.append(network)
            else:
                store.add_network(network, versions)
        progress("networks trained", number + 1, len(starts))
    return refused


def _networks(specs: list[NetworkSpec], places: Places) -> tuple[list[MadeNetwork | Refused], dict[str, str]]:
    with _one_thread():
        return make_networks(specs, places), provenance()


def _point(
    point: Point, network: MadeNetwork, on: PointBench, places: Places
) -> tuple[PointResult | Refused, dict[str, str]]:
    """A point on a bench of its own. An error of one point does not stop the others."""
    array = point.simulated() if on.port in SIMULATED else None
    try:
        with _one_thread(), open_bench(on.port, baud=on.baud, array=array, carrier=on.carrier) as bench:
            if isinstance(bench, TwinBench):
                bench.cores = 1  # the other cores have points of their own
            if not bench.info.is_simulated:
                check_before_pulses(bench)
            return compute_point(bench, point, network, checked_source(point.network, places).split), provenance()
    except OhmbenchError as error:
        return Refused(point.describe(), str(error), error.exit_code), provenance()


def _one_thread() -> AbstractContextManager[Any]:
    """Linear algebra on one thread: more stand in other processes' way, and may add up in another order."""
    from threadpoolctl import threadpool_limits  # of the extra, whose absence `engine` reports

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits
