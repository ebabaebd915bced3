"""Writing files so that a crash or a full disk never leaves half of one."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from ohmbench.errors import UsageError

_MAGIC = {
    b"SQLite format 3\x00": "a record of runs or results of a sweep",
    b"ohmarray": "a simulated array",
    b"PK\x03\x04": "a network, a weight image or another archive",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a compressed file",
}
"""How files begin that a wrong output option must not destroy."""

_ARCHIVES = (".ohmc", ".ohmw", ".ohmt", ".npz", ".zip", ".gz", ".h5", ".parquet")
"""Endings of outputs that are not text: what is to be written says for itself whether it replaces its like."""


def replace_file(path: Path, data: bytes) -> None:
    """Write `data` to a file beside `path`, then rename it: `path` holds the old bytes or all of the new ones.

    Where `path` is a link, the file that it points to is replaced, and the link stays. An old file's permissions stay.

    Raises:
        OSError: the folder is missing or not writable, the disk is full, or an old file is of another kind, whose
            loss cannot be meant; nothing of the new file remains.
    """
    path = path.resolve() if path.is_symlink() else path
    refuse_another_kind(path, _kind(data))
    # a name that nobody can foresee, and that is made anew: no link of somebody else is followed
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
    temporary = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode(path))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int:
    """Permissions for a file at this place: those of the one that is there, or what new files get."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _kind(data: bytes) -> str | None:
    return next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)


def refuse_another_kind(path: Path, kind: str | None = None) -> None:
    """Refuse to lose a file that is no text and not of the kind that is to be written, or that is no file at all.

    Raises:
        OSError: there is one, or the file that is there cannot be read.
    """
    if path.exists() and not path.is_file():  # a device would become a file, for everybody
        raise OSError("it is a folder or a device")
    try:
        with path.open("rb") as file:
            found = _kind(file.read(16))
    except FileNotFoundError:
        return
    if found not in (None, kind):
        raise OSError(f"{found} is there, which would be lost")


def write_result(path: Path, data: bytes, kept: str = "") -> None:
    """Write a file of results, whole or not at all.

    Args:
        kept: what is not lost, a sentence for the message.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        replace_file(path, data)
    except OSError as error:
        raise cannot_write(path, error, kept) from error


def check_writable(file: Path, *, is_text: bool = False) -> None:
    """See that a file can be written, before work whose results go there; its folder is made if absent.

    Args:
        is_text: whatever its name ends in.

    Raises:
        UsageError: it cannot, or it is a folder or a device.
    """
    try:
        if is_text or file.suffix not in _ARCHIVES or not file.is_file():
            refuse_another_kind(file)
        _try_folder(file.parent)
    except OSError as error:
        raise cannot_write(file, error) from error


def check_folder(folder: Path) -> None:
    """Make the folder if absent and see that files can be made in it, before work whose results go there.

    Raises:
        UsageError: they cannot.
    """
    try:
        _try_folder(folder)
    except OSError as error:
        raise cannot_write(folder, error) from error


def _try_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for files that go with this command.

    Raises:
        UsageError: none can be made where the system keeps such files.
    """
    try:
        return tempfile.TemporaryDirectory(prefix="ohmbench-")
    except OSError as error:
        raise UsageError(
            f"There is no folder for temporary files: {error.strerror or error}.",
            "Set TMPDIR to a folder that you may write.",
        ) from error


def cannot_write(path: Path, error: OSError, kept: str = "") -> UsageError:
    """The error that says so; kept: what is not lost, a sentence."""
    return UsageError(
        f"Cannot write results to {path}: {error.strerror or error}. {kept}".rstrip(),
        "Give a folder that you may write, or a file in one.",
    )
