"""The programs that are shipped, and what is generated from the tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ohmbench.isa import assemble, disassemble, listing, load_firmware
from ohmbench.support.resources import resource_root

REPO = Path(__file__).resolve().parents[3]
PROGRAMS = sorted(path.stem for path in (REPO / "firmware").glob("*.useq"))


def test_there_is_firmware() -> None:
    assert resource_root() == REPO
    assert "program" in PROGRAMS


@pytest.mark.parametrize("name", PROGRAMS)
def test_listing_is_current(name: str) -> None:
    stored = REPO / f"firmware/{name}.lst"
    assert stored.exists(), "run: make listings"
    assert stored.read_text() == listing(load_firmware(name)), "run: make listings"


def test_firmware_is_assembled_once_a_process() -> None:
    assert load_firmware("program") is load_firmware("program")


@pytest.mark.parametrize("name", PROGRAMS)
def test_disassembly_gives_the_same_words(name: str) -> None:
    words = load_firmware(name).words
    assert assemble(disassemble(words)).words == words


def test_no_listing_without_its_program() -> None:
    assert {path.stem for path in (REPO / "firmware").glob("*.lst")} == set(PROGRAMS)


def test_generated_files_are_current() -> None:
    check = [sys.executable, str(REPO / "fpga/tables/generate.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}run: python fpga/tables/generate.py"
