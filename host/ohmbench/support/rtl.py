"""Which SystemVerilog the FPGA is made of.

Whoever builds, checks or names it takes the list from here: the simulator, the build id, the bitstream, the linter, the
proofs and the tests.
"""

from __future__ import annotations

from pathlib import Path

FOLDERS = ("fpga/rtl", "fpga/carriers/reference")


def rtl_folders(root: Path) -> list[Path]:
    """Where it stands below the root of fpga/."""
    return [root / folder for folder in FOLDERS]


def rtl_files(root: Path) -> list[Path]:
    """Its .sv files: packages first, then by name."""
    found = [path for folder in rtl_folders(root) for path in folder.glob("*.sv")]
    return sorted(found, key=lambda path: (not path.stem.endswith("_pkg"), path.name))


def rtl_headers(root: Path) -> list[Path]:
    """What the files include."""
    return sorted(path for folder in rtl_folders(root) for path in folder.glob("*.svh"))
