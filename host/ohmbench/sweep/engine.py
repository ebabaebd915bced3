"""Where points are computed: in this process, in processes of joblib, or on the workers of a Dask scheduler.

A task is a function with its arguments; results come back as they are done, and only the caller writes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ohmbench.errors import PortError, UsageError
from ohmbench.support.children import safe_path

R = TypeVar("R")
_CONNECT_S = 10.0
_IDLE_S = 10


class Engine(Protocol):
    """Computes `function(*arguments)` for each task, in any order."""

    def __call__(self, function: Callable[..., R], tasks: Sequence[tuple[Any, ...]]) -> Iterator[R]: ...


@contextmanager
def local(jobs: int) -> Iterator[Engine]:
    """`jobs` processes on this computer; 1: this process.

    Raises:
        UsageError: joblib is not installed.
    """
    try:
        import joblib
    except ImportError as error:
        raise UsageError(
            "Sweeps need scikit-learn and joblib, which are not installed.",
            "Install them: pip install 'ohmbench[sweep]'",
        ) from error

    def run(function: Callable[..., R], tasks: Sequence[tuple[Any, ...]]) -> Iterator[R]:
        # a batch of one: what is done comes at once, and is not lost with what is being done
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
        try:
            yield from parallel(joblib.delayed(function)(*task) for task in tasks)
        except BrokenProcessPool as error:
            raise _lost("A process of this computer", error) from error

    # processes whose parent was killed end as idle ones do
    with safe_path(), joblib.parallel_config("loky", idle_worker_timeout=_IDLE_S):
        yield run


@contextmanager
def dask(address: str) -> Iterator[Engine]:
    """The workers of a Dask scheduler, such as tcp://host:8786, where the same ohmbench is installed.

    Raises:
        UsageError: Dask is not installed.
        PortError: no scheduler answers, or it is of another version.
    """
    try:
        import distributed
    except ImportError as error:
        raise UsageError(
            "--dask needs Dask, which is not installed.", "Install it: pip install 'ohmbench[dask]'"
        ) from error
    try:
        client = distributed.Client(address, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError, TimeoutError) as error:
        raise PortError(
            f"No Dask scheduler answers at {address} ({error}).",
            "Start one with `dask scheduler`, or leave out --dask.",
        ) from error

    def run(function: Callable[..., R], tasks: Sequence[tuple[Any, ...]]) -> Iterator[R]:
        # pure=False: Dask must not take a result from a sweep before
        futures = [client.submit(function, *task, pure=False) for task in tasks]
        try:
            for future in distributed.as_completed(futures, loop=client.loop):
                yield future.result()
                future.release()
        except (distributed.KilledWorker, CancelledError) as error:
            raise _lost(f"The cluster at {address}", error) from error
        finally:
            client.cancel(futures)

    with client:
        yield run


def _lost(what: str, error: BaseException) -> PortError:
    return PortError(
        f"{what} was lost ({type(error).__name__}: {error}). What was computed before is kept.",
        "Perhaps memory was short: give the same command again, with fewer --jobs.",
    )
