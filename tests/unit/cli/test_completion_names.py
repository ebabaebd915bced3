"""The names that completion offers are those that there are."""

from __future__ import annotations

from ohmbench.cli.completion import _names
from ohmbench.cli.value_names import METHODS, NETS, PLOTS, RUNS
from ohmbench.compress.methods import METHODS as METHODS_THERE
from ohmbench.model.array import PRESETS
from ohmbench.network.nets import NETS as NETS_THERE
from ohmbench.operations.plot import KINDS
from ohmbench.programming.recipe_file import RECIPES
from ohmbench.record.journal import KINDS as RUNS_THERE
from ohmbench.sweep.config import CONFIGS


def test_the_names_are_current() -> None:
    assert tuple(METHODS_THERE) == METHODS
    assert tuple(net.name for net in NETS_THERE) == NETS
    assert tuple(KINDS) == PLOTS
    assert tuple(kind for kind in RUNS_THERE if " " not in kind) == RUNS
    names = _names()
    for option, folder in (("--recipe", RECIPES), ("--device", PRESETS)):
        assert names[option] == sorted(path.stem for path in folder.glob("*.toml"))
        assert names[option]
    assert names["config"] == sorted(path.name for path in CONFIGS.glob("*.toml"))
    assert "read-noise" in names["name"]
