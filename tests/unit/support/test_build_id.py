"""The build id: what it depends on, and that every rung and every record has it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ohmbench.bench.twin import TwinBench
from ohmbench.cli import main
from ohmbench.model.array import ArrayModel
from ohmbench.record.database import FILE_NAME
from ohmbench.record.store import Store
from ohmbench.support.build_id import build_id
from ohmbench.support.rtl import default_carrier

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for folder in ("fpga/rtl", "fpga/carriers", "firmware"):
        shutil.copytree(REPO / folder, tmp_path / folder)
    return tmp_path


def id_of(root: Path) -> int:
    build_id.cache_clear()
    return build_id(root)


def test_depends_on_rtl_and_firmware_alone(sources: Path) -> None:
    before = id_of(sources)
    assert before == build_id(REPO) != 0
    (sources / "fpga/rtl/notes.txt").write_text("not RTL")
    (sources / "firmware/read.lst").write_text("a listing")
    assert id_of(sources) == before
    ids = {before}
    driver = f"fpga/carriers/{default_carrier(REPO)}/ohm_carrier.sv"
    for name in ("fpga/rtl/ohm_guard.sv", "fpga/rtl/ohm_assert.svh", driver, "firmware/read.useq"):
        path = sources / name
        path.write_text(path.read_text() + "\n")
        ids.add(id_of(sources))
    (sources / "fpga/rtl/ohm_guard.sv").rename(sources / "fpga/rtl/ohm_guard_2.sv")
    ids.add(id_of(sources))
    assert len(ids) == 6


def test_line_ends_do_not_count(sources: Path) -> None:
    before = id_of(sources)
    for path in (sources / "fpga/rtl").glob("*.sv"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert id_of(sources) == before


def test_the_twin_has_it() -> None:
    assert TwinBench(ArrayModel({}, 1)).info.build_id == build_id()


def test_every_recorded_run_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OHMBENCH_LAB", str(tmp_path))
    image = tmp_path / "digits.ohmw"
    assert main(["map", "--hidden", "2", "-o", str(image)]) == 0
    array = ["--port", "twin", "--array", str(tmp_path / "chip.ohma"), "--quiet"]
    for command in (["form"], ["characterise"], ["program", str(image), "--only", "0"], ["verify", str(image)]):
        assert main([*command, *array]) == 0
    with Store.open(tmp_path / FILE_NAME) as store:
        runs = store.runs("chip")
    assert {run.kind for run in runs} >= {"form", "characterise", "program", "verify"}
    assert {run.provenance.get("build_id") for run in runs} == {f"{build_id():08x}"}
