"""Serial numbers of arrays in one form: the door through which every name comes, before anything is sent.

Wear is kept by serial number for life, so a number that is typed a little differently must not become another array.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from ohmbench.errors import UsageError
from ohmbench.faults.fault_map import MAX_SERIAL
from ohmbench.progress import Say
from ohmbench.record.store import Store

ALPHABET = "letters, digits, blanks inside, and - _ . : , + # / ( ) = @ ' &"
"""What a serial number may have in it, letters and digits of any script."""

_MARKS = frozenset("-_.:,+#/()=@'&~ ")
_NEAR = 2
"""Slips of the finger in a number that the operator may not have meant: letters more, less or other."""


def canonical_serial(text: str) -> str:
    """A serial number in its one form: Unicode NFKC, every dash a hyphen, single blanks inside and none around.

    Raises:
        UsageError: it is empty, too long, no text, or has other characters than ALPHABET.
    """
    form = "".join(
        "-" if unicodedata.category(c) == "Pd" or c == "\u2212" else c for c in unicodedata.normalize("NFKC", text)
    )
    form = re.sub(" +", " ", form.strip())
    bad = [c for c in form if c not in _MARKS and unicodedata.category(c)[0] not in "LMN"]
    if bad or not form or len(form) > MAX_SERIAL:
        what = f"has {bad[0]!a} in it" if bad else f"has {len(form)} characters" if form else "is empty"
        raise UsageError(
            f"The serial number {text[:40]!a} {what}.",
            f"Give 1 to {MAX_SERIAL} characters: {ALPHABET}. With --array, its file's name is the serial number.",
        )
    return form


def admit(serial: str, record: Path, *, is_simulated: bool, is_new: bool, say: Say) -> None:
    """Say which array a run is about to pulse; refuse one that may be a known one under another name.

    Args:
        serial: in its canonical form.
        record: the record's file, which is not made.
        is_simulated: such an array may begin without being asked for: no life of a real one is at stake.
        is_new: the operator says that it has never been pulsed.

    Raises:
        UsageError: the record does not know the array, and nobody said that it is new, or it is all but a known one.
        StoreError: the record cannot be read.
    """
    known: list[str] = []
    if record.exists():
        with Store.open(record) as store:
            known = [array.serial for array in store.arrays()]
            if serial in known:
                say(_standing(store, serial))
                return
    alike, near = alike_but_for_form(serial, known), nearest(serial, known)
    # W31-7 may be another array than W3-17, if the operator says so; w3 17 is not
    same = [other for other in alike if _numbers(other) == _numbers(serial) or not is_new]
    if same:
        raise UsageError(
            f"The record {record} has no array {serial}. It has {_listed(same)}, which differs only in case, blanks "
            "or marks.",
            f"Give --serial {same[0]!a}. If both names are one array already, `ohmbench merge-arrays` adds their wear.",
        )
    if not (is_simulated or is_new):
        meant = f" Similar names: {_listed(near)}." if near else f" It has {_listed(known[:8])}." if known else ""
        raise UsageError(
            f"The record {record} does not know array {serial}.{meant}",
            "Correct --serial or --lab; for an array that was never pulsed, give --new-array once.",
        )
    say(f"array {serial} is new in the record {record}" + (f"; similar names: {_listed(near)}" if near else ""))


def alike_but_for_form(serial: str, known: Iterable[str]) -> list[str]:
    """Known numbers that differ in case, blanks, hyphens and other marks only."""
    return [other for other in known if other != serial and _bare(other) == _bare(serial)]


def nearest(serial: str, known: Iterable[str]) -> list[str]:
    """Known numbers within two slips of the finger, the nearest first."""
    far = {other: _distance(serial.casefold(), other.casefold()) for other in known if other != serial}
    return sorted((other for other in far if far[other] <= _NEAR), key=lambda other: (far[other], other))


def _standing(store: Store, serial: str) -> str:
    array = store.known_array(serial)
    worst = int(store.wear(serial).total.max(initial=0))
    used = f"its worst cell has had {worst} pulses"
    if array.budget:
        used += f", {100 * worst / array.budget:.3g} % of its budget of {array.budget}"
    return f"array {serial}, known since {array.first_seen:%Y-%m-%d}: {used}"


def _bare(serial: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", serial).casefold() if c.isalnum()) or serial


def _numbers(serial: str) -> list[str]:
    return re.findall(r"\d+", unicodedata.normalize("NFKC", serial))


def _listed(serials: list[str]) -> str:
    return ", ".join(f"{other!a}" if not other.isprintable() or other != other.strip() else other for other in serials)


def _distance(one: str, two: str) -> int:
    """Levenshtein's: letters to add, leave out or change."""
    before = list(range(len(two) + 1))
    for i, a in enumerate(one):
        row = [i + 1]
        for j, b in enumerate(two):
            row.append(min(before[j + 1] + 1, row[j] + 1, before[j] + (a != b)))
        before = row
    return before[-1]
