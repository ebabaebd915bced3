"""`ohmbench bug-report`: what a maintainer needs to look at a defect, in one file, with nothing private in it."""

from __future__ import annotations

import getpass
import io
import ipaddress
import re
import socket
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.errors import DataError, OhmbenchError
from ohmbench.lab.settings import LoadSettings, record_path
from ohmbench.operations.doctor import Machine, diagnose
from ohmbench.operations.log import Filter, log
from ohmbench.operations.versions import versions
from ohmbench.record.store import Store
from ohmbench.support.files import write_result
from ohmbench.support.last_defect import kept_traceback
from ohmbench.support.writer import json_text

RUNS, EVENTS = 20, 200
"""The last ones of the record that go into a report."""

_MOST_BYTES = 50_000_000
_HOMES = re.compile(r"(?:/home|/Users|[A-Za-z]:\\+Users)[/\\]+[^/\\\s\"':]+")
_ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_HOST_OF_URL = re.compile(r"(\w+://)[^/\s\"']+")
_MAYBE_ADDRESS_6 = re.compile(r"(?<![\w:.])[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*(?:%[\w-]+)?(?![\w:])", re.I)
_MAC = re.compile(r"(?<![\w:-])[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}(?![\w:-])", re.I)
_USER = re.compile(r"(\b(?:user|username|login|logname|owner)[\"']?\s*[=:]\s*[\"']?)[A-Za-z_][\w.-]*", re.I)
_HOST = re.compile(
    r"(?<![\w.<-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+"
    r"(?:local|lan|home|internal|intranet|corp|localdomain|com|org|net|edu|gov|de|fr|ch|uk|eu|nl|se|jp|cn)\b(?![\w.(-])",
    re.I,
)
_FIRST_PERSON = 1000  # users below are the system's
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")


class Scrubber:
    """Takes out of a text who works where: home folders, user and host names, addresses.

    Args:
        names: of users and hosts; those of this process and machine if not given.
        home: its folder; this user's if not given.
    """

    def __init__(self, names: Iterable[str] | None = None, home: Path | None = None) -> None:
        found = set(_own_names() if names is None else names)
        found |= {name.partition(".")[0] for name in found}
        own = sorted((name for name in found if len(name) > 1), key=len, reverse=True)
        self._names = (
            re.compile(r"(?<![^\W_])(?:" + "|".join(map(re.escape, own)) + r")(?![^\W_])", re.I) if own else None
        )
        self._home = ""
        with suppress(RuntimeError):  # this user has none
            self._home = str(Path.home() if home is None else home)

    def __call__(self, text: str) -> str:
        if len(self._home) > 1:
            for home in (self._home, self._home.replace("\\", "\\\\")):  # as JSON has it
                text = text.replace(home, "~")
        text = _EMAIL.sub("<address>", _HOST_OF_URL.sub(r"\1<host>", _HOMES.sub("~", text)))
        text = _MAC.sub("<address>", _ADDRESS.sub("<address>", text))
        text = _MAYBE_ADDRESS_6.sub(_without_address, text)
        text = text if self._names is None else self._names.sub("<name>", text)
        return _HOST.sub("<name>", _USER.sub(r"\1<name>", text))


def _without_address(found: re.Match[str]) -> str:
    """`<address>` for an IPv6 address, and as it is for a time of day."""
    text = found[0].rstrip(".:") if not found[0].endswith("::") else found[0]
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return found[0]
    return f"<address>{found[0][len(text) :]}"


def _own_names() -> list[str]:
    names = [socket.gethostname()]
    with suppress(OSError, KeyError, ImportError):  # an account without a name
        names.append(getpass.getuser())
    with suppress(ImportError):  # Windows
        import pwd

        names += [one.pw_name for one in pwd.getpwall() if one.pw_uid >= _FIRST_PERSON and one.pw_name != "nobody"]
    return names


@dataclass(frozen=True)
class BugReport:
    """What was written: names and sizes in bytes of the parts."""

    path: Path
    parts: dict[str, int]

    def summary(self) -> dict[str, Any]:
        return {"file": str(self.path), "parts": self.parts}

    def describe(self) -> str:
        lines = [f"{name:16} {size} bytes" for name, size in self.parts.items()]
        return "\n".join(
            [
                *lines,
                f"written: {self.path}",
                "User and host names, addresses and home folders were taken "
                "out. Look through it before you send it: serial numbers and settings are in it.",
            ]
        )


def bug_report(
    path: Path,
    lab: Path | None,
    *,
    traces: Sequence[Path] = (),
    logs: Sequence[Path] = (),
    scrub: Scrubber | None = None,
) -> BugReport:
    """Write a ZIP of versions, what `doctor` finds, the record's last runs and events, traces and logs.

    Args:
        lab: folder of the record, which is not made if absent; None: as `record_path` has it.
        traces, logs: files of `--trace`, and of a command's stderr or anything else as text.

    Raises:
        DataError: a trace or log cannot be read, or has more than 50 MB.
        UsageError: the report cannot be written.
    """
    scrub, machine = scrub or Scrubber(), Machine()
    texts = {"versions.json": _json(versions()), "doctor.json": _json(diagnose(machine).summary())}
    texts["record.json"] = _json(_excerpt(lab, machine.settings))
    if (defect := kept_traceback()) is not None:
        texts["defect.txt"] = defect
    for kind, files in (("trace", traces), ("log", logs)):
        for number, file in enumerate(files):
            texts[f"{kind}-{number}.txt"] = _text(file)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        clean = {name: scrub(text) for name, text in texts.items()}
        for name, text in clean.items():
            bundle.writestr(name, text)
    write_result(path, buffer.getvalue())
    return BugReport(path, {name: len(text.encode()) for name, text in clean.items()})


def _excerpt(lab: Path | None, settings: LoadSettings) -> dict[str, Any]:
    try:
        record = record_path(lab, settings)
        if not record.exists():
            return {"record": "none"}
        with Store.open(record) as store:
            said = [log(store, what, Filter(limit=most)) for what, most in (("runs", RUNS), ("events", EVENTS))]
            return {part.what: part.rows for part in (*said, log(store, "arrays", Filter()))}
    except OhmbenchError as error:  # a damaged record, or damaged settings, is what the report may be about
        return {"record": str(error)}


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DataError(f"{file} has more than {_MOST_BYTES // 10**6} MB.", "Give the part that matters.")
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise DataError(f"Cannot read {file}: {error.strerror}.", "Leave it out.") from error


def _json(value: object) -> str:
    return json_text(value, default=str)
