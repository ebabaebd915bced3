"""`ohmbench experiments`: which experiments are installed, with their settings."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ohmbench.experiments.registry import load, names

Row = dict[str, Any]

_SETTING_WIDTH = 20


@dataclass(frozen=True)
class Catalogue:
    """All experiments with their settings, as JSON has them."""

    rows: list[Row]

    def summary(self) -> list[Row]:
        return self.rows

    def describe(self) -> str:
        lines = []
        for row in self.rows:
            lines += ["", f"{row['experiment']}: {row['about'].partition(': ')[2] or row['about']}"]
            given = [(f"{name}={of['default']}", of["about"]) for name, of in row["settings"].items()]
            lines += [f"    {setting:{_SETTING_WIDTH}}  {about}" for setting, about in given]
        return "\n".join(lines[1:])


def catalogue() -> Catalogue:
    """The experiments that are installed."""
    made = []
    for name in names():
        found = load(name)
        fields = dataclasses.fields(found.Settings)
        settings = {f.name: {"default": f.default, "about": f.metadata.get("about", "")} for f in fields}
        made.append({"experiment": name, "about": found.about, "settings": settings})
    return Catalogue(made)
