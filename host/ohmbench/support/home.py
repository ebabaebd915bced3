"""Names of folders with `~` for somebody's home, where no shell has put it in: in files and in the environment."""

from __future__ import annotations

from pathlib import Path

from ohmbench.errors import UsageError


def in_home(name: str | Path) -> Path:
    """The path with the home in place of `~` or `~user`.

    Raises:
        UsageError: there is no such home, or no file can have this name.
    """
    if "\0" in str(name):
        raise UsageError(f"No folder can be called {str(name)!r}.", "Give a whole path.")
    try:
        return Path(name).expanduser()
    except RuntimeError as error:  # pathlib's "could not determine home directory"
        raise UsageError(f"There is no home folder for {name}.", "Give a whole path.") from error
