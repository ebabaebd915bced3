"""A user without a home: nothing, or a message that says what to set."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.errors import UsageError
from ohmbench.lab.settings import Settings
from ohmbench.network.mnist import mnist_folder
from ohmbench.record.database import default_path
from ohmbench.support.user_folders import cache_folder


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "OHMBENCH_LAB", "OHMBENCH_MNIST"):
        monkeypatch.delenv(name, raising=False)


def test_no_home(homeless: None) -> None:
    assert Settings.load() == Settings()
    with pytest.raises(UsageError, match="Set OHMBENCH_LAB"):
        default_path()
    for folder in (cache_folder, mnist_folder):
        with pytest.raises(UsageError, match="Set HOME, or XDG_CACHE_HOME"):
            folder()


def test_named_folders_need_no_home(homeless: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("OHMBENCH_LAB", str(tmp_path))
    assert cache_folder() == tmp_path / "ohmbench"
    assert default_path() == tmp_path / "record.sqlite"
