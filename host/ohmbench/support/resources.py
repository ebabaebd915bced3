"""Where firmware/, fpga/ and sim/ are: beside the package's folder in a checkout, inside the package in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ohmbench.errors import BuildError

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def resource_root() -> Path:
    """The folder that holds firmware/, fpga/rtl, fpga/carriers, fpga/boards, fpga/tables and sim/.

    In a checkout or an editable install that is the repository's root, in a wheel ohmbench/_data, which may be
    read-only: write nothing below it.

    Raises:
        BuildError: the installation holds neither.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parents[1]):
        if (root / "firmware").is_dir() and (root / "fpga/rtl").is_dir():
            return root
    raise BuildError(
        f"ohmbench is installed in {_PACKAGE} without its firmware and RTL, so it can program no array.",
        "Install it again: pip install --force-reinstall ohmbench",
    )
