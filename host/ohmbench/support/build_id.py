"""Which RTL and firmware: one number for the simulator, the twin, a bitstream, HELLO and every recorded run."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from ohmbench.support.resources import resource_root
from ohmbench.support.rtl import rtl_files, rtl_headers


@cache
def build_id(root: Path | None = None, carrier: str | None = None) -> int:
    """The first 32 bits of a SHA-256 of the RTL's and the firmware's names and text.

    A bench that answers with another one runs other gateware than this installation has. Line ends do not count, so
    that a checkout on Windows has the same.

    Args:
        root: the folder of fpga/ and firmware/, if not where the package finds them.
        carrier: whose drivers are among the RTL; the default of carriers.toml if not given.

    Raises:
        BuildError: the installation has no RTL.
    """
    root = root or resource_root()
    digest = hashlib.sha256()
    for path in sorted([*rtl_files(root, carrier), *rtl_headers(root, carrier), *root.glob("firmware/*.useq")]):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{path.relative_to(root).as_posix()} {len(text)}\n".encode() + text)
    return int.from_bytes(digest.digest()[:4])
