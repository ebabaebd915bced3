"""Mutations that keep a format's outer shape, so that what lies behind its first check is reached too."""

from __future__ import annotations

import io
import random
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

Mutator = Callable[[bytes, random.Random], bytes]

_WORDS = [
    *("0", "-1", "1", "5e-324", "1e308", "-1e308", "nan", "inf", "true", '""', "[]", "{}", "null", "1e999", "0x10"),
    *("9223372036854775808", "-9223372036854775809", "9" * 400, "9" * 5000, '"x"', '"\\u0000"', "0.5", "65536"),
    *("[" * 2000, '"~nosuchuser"', '"/dev/zero"', "2147483648", '"' + "y" * 300 + '"', "[[1, 2], [3]]", "\ufeff"),
]
_VALUES = [None, 0, -1, 1, 2**63 - 1, -(2**63), 1.5, float("inf"), "", "x", "[]", "{}", "null", b"\0\xff", "9" * 5000]
_TOKEN = re.compile(r'"[^"\n]*"|-?\d[\w.+-]*|\w+|[^\s\w]')
_FLIPS = (0, 1, 0x7F, 0x80, 0xFF)


def of_bytes(data: bytes, rng: random.Random) -> bytes:
    """Bytes flipped, lost, doubled, overwritten; or the file cut."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(out) + 1)
        many = rng.choice((1, 1, 2, 4, 8, 64))
        match rng.randrange(6):
            case 0:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                out[at : at + many] = bytes([rng.choice(_FLIPS)]) * many
            case 2:
                del out[at : at + many]
            case 3:
                out[at:at] = out[at : at + many]
            case 4:
                out[at:at] = rng.randbytes(many)
            case _:
                if rng.random() < 0.2:
                    del out[at:]
    return bytes(out)


def of_text(data: bytes, rng: random.Random) -> bytes:
    """Words of TOML, JSON or a program replaced by odd ones; lines lost, doubled, exchanged."""
    if rng.random() < 0.15:
        return of_bytes(data, rng)
    text = data.decode("utf-8", "replace")
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        words = list(_TOKEN.finditer(text))
        if words and rng.random() < 0.75:
            chosen = rng.choice(words)
            new = rng.choice(_WORDS) if rng.random() < 0.7 else rng.choice(words)[0]
            text = text[: chosen.start()] + new + text[chosen.end() :]
            continue
        lines = text.splitlines(keepends=True) or [""]
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.randrange(3):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[other])
            case _:
                lines[at], lines[other] = lines[other], lines[at]
        text = "".join(lines)
    return text.encode("utf-8", "surrogateescape")


_LONG = 1 << 20
"""Parts up to here are made 200 times as long; one that was made so again and again filled the fuzzer's own memory."""


def of_archive(data: bytes, rng: random.Random) -> bytes:
    """A zip archive packed again: parts changed, lost, doubled, renamed, or many times as long."""
    if rng.random() < 0.2:
        return of_bytes(data, rng)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # a mutation of before broke it
        return of_bytes(data, rng)
    if not parts:
        return of_bytes(data, rng)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(parts))
        name, part = parts[at]
        match rng.randrange(8):
            case 0:
                del parts[at]
            case 1:
                parts.append((f"{name}x", part))
            case 2:
                parts[at] = (name, parts[rng.randrange(len(parts))][1])
            case 3 if len(part) < _LONG:
                parts[at] = (name, part[:128] + part[128:] * 200)
            case 4:
                parts[at] = (name, of_text(part[:128], rng) + part[128:])
            case _:
                parts[at] = (name, of_text(part, rng) if name.endswith(".json") else of_bytes(part, rng))
        if not parts:
            return b"PK"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, part in dict(parts).items():
            archive.writestr(name, part)
    return file.getvalue()


def of_database(data: bytes, rng: random.Random) -> bytes:
    """A SQLite file with a value, a row or a table changed; or its bytes."""
    if rng.random() < 0.3:
        return of_bytes(data, rng)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.sqlite")
        path.write_bytes(data)
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            table = rng.choice([name for name in tables if not name.startswith("sqlite")])
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            column = rng.choice(columns)
            match rng.randrange(6):
                case 0:
                    connection.execute(f"DELETE FROM {table} WHERE rowid % 2 = ?", (rng.randrange(2),))
                case 1 if rng.random() < 0.2:
                    connection.execute(f"DROP TABLE {table}")
                case 2 if rng.random() < 0.2:
                    connection.execute(f"PRAGMA user_version = {rng.choice((0, 1, 2, 3, 99, -1))}")
                case _:
                    old = connection.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchone()
                    new = rng.choice(_VALUES)
                    if old and isinstance(old[0], str) and rng.random() < 0.6:
                        new = of_text(old[0].encode(), rng).decode("utf-8", "replace")
                    connection.execute(f"UPDATE OR IGNORE {table} SET {column} = ?", (new,))
        except (sqlite3.Error, IndexError, UnicodeDecodeError):
            pass
        finally:
            connection.close()
        return path.read_bytes()
