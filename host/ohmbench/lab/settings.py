"""The operator's own settings: a TOML file in the user's configuration folder.

port = "/dev/ttyUSB0"               # what commands open when nothing else says so
ports = ["socket://lab-3:4000"]     # further places to look for a bench, for `ohmbench list`
carrier = "carrier-7.toml"          # this bench's carrier; relative to the file's folder
supply = "supply.toml"              # its power supply, likewise (docs/instruments.md)
lab = "/srv/lab"                    # folder of the record, if neither --lab nor OHMBENCH_LAB says another
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

from ohmbench.errors import UsageError
from ohmbench.record import database
from ohmbench.support.guesses import listed
from ohmbench.support.home import in_home
from ohmbench.support.text_files import TextFileError, read_toml
from ohmbench.support.user_folders import config_folder

FILE_NAME = "config.toml"
_KEYS = ("port", "ports", "carrier", "lab", "supply")


@dataclass(frozen=True)
class Settings:
    """What the file says; all of it may be left out."""

    port: str | None = None
    ports: tuple[str, ...] = ()
    carrier: Path | None = None
    lab: Path | None = None
    supply: Path | None = None

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """The settings in a file; the user's own if none is given, which need not exist.

        Raises:
            UsageError: the file cannot be read, is no TOML, or has a key or a value that makes no sense.
        """
        path = settings_path() if path is None else path
        try:
            if path is None or not path.exists():  # a user without a home has none
                return cls()
            values = read_toml(path)
        except (OSError, TextFileError) as error:
            raise UsageError(f"Cannot read the settings {path}: {error}.", "Correct the file.") from error
        bad = [key for key, value in values.items() if not _fits(key, value)]
        if bad:
            raise UsageError(
                f"{path}: no such setting, or its value is of the wrong kind: {listed(bad, _KEYS)}.",
                'There are port = "...", ports = ["...", ...], carrier = "FILE", supply = "FILE" and lab = "FOLDER".',
            )
        carrier, lab, supply = (
            None if name not in values else path.parent / in_home(values[name]) for name in ("carrier", "lab", "supply")
        )
        return cls(values.get("port"), tuple(values.get("ports", ())), carrier, lab, supply)


def settings_path() -> Path | None:
    """Where the user's settings are, or would be; None for a user without a home."""
    folder = config_folder()
    return None if folder is None else folder / FILE_NAME


LoadSettings = Callable[[], Settings]


def settings_once() -> LoadSettings:
    """What loads the user's settings when they are first asked for, and then has them."""
    return cache(Settings.load)


def record_path(lab: Path | None, settings: LoadSettings = Settings.load) -> Path:
    """The record in a lab folder: the one given, or of OHMBENCH_LAB, of the settings, or else the user's own.

    Raises:
        UsageError: OHMBENCH_LAB is relative, the settings cannot be read, there is no home folder, or a new folder
            would have a name that is easily taken for another's.
    """
    if lab is None and not os.environ.get("OHMBENCH_LAB"):
        lab = settings().lab
    path = database.default_path() if lab is None else lab / database.FILE_NAME
    return _in_one_form(path.parent) / path.name


def _in_one_form(folder: Path) -> Path:
    """A lab's folder in its one form: a record beside it under a name that looks the same would know no wear."""
    if folder.exists():
        return folder.resolve()
    text = unicodedata.normalize("NFC", str(folder))
    for form in (text, unicodedata.normalize("NFD", text)):
        if Path(form).exists():
            return Path(form).resolve()
    odd = [part for part in Path(text).parts if part != part.strip() or not part.isprintable()]
    if odd:
        raise UsageError(
            f"The lab folder {text[:80]!a} does not exist, and has blanks at the ends of its name or invisible "
            "characters.",
            "Correct --lab, OHMBENCH_LAB or the settings. A folder that exists may have any name.",
        )
    return Path(text).resolve()


def _fits(key: str, value: Any) -> bool:
    if key == "ports":
        return isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    return key in _KEYS and isinstance(value, str) and bool(value)
