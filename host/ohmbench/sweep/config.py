"""The file of a sweep (TOML): which values each key takes. docs/sweep.md describes it.

`[[grid]]` tables, each the product of the lists in it; `[all]` holds for every grid that does not say otherwise.
"""

from __future__ import annotations

import itertools
import math
import re
import sys
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.compress.methods import METHODS
from ohmbench.errors import DataError
from ohmbench.model.array import default_params
from ohmbench.study.methods import RATES
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.text_files import TextFileError, parse_toml, read_text
from ohmbench.sweep.sources import NETWORKS, is_file

MOST_SETTINGS = 100_000
_SEED_MAX = 2**64 - 1
_NETWORK_SEED_MAX = 2**32 - 1  # scikit-learn's


@dataclass(frozen=True)
class Key:
    """A key of the file: its default, what its values are, and whether a value is one."""

    default: Any
    says: str
    accepts: Callable[[Any], bool]


def _number(low: float, high: float = math.inf) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        # compared as it is: a whole number of TOML may be too large for a float, which isfinite would make of it
        return type(value) in (int, float) and abs(value) <= sys.float_info.max and low <= value <= high

    return accepts


def _whole(low: int, high: int | None = None) -> Callable[[Any], bool]:
    return lambda v: type(v) is int and low <= v and (high is None or v <= high)


def _one_of(names: Container[str]) -> Callable[[Any], bool]:
    return lambda v: isinstance(v, str) and v in names


def _network(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    return value in NETWORKS or is_file(value) or re.fullmatch(r"[0-9]{1,5}(-[0-9]{1,5})+", value) is not None


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


KEYS: dict[str, Key] = {
    "network": Key(
        None, f"one of {', '.join(NETWORKS)}, a file (.ohmn, .npz), or widths such as 13-16-3 of own data", _network
    ),
    "data": Key(None, "digits, mnist, or own data beside this file", _text),
    "bits": Key(None, "2 or 4", lambda v: type(v) is int and v in RATES),
    "method": Key("pairs", f"one of {', '.join(METHODS)}", _one_of(METHODS)),
    "budget": Key(None, "a share of the cells, above 0 and at most 1", lambda v: _number(0, 1)(v) and v > 0),
    "network_seed": Key(0, "a whole number from 0 on", _whole(0, _NETWORK_SEED_MAX)),
    "weight_noise": Key(0.0, "a share of the highest level, from 0 to 1", _number(0, 1)),
    "recipe": Key("coarse-fine", "the name of a recipe, or a TOML file beside this one", _text),
    "window_usiemens": Key(None, "a number above 0", lambda v: _number(0)(v) and v > 0),
    "device": Key("a", "a preset (a, c, ideal), or a TOML file beside this one", _text),
    "params": Key({}, "a table of parameters of the array model", lambda v: False),  # of a table, checked one by one
    "stuck_fraction": Key(None, "a share from 0 to 1, half of it stuck low and half high", _number(0, 1)),
    "array_seed": Key(1, "a whole number from 0 on", _whole(0, _SEED_MAX)),
    "rest_s": Key(0.0, "a time in seconds from 0 on", _number(0, 1e10)),
    "images": Key(None, "a whole number from 1 on", _whole(1)),
    "trim": Key(None, "a number of training inputs from 1 on", _whole(1)),
}

Setting = dict[str, Any]
"""A value for every key; for `params` a table of single values."""

CONFIGS = Path(__file__).parent / "configs"
"""Sweeps that come with ohmbench."""


@dataclass(frozen=True)
class SweepConfig:
    """A file of a sweep, checked.

    Attributes:
        settings: the settings of all grids in their order, not resolved and perhaps repeated.
    """

    path: Path
    text: str
    settings: tuple[Setting, ...]

    @classmethod
    def load(cls, path: Path) -> SweepConfig:
        """Read and check a file; a name that is no file here may be that of one that comes with ohmbench.

        Raises:
            DataError: missing, not TOML, an unknown key, a value of the wrong kind, or no setting at all; the message
                names the line.
        """
        try:
            shipped = CONFIGS / path.name
            own = path.exists() or path.parent != Path() or not shipped.is_file()
            text = read_text(path if own else shipped)
        except TextFileError as error:
            raise DataError(f"Cannot read the sweep {path}: {error}.") from error
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path) -> SweepConfig:
        """As `load`, of a text; `path` is for messages and for the files that it names."""
        try:
            given = parse_toml(text)
        except TextFileError as error:
            raise DataError(f"{path}: {error}.") from error
        reader = _Reader(text, path)
        return cls(path, text, tuple(reader.settings(given)))


@dataclass(frozen=True)
class _Reader:
    text: str
    path: Path

    def settings(self, given: Mapping[str, Any]) -> Iterator[Setting]:
        for key in given.keys() - {"all", "grid"}:
            raise self._error(key, None, "is not a part of a sweep; put keys below [all] or [[grid]]")
        shared, grids = given.get("all", {}), given.get("grid", [])
        grids = [grids] if isinstance(grids, dict) else grids
        if not isinstance(shared, dict) or not isinstance(grids, list) or not all(isinstance(g, dict) for g in grids):
            raise DataError(f"{self.path}: [all] and [[grid]] must be tables.")
        if not grids:
            raise DataError(f"{self.path}: there is no [[grid]], so there are no points.", "Add one.")
        self._check(shared, None)
        total = 0
        for number, grid in enumerate(grids):
            self._check(grid, number)
            axes = _axes(shared) | _axes(grid)
            if "network" not in axes:
                raise DataError(f"{self.path}: grid {number + 1} names no network.", "Add network = [...].")
            total += math.prod(len(values) for values in axes.values())
            if total > MOST_SETTINGS:
                raise DataError(f"{self.path}: more than {MOST_SETTINGS:,} points.", "Make several sweeps.")
            for values in itertools.product(*axes.values()):
                yield _setting(dict(zip(axes, values, strict=True)))

    def _check(self, table: Mapping[str, Any], grid: int | None) -> None:
        for key, value in table.items():
            if key not in KEYS:
                raise self._error(key, grid, f"is not a key{did_you_mean(key, KEYS)}; the keys are {', '.join(KEYS)}")
            if key != "params":
                self._check_values(key, value, KEYS[key], grid)
            elif not isinstance(value, dict):
                raise self._error(key, grid, f"is not {KEYS[key].says}")
            else:
                known = default_params()
                for name, values in value.items():
                    if name not in known:
                        raise self._error(
                            name, grid, f"is not a parameter of the array model{did_you_mean(name, known)}"
                        )
                    self._check_values(name, values, Key(None, "a finite number", _number(-math.inf)), grid)

    def _check_values(self, key: str, value: Any, kind: Key, grid: int | None) -> None:
        values = value if isinstance(value, list) else [value]
        if not values:
            raise self._error(key, grid, "is an empty list, so there would be no point")
        for one in values:
            if not kind.accepts(one):
                raise self._error(key, grid, f"has the value {one!r}, which is not {kind.says}")

    def _error(self, key: str, grid: int | None, problem: str) -> DataError:
        line = self._line(key, grid)
        return DataError(f"{self.path}{'' if line is None else f':{line}'}: {key} {problem}.")

    def _line(self, key: str, grid: int | None) -> int | None:
        """Where a key is first set, or its table begins, from the given grid on."""
        wanted = re.compile(rf"""\s*(\[+\s*)?((grid|all|params)\s*\.\s*)*["']?{re.escape(key)}["']?\s*[=.\]]""")
        inline = re.compile(rf"""[{{,]\s*["']?{re.escape(key)}["']?\s*=""")
        seen = -1
        for number, line in enumerate(self.text.splitlines(), 1):
            seen += bool(re.match(r"\s*\[\[?\s*grid\s*\]", line))
            if (grid is None or seen == grid) and (wanted.match(line) or inline.search(line)):
                return number
        return None


def _axes(table: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Values of each key, the parameters as `params.NAME`."""
    flat = {k: v for k, v in table.items() if k != "params"}
    flat |= {f"params.{k}": v for k, v in table.get("params", {}).items()}
    return {key: value if isinstance(value, list) else [value] for key, value in flat.items()}


def _setting(values: Mapping[str, Any]) -> Setting:
    setting: Setting = {name: key.default for name, key in KEYS.items()}
    setting |= {k: v for k, v in values.items() if "." not in k}
    setting["params"] = {k.removeprefix("params."): v for k, v in values.items() if "." in k}
    return setting
