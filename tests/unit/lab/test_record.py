"""A record that may only be read can be read, with what its journal holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ohmbench.errors import StoreError
from ohmbench.lab.record import record_to_read
from ohmbench.record.store import Store
from ohmbench.support.sqlite_file import SqliteFile


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In a folder that may not be written, as far as asking says: root may write everywhere."""
    monkeypatch.setattr(SqliteFile, "may_be_written", lambda path: False)
    return tmp_path / "record.sqlite"


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_closed(record: Path) -> None:
    with Store.open(record) as store:
        store.array("A", "1T1R", 2, 2)
    before = files(record.parent)
    with record_to_read(record) as store:
        assert [array.serial for array in store.arrays()] == ["A"]
        with pytest.raises(StoreError, match="Cannot read or write"):
            store.array("B", "1T1R", 2, 2)
    assert files(record.parent) == before


def test_with_a_journal(record: Path, tmp_path: Path) -> None:
    """As a copy of a running lab's folder has it."""
    copy = tmp_path / "copy"
    copy.mkdir()
    with Store.open(record) as store:
        store.array("A", "1T1R", 2, 2)
        for name in ("record.sqlite", "record.sqlite-wal"):
            shutil.copy(record.parent / name, copy)
    before = files(copy)
    with record_to_read(copy / "record.sqlite") as store:
        assert [array.serial for array in store.arrays()] == ["A"]
    assert files(copy) == before


def test_no_record(record: Path) -> None:
    record.write_bytes(b"no record, but some other file" * 100)
    with pytest.raises(StoreError, match="not a record"), record_to_read(record):
        pass
