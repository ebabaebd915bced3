"""Numbers and names that nothing behind the command line could take: each is a usage error, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.cli.main import main
from ohmbench.errors import OhmbenchError, UsageError
from ohmbench.experiments.base import ramp
from ohmbench.experiments.pulsing import Drive, require_drivable
from ohmbench.lab.settings import Settings
from ohmbench.programming.recipe import Recipe
from ohmbench.support.numbers import MAX_WHOLE, is_number

DIGITS = "9" * 400
LONG = "x" * 300


@pytest.mark.parametrize(
    "arguments",
    [
        ["program", "a.ohmw", "--port", "twin", "--passes", DIGITS],
        ["program", "a.ohmw", "--port", "twin", "--wear-budget", str(MAX_WHOLE + 1)],
        ["program", "a.ohmw", "--port", "twin", "--serial", "\udcff"],
        ["log", "runs", "--run", str(MAX_WHOLE + 1)],
        ["log", "runs", "--last", str(MAX_WHOLE + 1)],
        ["export", "a.csv", "--last", "9" * 5000],
        ["verify", "a.ohmw", "--port", "twin", "--after", "nan"],
        ["verify", "a.ohmw", "--port", "twin", "--after", "1e300"],
        ["verify", "a.ohmw", "--port", "twin", "--require", "inf"],
        ["compress", "a.npz", "--cells", "nan"],
        ["sweep", "s.toml", "--jobs", DIGITS],
        ["results", "--seeds", str(1 << 40)],
        ["read", "--port", "twin", "--array", f"{LONG}.ohma"],
        ["read", "--port", "twin", "--array", "a\0.ohma"],
        ["read", "--port", "twin", "--device", "a\0b"],
        ["read", "--port", "twin", "--carrier-faults", "open=99999999999999999999"],
        ["read", "--port", "twin", "--carrier-faults", "rail=bl_read:1e999"],
        ["read", "--port", "twin", "--carrier-faults", "gain-spread=nan"],
        ["read", "--port", "twin", "--line-faults", f"flip={DIGITS}"],
        ["read", "--port", "a" * 5000],
    ],
)
def test_is_a_usage_error(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OHMBENCH_LAB", str(tmp_path / "lab"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    try:
        code = main(arguments)
    except SystemExit as ended:  # argparse's
        code = int(str(ended.code))
    assert code == UsageError.exit_code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("lab", ["~nosuchuser/lab", "a\\u0000b"])
def test_folders_that_cannot_be(lab: str, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(f'lab = "{lab}"\n')
    with pytest.raises(UsageError, match="Give a whole path"):
        Settings.load(tmp_path / "s.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wl_read_v = 5e-324", "wl_read_v = 5e-324 is not a voltage of the 16-bit DAC: its code is 0"),
        ("read_v = 1e-6", "read_v = 1e-06 is not a voltage"),
        ("[set]\nhold_v = 5e-324", "set.hold_v = 5e-324 is not a voltage"),
        ("[set]\nstart_v = 5e-324", "set.start_v is not a voltage"),
        ("[reset]\nhold_v = 5e-324", "reset.hold_v = 5e-324 is not a voltage"),
        ("[set]\ncurve = [[1, 1e308], [2, 1]]", "set.curve"),
        ("[set]\nend_v = 1e308", "set.end_v"),
        (f"passes = {DIGITS}", "passes"),
        ("read_v = nan", "read_v"),
    ],
)
def test_voltages_that_no_dac_gives(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(OhmbenchError, match=said):
        Recipe.load(tmp_path / "r.toml")


@pytest.mark.parametrize(
    ("drive", "said"),
    [
        (Drive(read_v=5e-324), "its code is 0"),
        (Drive(read_v=0.0), "read_v = 0 V is too small to read with"),
        (Drive(set_v=5e-324), "its code is 0"),
        (Drive(gate_set_v=1e-9), "its code is 0"),
        (Drive(set_v=1e9), "outside the range of rail"),
    ],
)
def test_an_experiment_drives_what_a_dac_gives(drive: Drive, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        require_drivable(drive, "set")


@pytest.mark.parametrize("step", [5e-324, 1e-9])
def test_a_ramp_without_end(step: float) -> None:
    with pytest.raises(UsageError, match="1000 are the most"):
        ramp(0.0, 1.0, step)


def test_a_number() -> None:
    assert is_number(1)
    assert is_number(-0.5, -1, 1)
    for value in (True, "1", None, float("nan"), float("inf"), 10**400, [1]):
        assert not is_number(value)
