"""Whether the host's constants and the compiled array model are of the tables that stand in fpga/."""

from __future__ import annotations

from functools import cache
from typing import Any

from ohmbench.errors import BuildError
from ohmbench.model._array import lib
from ohmbench.support.resources import resource_root
from ohmbench.support.table_digest import table_digest
from ohmbench.support.text_files import TextFileError
from ohmbench.tables import TABLE_DIGEST

_lib: Any = lib


@cache
def require_one_table() -> None:
    """Refuse to run a model on a mixture of old and new figures.

    Raises:
        BuildError: a table was changed and not all of what is made from it was made again.
    """
    root = resource_root()
    try:
        now = table_digest(root)
    except (OSError, TextFileError) as error:
        raise BuildError(f"The tables in {root}/fpga cannot be read: {error}.", "Put the table right.") from error
    if now != TABLE_DIGEST:
        raise BuildError(
            f"A table in {root}/fpga was changed after the constants, RTL and models had been made from it: twin and "
            "simulator would not agree.",
            f"Run {root}/fpga/tables/generate.py with Python, then pip install -e {root}. Or undo the change.",
        )
    if _lib.ohm_params_table_digest() != TABLE_DIGEST:
        raise BuildError(
            "The array model of this installation was compiled from other tables than its constants were made from: "
            "twin and simulator would differ.",
            f"Build it again: pip install -e {root} in a checkout, else pip install --force-reinstall ohmbench.",
        )
