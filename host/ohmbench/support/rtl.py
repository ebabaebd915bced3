"""Which SystemVerilog the FPGA is made of: what all carriers share, and the drivers of one of them.

Whoever builds, checks or names it takes the list from here: the simulator, the build id, the bitstream, the linter, the
proofs and the tests. `root` is always the folder of fpga/ and sim/; `carrier` a folder of fpga/carriers, the default
of carriers.toml if not given.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from ohmbench.errors import UsageError
from ohmbench.support.guesses import did_you_mean

SHARED = "fpga/rtl"
CARRIERS = "fpga/carriers"


def carrier_names(root: Path) -> list[str]:
    return list(_table(root)["carrier"])


def default_carrier(root: Path) -> str:
    return str(_table(root)["default"])


def rtl_folders(root: Path, carrier: str | None = None) -> list[Path]:
    """Raises:
    UsageError: there is no such carrier.
    """
    known = carrier_names(root)
    name = _name(root, carrier)
    if name not in known:
        raise UsageError(f"There is no carrier {name!r}{did_you_mean(name, known)}.", f"Carriers: {', '.join(known)}.")
    return [root / SHARED, root / CARRIERS / name]


def borrowed_drivers(root: Path, carrier: str | None = None) -> list[Path]:
    """Drivers of other carriers' parts that it has, too."""
    return [root / path for path in _table(root)["carrier"][_name(root, carrier)].get("drivers", ())]


def rtl_files(root: Path, carrier: str | None = None) -> list[Path]:
    """Its .sv files: packages first, then by name."""
    found = [path for folder in rtl_folders(root, carrier) for path in folder.glob("*.sv")]
    found += borrowed_drivers(root, carrier)
    return sorted(found, key=lambda path: (not path.stem.endswith("_pkg"), path.name))


def rtl_headers(root: Path, carrier: str | None = None) -> list[Path]:
    """What the files include."""
    return sorted(path for folder in rtl_folders(root, carrier) for path in folder.glob("*.svh"))


def other_models(root: Path, carrier: str | None = None) -> set[Path]:
    """Models of boards and chips that this carrier does not have: they may have the same module names."""
    models = {key: {root / path for path in entry["models"]} for key, entry in _table(root)["carrier"].items()}
    return set().union(*models.values()) - models[_name(root, carrier)]


def _name(root: Path, carrier: str | None) -> str:
    return default_carrier(root) if carrier is None else carrier


@cache
def _table(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / CARRIERS / "carriers.toml").read_text(encoding="utf-8"))
