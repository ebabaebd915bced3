"""Trimmings of the array in the socket: kept in its record, and found there again with what was done to it since."""

from __future__ import annotations

from datetime import UTC, datetime

from ohmbench.inference.trimming_file import OwnedTrimming
from ohmbench.lab.ledger import Ledgered
from ohmbench.record.trimmings import add_trimming, last_trimming

STALE_AFTER_S = 3600.0
"""Cells relax with the logarithm of time: what was fitted at once holds about an hour."""


def keep(ledgered: Ledgered, owned: OwnedTrimming) -> None:
    """Keep a trimming in the record of its array.

    Raises:
        StoreError: the record cannot be written.
    """
    add_trimming(ledgered.store, ledgered.serial, owned.image_sha256, owned.at, owned.to_bytes())


def kept(ledgered: Ledgered, sha256: str) -> OwnedTrimming | None:
    """The newest trimming of the array and an image; None if there is none.

    Raises:
        StoreError: the record cannot be read.
        DataError: it is damaged there.
    """
    data = last_trimming(ledgered.store, ledgered.serial, sha256)
    return None if data is None else OwnedTrimming.from_bytes(data)


def stale_because(ledgered: Ledgered, owned: OwnedTrimming) -> str | None:
    """Why a trimming is no longer of the cells as they are; None if it is.

    Raises:
        StoreError: the record cannot be read.
    """
    last = max(owned.runs.values(), default=0)
    later = [run for run in ledgered.store.runs(ledgered.serial) if run.id > last]
    pulsed = [run for run in later if run.most_pulses > 0]
    if pulsed or not owned.runs:
        return "its cells were pulsed since" + (f" (run {pulsed[-1].id}, {pulsed[-1].kind})" if pulsed else "")
    # a simulated array's time passes in rests
    rested = sum(float(run.provenance.get("after_s", 0.0)) for run in later if run.started >= owned.at)
    age = (datetime.now(UTC) - owned.at).total_seconds() + rested
    return f"it is {age / 3600:.1f} hours old, and cells relax" if age > STALE_AFTER_S else None
