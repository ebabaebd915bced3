"""`ohmbench selftest`: the carrier checked through its own converters."""

from __future__ import annotations

from ohmbench.checks.selftest import SelfTest, selftest
from ohmbench.lab.setup import Setup
from ohmbench.operations.result import Noted
from ohmbench.progress import Progress


def selftest_of(setup: Setup, progress: Progress) -> Noted[SelfTest]:
    """Open the bench and check its carrier; no cell is pulsed.

    Raises:
        OhmbenchError: as `Setup.bench` and `checks.selftest.selftest`.
    """
    with setup.bench(progress) as bench:
        return Noted(selftest(bench, progress), bench.carrier.note)
