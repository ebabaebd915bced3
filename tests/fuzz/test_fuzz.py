"""What broke a reader once, and some seconds of spoiled inputs; `make fuzz` has more."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pytest
from tests.fuzz.readers import READERS, seeds
from tests.fuzz.run import run
from tests.fuzz.worker import outcome

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*/*.gz"))


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_broke_a_reader_once(path: Path, tmp_path: Path) -> None:
    reader = path.parent.name
    file = tmp_path / f"input{READERS[reader].suffix}"
    file.write_bytes(gzip.decompress(path.read_bytes()))
    assert outcome(reader, file) in ("read", "refused")


@pytest.mark.parametrize("reader", READERS)
def test_good_inputs_are_read(reader: str, tmp_path: Path) -> None:
    """Otherwise all that is spoiled stops at the first check."""
    for data in seeds(reader, tmp_path):
        file = tmp_path / f"good{READERS[reader].suffix}"
        file.write_bytes(data)
        assert outcome(reader, file) == "read"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="bounds memory by /proc and setrlimit")
@pytest.mark.parametrize("reader", READERS)
def test_spoiled_inputs_give_a_result_or_an_error(reader: str, tmp_path: Path) -> None:
    """The same inputs each time, as many as there is time for."""
    found = run(reader, 0.3, 1, tmp_path)
    assert found["crashes"] == {}
    assert found["inputs"] > 0
