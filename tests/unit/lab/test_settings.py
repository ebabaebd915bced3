"""The operator's settings file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.errors import UsageError
from ohmbench.lab.settings import Settings


def test_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('port = "/dev/ttyUSB3"\nports = ["socket://lab:4000"]\ncarrier = "seven.toml"\n')
    assert Settings.load(file) == Settings("/dev/ttyUSB3", ("socket://lab:4000",), tmp_path / "seven.toml")


def test_none_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert Settings.load() == Settings()
    (tmp_path / "ohmbench").mkdir()
    (tmp_path / "ohmbench/config.toml").write_text('port = "twin"\n')
    assert Settings.load().port == "twin"


@pytest.mark.parametrize("text", ["port = 3\n", 'ports = "x"\n', 'prot = "x"\n', "ports = [1]\n", "port = \n"])
def test_mistakes_are_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=r"config\.toml"):
        Settings.load(file)
