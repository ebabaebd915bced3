"""Trimmings in a lab's record, as the bytes of their files, by array and image."""

from __future__ import annotations

from datetime import datetime

from ohmbench.record.ledger import stamp
from ohmbench.record.store import Store
from ohmbench.support.sqlite_file import interpreting


def add_trimming(store: Store, serial: str, sha256: str, at: datetime, data: bytes) -> None:
    """Keep a trimming of a known array and an image; the last one counts.

    Raises:
        StoreError: no such array, or the record cannot be written.
    """
    number, _ = store._find(serial)
    with store.database.transaction() as sql:
        sql.execute(
            "INSERT INTO trimmings(array, image_sha256, at, data) VALUES (?, ?, ?, ?)",
            (number, sha256, stamp(at), data),
        )


@interpreting(lambda store: store.database)
def last_trimming(store: Store, serial: str, sha256: str) -> bytes | None:
    """The newest trimming of an array and an image; None if there is none.

    Raises:
        StoreError: no such array, or the record cannot be read.
    """
    number, _ = store._find(serial)
    rows = store.database.rows(
        "SELECT data FROM trimmings WHERE array = ? AND image_sha256 = ? ORDER BY id DESC LIMIT 1", number, sha256
    )
    return bytes(rows[0][0]) if rows else None
