"""`ohmbench info`: who is behind a port."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ohmbench import __version__
from ohmbench.bench.base import Bench
from ohmbench.lab.setup import Setup
from ohmbench.operations.result import Noted, yes_or_no
from ohmbench.progress import Progress


@dataclass(frozen=True)
class Info:
    """Who it is, and its counters, by name."""

    values: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        return self.values

    def describe(self) -> str:
        return "\n".join(f"{key:16} {yes_or_no(value)}" for key, value in self.values.items())


def info(bench: Bench) -> Info:
    """Who is behind the port, and its counters."""
    who, state = bench.info, bench.state()
    return Info(
        {
            "ohmbench": __version__,
            "rung": who.rung,
            "port": who.port,
            "protocol": who.protocol,
            "build_id": f"{who.build_id:08x}",
            "clock_hz": who.clock_hz,
            "array": f"{who.rows}x{who.columns} {who.array_type}",
            "carrier": who.carrier_kind,
            "parallel_columns": who.carrier.parallel_columns,
            "armed": state.armed,
            "fault": state.fault.name.lower(),
            "run_cycles": state.run_cycles,
            "clock_cycles": state.clock_cycles,
            "pulses": state.pulses,
        }
    )


def info_of(setup: Setup, progress: Progress) -> Noted[Info]:
    """Open the bench and ask it.

    Raises:
        OhmbenchError: as `Setup.bench`.
    """
    with setup.bench(progress) as bench:
        return Noted(info(bench), bench.carrier.note)
