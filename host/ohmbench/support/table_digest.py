"""One number for the tables of fpga/. What is generated or compiled from them carries it: a mixture is noticed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ohmbench.support.rtl import CARRIERS, carrier_names
from ohmbench.support.text_files import read_toml

_TABLES = ("isa", "link", "registers")


def table_digest(root: Path) -> int:
    """The first 32 bits of a SHA-256 of what the tables say: instruction set, link, registers, the carriers and their
    parts. Comments and the order of keys do not count.

    Args:
        root: the folder of fpga/.

    Raises:
        TextFileError: a table is missing or no TOML.
    """
    carriers = root / CARRIERS
    files = [*(root / f"fpga/tables/{name}.toml" for name in _TABLES), carriers / "carriers.toml"]
    for name in carrier_names(root):
        files += [carriers / name / "carrier.toml", *sorted((carriers / name).glob("parts/*.toml"))]
    said = {path.relative_to(root).as_posix(): read_toml(path) for path in files}
    text = json.dumps(said, sort_keys=True, allow_nan=False)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
