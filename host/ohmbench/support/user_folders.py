"""Where this user's own files are: home, cache, configuration, data. One place that knows what may be missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ohmbench.errors import UsageError


def home(what: str, instead: str) -> Path:
    """The home folder.

    Args:
        what: what is to be there, and what to set instead if there is none, both for the message.

    Raises:
        UsageError: there is none: HOME is not set, and the system does not know this user, as in some containers.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise UsageError(f"There is no home folder for {what}.", f"Set HOME, or {instead}.") from error


def cache_folder() -> Path:
    """For what can be made again: XDG_CACHE_HOME/ohmbench (XDG Base Directory Specification 0.8).

    Raises:
        UsageError: as `home`.
    """
    given = os.environ.get("XDG_CACHE_HOME")
    base = Path(given) if given else home("what can be made again", "XDG_CACHE_HOME to a folder") / ".cache"
    return base / "ohmbench"


def config_folder() -> Path | None:
    """For the settings: XDG_CONFIG_HOME/ohmbench, or the like on other systems. None for a user without a home."""
    return _folder(("XDG_CONFIG_HOME", ".config"), ("APPDATA", "AppData/Roaming"))


def data_folder() -> Path | None:
    """For the record: XDG_DATA_HOME/ohmbench, or the like on other systems. None for a user without a home."""
    return _folder(("XDG_DATA_HOME", ".local/share"), ("LOCALAPPDATA", "AppData/Local"))


def _folder(xdg: tuple[str, str], windows: tuple[str, str]) -> Path | None:
    if sys.platform == "win32":
        name, below = windows
    elif sys.platform == "darwin":
        name, below = "", "Library/Application Support"
    else:
        name, below = xdg
    given = Path(os.environ.get(name, ""))
    if given.is_absolute():  # the specification has a relative one ignored
        return given / "ohmbench"
    try:
        return Path.home() / below / "ohmbench"
    except RuntimeError:
        return None
