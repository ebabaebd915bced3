"""The results of sweeps in one file: what is computed, each with where it came from."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from ohmbench.errors import StoreError
from ohmbench.mapping.data_sets import CONTENT
from ohmbench.support.sqlite_file import SqliteFile, interpreting
from ohmbench.support.writer import json_text
from ohmbench.sweep.compute import PointResult
from ohmbench.sweep.config import SweepConfig
from ohmbench.sweep.networks import MadeNetwork, NetworkSpec
from ohmbench.sweep.points import key_of
from ohmbench.sweep.schema import KEPT, KIND

Row = dict[str, Any]


class ResultStore:
    """An open file of results. What a method has written is on the disk when it returns."""

    def __init__(self, file: SqliteFile) -> None:
        self._file = file

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, make: bool = False) -> Iterator[Self]:
        """Open a file.

        Args:
            make: make it if absent, and keep other sweeps out until it is closed: two would compute the same points.

        Raises:
            StoreError: there is none, it cannot be used, is of a newer version, or another sweep has it.
        """
        try:
            if make:
                path.parent.mkdir(parents=True, exist_ok=True)
            elif not path.is_file():
                raise StoreError(f"There are no results at {path}.", "Give the file that `ohmbench sweep` names.")
        except OSError as error:
            raise StoreError(f"Cannot make the folder of {path}: {error.strerror}.") from error
        with _alone(path) if make else _shared():
            file = SqliteFile.open(path, KIND)
            try:
                yield cls(file)
            finally:
                file.close()

    def add_config(self, config: SweepConfig) -> int:
        """Keep a file's text; its number."""
        with self._file.transaction() as connection:
            values = (config.text, config.path.name)
            connection.execute("INSERT OR IGNORE INTO configs(text, name) VALUES (?, ?)", values)
            return int(self._file.rows("SELECT id FROM configs WHERE text = ?", config.text)[0][0])

    def add_network(self, made: MadeNetwork, provenance: Row) -> None:
        """Keep a network; one that is there already stays."""
        spec = {name: getattr(made.spec, name) for name in NetworkSpec.__dataclass_fields__}
        self._write(
            "INSERT OR IGNORE INTO networks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            key_of(made.spec),
            json_text(spec, None),
            made.image,
            made.said_float.tobytes(),
            made.said_quantised.tobytes(),
            json_text(made.counts, None),
            made.cpu_s,
            json_text(provenance, None),
        )

    def add_point(self, found: PointResult, config: int, provenance: Row) -> None:
        """Keep a result.

        Raises:
            sqlite3.IntegrityError: there is one of this point on this rung; points are not computed twice.
        """
        point = found.point
        self._write(
            "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            point.key,
            found.rung,
            point.network_key,
            config,
            json_text(point.settings(), None),
            json_text(point.resolved(), None),
            json_text(found.values, None),
            json_text(found.confusion, None),
            json_text({**provenance, "build_id": f"{found.build_id:08x}"}, None),
        )

    def done(self, rung: str) -> set[str]:
        """Keys of the points that are computed."""
        return {key for (key,) in self._file.rows("SELECT key FROM points WHERE rung = ?", rung)}

    def networks(self) -> set[str]:
        """Keys of the networks that are made."""
        return {key for (key,) in self._file.rows("SELECT key FROM networks")}

    @interpreting(lambda store: store._file)
    def network(self, key: str) -> MadeNetwork:
        """A network that is made."""
        row = self._file.rows(
            "SELECT spec, image, said_float, said_quantised, counts, cpu_s FROM networks WHERE key = ?", key
        )[0]
        spec, image, said_float, said_quantised, counts, cpu_s = row
        said = [np.frombuffer(part, np.uint8) for part in (said_float, said_quantised)]
        return MadeNetwork(NetworkSpec(**json.loads(spec)), image, said[0], said[1], json.loads(counts), cpu_s)

    @interpreting(lambda store: store._file)
    def rows(self) -> list[Row]:
        """A row a result, in the order of computation: key, rung, settings, results, provenance.

        A parameter that any file sets is a column of every row.
        """
        found = self._file.rows("SELECT key, rung, settings, resolved, result, provenance FROM points ORDER BY rowid")
        rows = [(key, rung, *map(json.loads, texts)) for key, rung, *texts in found]
        params = {name for row in rows for name in row[2].keys() & row[3]["params"].keys()}
        return [
            {
                "point": key,
                "rung": rung,
                CONTENT: "unknown",  # in files of an ohmbench that did not keep it
                **dict.fromkeys(("trim", "accuracy_trimmed", "trim_s", "data")),  # and before there were these
                "network_content": "",
                **settings,
                **{name: resolved["params"][name] for name in sorted(params)},
                **result,
                **provenance,
            }
            for key, rung, settings, resolved, result, provenance in rows
        ]

    @interpreting(lambda store: store._file)
    def confusions(self) -> list[tuple[str, list[list[int]]]]:
        """Confusion matrices in the order of `rows`, each with its point's key."""
        rows = self._file.rows("SELECT key, confusion FROM points ORDER BY rowid")
        return [(key, json.loads(confusion)) for key, confusion in rows]

    def configs(self) -> list[tuple[str, str]]:
        """Names and texts of the files that points came from."""
        return [(name, text) for name, text in self._file.rows("SELECT name, text FROM configs ORDER BY id")]

    def _write(self, sql: str, *values: Any) -> None:
        with self._file.transaction() as connection:
            connection.execute(sql, values)


@contextmanager
def _shared() -> Iterator[None]:
    yield


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the sweep's lock beside the file; the system lets go of it however this process ends.

    Not on Windows, where two sweeps of one file compute points twice and the second result is refused.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    try:
        file = path.with_name(f"{path.name}.lock").open("wb")
    except OSError as error:
        raise StoreError(f"Cannot write beside {path}: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(f"Another sweep writes to {path}. {KEPT}", "Wait for it, or name another file.") from error
        yield
