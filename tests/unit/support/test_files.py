"""Outputs: whole or not at all, where a link points, and never in place of another kind of file."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from ohmbench.errors import UsageError
from ohmbench.link.trace import Trace
from ohmbench.model.array import ArrayModel
from ohmbench.support.files import check_writable, replace_file, write_result


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    file, link = tmp_path / "shared/n.ohmw", tmp_path / "n.ohmw"
    file.parent.mkdir()
    file.write_text("old")
    link.symlink_to("shared/n.ohmw")
    replace_file(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"


def test_permissions_stay_and_new_files_have_the_usual_ones(tmp_path: Path) -> None:
    file, new = tmp_path / "old", tmp_path / "new"
    file.write_text("old")
    file.chmod(0o664)
    for path in (file, new):
        replace_file(path, b"new")
    mask = os.umask(0o22)
    os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o664
    assert stat.S_IMODE(new.stat().st_mode) == 0o666 & ~mask


def test_a_link_that_waits_at_the_old_name_of_the_part_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / f"out.{os.getpid()}.part").symlink_to(victim)
    replace_file(tmp_path / "out", b"new")
    assert victim.read_text() == "mine"
    assert not (tmp_path / "out").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", f"out.{os.getpid()}.part", "victim"]


@pytest.fixture(params=["record", "array", "archive", "hdf5"])
def precious(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    if request.param == "record":
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE wear(a)")
        connection.close()
    elif request.param == "array":
        ArrayModel.open(path, {}, None).close()
    else:
        path.write_bytes({"archive": b"PK\x03\x04", "hdf5": b"\x89HDF\r\n"}[request.param])
    return path


def test_another_kind_of_file_is_never_replaced(precious: Path) -> None:
    before = precious.read_bytes()
    for act in (lambda: check_writable(precious), lambda: write_result(precious, b"<html>"), lambda: Trace(precious)):
        with pytest.raises(UsageError, match="which would be lost"):
            act()
    link = precious.with_name("report.html")
    link.symlink_to(precious)
    with pytest.raises(UsageError, match="which would be lost"):
        write_result(link, b"<html>")
    assert precious.read_bytes() == before


def test_its_like_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "net.ohmw"
    for data in (b"PK\x03\x04 one", b"PK\x03\x04 two"):
        check_writable(path)
        write_result(path, data)
    assert path.read_bytes() == b"PK\x03\x04 two"
