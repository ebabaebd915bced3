"""What this installation is: versions of the program and of everything that it speaks or writes."""

from __future__ import annotations

from typing import Any

from ohmbench.errors import BuildError
from ohmbench.record.database import SCHEMA
from ohmbench.support.build_id import build_id
from ohmbench.support.provenance import provenance
from ohmbench.tables import PROTOCOL_VERSION


def versions() -> dict[str, Any]:
    """By name; build_id, of RTL and firmware, is None where the installation has no RTL."""
    try:
        build = f"{build_id():08x}"
    except BuildError:
        build = None
    return {**provenance(), "build_id": build, "protocol": PROTOCOL_VERSION, "record_schema": SCHEMA}


def describe() -> str:
    """The same in a few lines."""
    v = versions()
    return (
        f"ohmbench {v['ohmbench']}\n"
        f"build {v['build_id'] or 'without RTL'} (RTL and firmware; `ohmbench info` says which a board has)\n"
        f"code {v['code']}, link protocol {v['protocol']}, record {v['record_schema']}\n"
        f"python {v['python']}, numpy {v['numpy']}, {v['machine']}"
    )
