"""The one reader of files that people write: TOML, JSON and pulse programs, as editors of all systems save them."""

from __future__ import annotations

import codecs
import json
import math
import stat
import tomllib
from pathlib import Path
from typing import Any

from ohmbench.support.guesses import cannot_read

MAX_BYTES = 4 << 20
"""Of a file; people write kilobytes. /dev/zero has no end."""

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TextFileError(Exception):
    """What is wrong with a file, as the end of a sentence; who reads it says which file, and what that means."""


def read_text(path: Path) -> str:
    """The text of a file, in UTF-8 or, as some editors save it, with a byte order mark.

    Raises:
        TextFileError: it is missing, may not be read, is no file, too large, or no text.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise TextFileError("it is a folder or a device, not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except ValueError as error:  # a name with a NUL
        raise TextFileError("no file can have this name") from error
    except OSError as error:
        raise TextFileError(cannot_read(path, error)) from error
    if len(data) > MAX_BYTES:
        raise TextFileError(f"it is larger than {MAX_BYTES >> 20} MB")
    try:
        return data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise TextFileError("it is not text: not UTF-8") from error


def read_toml(path: Path) -> dict[str, Any]:
    """The table in a TOML file.

    Raises:
        TextFileError: as `read_text`; or it is no TOML, with the line.
    """
    return parse_toml(read_text(path))


def parse_toml(text: str) -> dict[str, Any]:
    """The table in a text.

    Raises:
        TextFileError: it is no TOML, with the line.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise TextFileError("it is not a TOML file that makes sense: nested too deep") from error
    except ValueError as error:  # TOMLDecodeError, and a number of thousands of digits
        raise TextFileError(f"it is not a TOML file: {error}") from error


def parse_json(text: str | bytes) -> Any:
    """What a JSON text holds. NaN and infinity, which Python's reader takes, are not JSON.

    Raises:
        TextFileError: it is no JSON.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a number")

    def number(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise ValueError(f"{digits} is too large")
        return value

    try:
        return json.loads(text, parse_constant=refuse, parse_float=number)
    except RecursionError as error:
        raise TextFileError("it is not JSON that makes sense: nested too deep") from error
    except ValueError as error:
        raise TextFileError(f"it is not JSON: {error}") from error
