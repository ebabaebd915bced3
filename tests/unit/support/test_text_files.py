"""Files that people write, as editors save them and as accidents make them; every reader of one goes through here."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.carrier.carrier import Carrier
from ohmbench.errors import OhmbenchError
from ohmbench.faults.fault_map import FaultMap
from ohmbench.instruments.supply_file import SupplyFile
from ohmbench.isa import assemble_file
from ohmbench.lab.settings import Settings
from ohmbench.model.array import load_params
from ohmbench.programming.recipe import Recipe
from ohmbench.support.text_files import MAX_BYTES, TextFileError, parse_json, parse_toml, read_text
from ohmbench.sweep.config import SweepConfig

PACKAGE = Path(__file__).resolve().parents[3] / "host/ohmbench"

READERS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "recipe.toml": (Recipe.load, "window_usiemens = 8.0\n"),
    "carrier.toml": (Carrier.load, 'name = "c"\n'),
    "supply.toml": (SupplyFile.load, 'address = "A"\n[[output]]\nchannel = 1\nvolts = 5.0\nlimit_a = 0.5\n'),
    "config.toml": (Settings.load, 'port = "sim"\n'),
    "device.toml": (load_params, "g_low_usiemens = 3.0\n"),
    "sweep.toml": (SweepConfig.load, '[[grid]]\nnetwork = ["digits-64-10"]\n'),
    "program.useq": (assemble_file, "halt 3\n"),
    "faults.json": (
        FaultMap.load,
        '{"format": "ohmbench fault map", "schema": 1, "serial": "", "cells": ["...", "..."]}',
    ),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path, name: str, encoding: str) -> None:
    load, text = READERS[name]
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    if name != "faults.json" or encoding == "utf-8":
        load(path)


DAMAGES: dict[str, bytes] = {
    "no text": b"\xff\xfe\xfd",
    "nested": b"a = " + b"[" * 100_000,
    "many digits": b"a = " + b"9" * 5000,
    "nul": b"a = 1\0",
    "large": b" " * (MAX_BYTES + 1),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_accidents_are_errors_that_name_the_file(tmp_path: Path, name: str, damage: str) -> None:
    path = tmp_path / name
    path.write_bytes(DAMAGES[damage])
    with pytest.raises(OhmbenchError, match=re.escape(name)):
        READERS[name][0](path)


@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_does_not_fill_memory(tmp_path: Path, name: str) -> None:
    fifo, link = tmp_path / f"fifo-{name}", tmp_path / name
    os.mkfifo(fifo)
    link.symlink_to("/dev/zero")
    for path in (link, fifo, tmp_path / f"missing/{name}"):
        if path.parent == tmp_path or name != "config.toml":  # settings need not exist
            with pytest.raises(OhmbenchError):
                READERS[name][0](path)


def test_no_other_module_reads_such_files_itself() -> None:
    own = {"support/text_files.py", "support/rtl.py", "gateware/boards.py"}  # their tables come with the package
    for path in PACKAGE.rglob("*.py"):
        if str(path.relative_to(PACKAGE)) not in own:
            assert "tomllib" not in path.read_text(), path


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_an_error(data: bytes) -> None:
    for parse in (parse_toml, parse_json):
        try:
            parse(data.decode("latin-1"))
        except TextFileError:
            continue


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "1e999"])
def test_json_without_numbers_that_are_none(text: str) -> None:
    with pytest.raises(TextFileError):
        parse_json(text)


def test_a_name_that_no_file_can_have() -> None:
    with pytest.raises(TextFileError, match="no file can have this name"):
        read_text(Path("a\0b"))
    assert codecs.BOM_UTF8
