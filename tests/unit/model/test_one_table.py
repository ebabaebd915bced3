"""A table that was changed, and not all that is made from it: said, instead of run on a mixture."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ohmbench import tables
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.errors import BuildError, DataError
from ohmbench.model import one_table
from ohmbench.model.array import ArrayModel
from ohmbench.model.simulator import Simulator, build
from ohmbench.support.rtl import _table
from ohmbench.support.table_digest import table_digest

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    one_table.require_one_table.cache_clear()
    yield
    one_table.require_one_table.cache_clear()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another root with the same tables, which the package takes for its own."""
    for folder in ("fpga/tables", "fpga/carriers"):
        shutil.copytree(REPO / folder, tmp_path / folder)
    monkeypatch.setattr(one_table, "resource_root", lambda: tmp_path)
    _table.cache_clear()
    return tmp_path


def change(root: Path, old: str, new: str) -> None:
    table = root / "fpga/carriers/reference/carrier.toml"
    text = table.read_text()
    assert text.count(old) == 1
    table.write_text(text.replace(old, new))


def test_all_are_of_one_table(copy: Path) -> None:
    assert table_digest(REPO) == table_digest(copy) == tables.TABLE_DIGEST
    ArrayModel()


def test_comments_and_order_do_not_count(copy: Path) -> None:
    change(copy, "[tia]\n", "# of ours\n[tia]\nsettle_ns = 500\n")
    change(copy, "settle_ns = 500     # to", "# to")
    ArrayModel()


@pytest.mark.parametrize("port", ["twin", "sim"])
def test_a_changed_table_is_noticed(copy: Path, port: str) -> None:
    change(copy, "ohm = 2400.0 ", "ohm = 1200.0 ")
    with (
        pytest.raises(BuildError, match="was changed after .* not agree.*generate.py.*pip install -e"),
        open_bench(port),
    ):
        pass


def test_so_is_a_parts_figure(copy: Path) -> None:
    part = copy / "fpga/carriers/reference/parts/ad5686r.toml"
    part.write_text(part.read_text().replace("settle_ns = 8", "settle_ns = 9"))
    with pytest.raises(BuildError, match="was changed after"):
        ArrayModel()


def test_a_damaged_table_is_said_to_be(copy: Path) -> None:
    (copy / "fpga/tables/isa.toml").write_text("[")
    with pytest.raises(BuildError, match="cannot be read"):
        ArrayModel()


def test_an_extension_of_other_tables_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    other = tables.TABLE_DIGEST ^ 1
    monkeypatch.setattr(one_table, "TABLE_DIGEST", other)
    monkeypatch.setattr(one_table, "table_digest", lambda root: other)
    with pytest.raises(BuildError, match="compiled from other tables.*pip install"):
        ArrayModel()


def test_a_simulator_of_other_tables_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    executable = build()
    monkeypatch.setattr("ohmbench.model.simulator.TABLE_DIGEST", tables.TABLE_DIGEST ^ 1)
    with pytest.raises(DataError, match="built from other tables"), Simulator(executable=executable):
        pass


def test_an_array_in_a_file_keeps_its_amplifier_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "die.ohma"
    SimulatedArray({"tia_ohm": 1200.0}, file=file).open().close()
    assert not caplog.records
    opened = ArrayModel.open(file)
    assert opened.params["tia_ohm"] == 1200.0
    opened.close()
    assert "tia_ohm 1200, not 2400" in caplog.text
    caplog.clear()
    ArrayModel.open(file, {"tia_ohm": 1200.0}).close()
    assert not caplog.records
