"""The record of a lab, open for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ohmbench.errors import StoreError
from ohmbench.lab.ledger import Ledgered
from ohmbench.record.database import KIND
from ohmbench.record.store import Store
from ohmbench.support.sqlite_file import SqliteFile


@dataclass(frozen=True)
class Record:
    """The record, and the array in the socket by its serial number in it.

    Attributes:
        store: None if it is not open: there is none yet, or nothing of this command goes there.
        ledgered: None for an array whose runs are not recorded, or that the record was asked for and does not know.
    """

    store: Store | None = None
    ledgered: Ledgered | None = None


@contextmanager
def store_if_there(path: Path) -> Iterator[Store | None]:
    """The record for looking something up; None if there is none, which is not made then.

    Raises:
        StoreError: it cannot be read.
    """
    if not path.exists():
        yield None
        return
    if SqliteFile.may_be_written(path):
        with Store.open(path) as store:
            yield store
        return
    with SqliteFile.open_to_read(path, KIND) as file:
        yield Store(file)


@contextmanager
def record_to_read(path: Path) -> Iterator[Store]:
    """The record for looking at all of it.

    Raises:
        StoreError: there is none, which is not made then, or it cannot be read.
    """
    with store_if_there(path) as store:
        if store is None:
            raise StoreError(f"There is no record at {path}.", "Give its folder with --lab; the first run makes it.")
        yield store
