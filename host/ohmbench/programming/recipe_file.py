"""The file of a recipe: where it is, its tables, the older format of one flat table, and kinds of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ohmbench.carrier.kinds import written
from ohmbench.errors import DataError
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.text_files import TextFileError, read_toml

RECIPES = Path(__file__).resolve().parent / "recipes"
"""The recipes that come with ohmbench, one TOML file each."""

_RAMP_KEYS = ("start_v", "step_v", "end_v", "us", "curve", "lead_v", "back")
_OLD_RAMPS = {f"{ramp}_{key}": (ramp, key) for ramp in ("set", "reset") for key in _RAMP_KEYS}
_OLD_RAMPS |= {"set_v": ("set", "hold_v"), "wl_reset_v": ("reset", "hold_v")}
_OLD_ALGORITHMS = {
    (ramp, last): ramp + ("" if last == "any" else f"-last-{last}")
    for ramp in ("gate", "line")
    for last in ("any", "set", "reset")
}


def recipe_names() -> list[str]:
    """Names of the recipes that come with ohmbench."""
    return sorted(file.stem for file in RECIPES.glob("*.toml"))


def name_for(name: str, carrier_kind: str) -> str:
    """The recipe of this name that comes with ohmbench for a kind of carrier: NAME-KIND if there is one, else NAME.

    Args:
        carrier_kind: a key of tables.CARRIERS.
    """
    own = f"{name}-{written(carrier_kind)}"
    return own if (RECIPES / f"{own}.toml").is_file() else name


def read_recipe(source: str | Path) -> tuple[Path, dict[str, Any]]:
    """The file of a recipe that comes with ohmbench, by its name, or another one, and what it says.

    Raises:
        DataError: it is missing or damaged.
    """
    path = Path(source)
    if path.suffix != ".toml" and (RECIPES / f"{source}.toml").is_file():
        path = RECIPES / f"{source}.toml"
    try:
        return path, read_toml(path)
    except TextFileError as error:
        names = recipe_names()
        raise DataError(
            f"Cannot read the recipe {path}: {error}{did_you_mean(str(source), names)}.",
            f"Give a TOML file or one of the names: {', '.join(names)}.",
        ) from error


def by_key(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Keys and values, those of a table as table.key."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def renewed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a recipe in the present format; what makes no sense stays under its old name."""
    new: dict[str, Any] = {}
    for name, value in values.items():
        if name in _OLD_RAMPS:
            ramp, key = _OLD_RAMPS[name]
            new.setdefault(ramp, {})[key] = value
        elif isinstance(value, Mapping):
            new.setdefault(name, {}).update(value)
        else:
            new[name] = value
    if "ramp" in new or "last_pulse" in new:
        asked = new.get("ramp", "line"), new.get("last_pulse", "any")
        known = [pair for pair in _OLD_ALGORITHMS if pair == asked]
        if known:
            new.pop("ramp", None)
            new.pop("last_pulse", None)
            new["algorithm"] = _OLD_ALGORITHMS[known[0]]
    return new


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe's values in the older format, by which results of sweeps are known."""
    old: dict[str, Any] = {}
    names = {new: name for name, new in _OLD_RAMPS.items()}
    for name, value in values.items():
        if isinstance(value, Mapping):
            old |= {names[name, key]: inner for key, inner in value.items()}
        else:
            old[name] = value
    for (ramp, last), algorithm in _OLD_ALGORITHMS.items():
        if old.get("algorithm") == algorithm:
            del old["algorithm"]
            old |= {"ramp": ramp, "last_pulse": last}
    return old


def renamed_keys(values: Mapping[str, Any]) -> list[str]:
    """How to write the keys of the older format that are among these; none if there are none."""
    said = [f"{name} is {key} in [{ramp}]" for name, (ramp, key) in _OLD_RAMPS.items() if name in values]
    if "ramp" in values or "last_pulse" in values:
        said.append(f'ramp and last_pulse are algorithm = "{renewed(values).get("algorithm")}"')
    return said


def is_value_for(default: object, value: object) -> bool:
    """Whether a value from a file is of the kind of a key's default; None: there is no such key."""
    if default is None:
        return False
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, tuple):
        return isinstance(value, list | tuple) and all(
            isinstance(p, list | tuple) and len(p) == 2 and all(_is_number(x) for x in p) for p in value
        )
    if isinstance(default, str):
        return isinstance(value, str)
    return _is_number(value) and (isinstance(value, int) or isinstance(default, float))


def misfit(name: str, value: object, defaults: Mapping[str, object]) -> str:
    """What is wrong with a key or its value, as a part of a sentence."""
    if name in defaults or any(key.startswith(f"{name}.") for key in defaults):
        return f"{name} = {_shown(value)} is {_kind(value)}, not {_kind(defaults.get(name, {}))}"
    return f"{name} is not a key of a recipe{did_you_mean(name, defaults)}"


def _shown(value: object) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) < 40 else f"{text[:40]}..."


def _kind(value: object) -> str:
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "true or false"),
        (str, "text"),
        (int, "a whole number"),
        (float, "a number"),
        ((list, tuple), "a list of pairs"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "a table")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
