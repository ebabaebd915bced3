"""Which carriers there are, what belongs to each, and that another one can stand beside the first."""

from __future__ import annotations

import copy
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from ohmbench.errors import UsageError
from ohmbench.support.rtl import (
    carrier_names,
    default_carrier,
    other_models,
    rtl_files,
    rtl_folders,
    rtl_headers,
)
from ohmbench.support.scripts import load_script

REPO = Path(__file__).resolve().parents[3]
CARRIERS = REPO / "fpga/carriers"


def test_every_folder_is_listed() -> None:
    assert sorted(carrier_names(REPO)) == sorted(path.parent.name for path in CARRIERS.glob("*/carrier.toml"))
    assert default_carrier(REPO) in carrier_names(REPO)


@pytest.mark.parametrize("name", carrier_names(REPO))
def test_a_carrier_has_what_its_table_names(name: str) -> None:
    entry = tomllib.loads((CARRIERS / "carriers.toml").read_text())["carrier"][name]
    assert [path for path in entry["models"] if not (REPO / path).is_file()] == []
    names = [path.stem for path in rtl_files(REPO, name)]
    assert {"ohm_carrier", "ohm_carrier_pkg", "ohm_guard"} <= set(names)
    assert len(names) == len(set(names)), "two modules of one name"


def test_what_all_share_names_no_part() -> None:
    parts = {path.stem.partition("_")[0] for path in CARRIERS.glob("*/parts/*.toml")}
    assert parts
    for path in [*(REPO / "fpga/rtl").glob("*.sv"), *rtl_headers(REPO)]:
        assert re.findall("|".join(parts), path.read_text(), re.IGNORECASE) == [], path


def test_another_carrier_stands_beside_the_first(tmp_path: Path) -> None:
    for folder in ("fpga/rtl", "fpga/carriers"):
        shutil.copytree(REPO / folder, tmp_path / folder)
    carriers = tmp_path / "fpga/carriers"
    shutil.copytree(carriers / "reference", carriers / "second")
    (carriers / "second/ohm_extra.sv").touch()
    (carriers / "carriers.toml").write_text(
        'default = "reference"\n'
        '[carrier.reference]\nmodels = ["sim/carrier_board.sv", "sim/chips/ad5686r.sv"]\n'
        '[carrier.second]\nmodels = ["sim/second_board.sv", "sim/chips/ad5686r.sv"]\n'
    )

    assert carrier_names(tmp_path) == ["reference", "second"]
    assert rtl_files(tmp_path) == rtl_files(tmp_path, "reference")
    assert rtl_folders(tmp_path, "second") == [tmp_path / "fpga/rtl", carriers / "second"]
    first, second = ({path.name for path in rtl_files(tmp_path, name)} for name in carrier_names(tmp_path))
    assert second - first == {"ohm_extra.sv"}
    assert first - second == set()
    assert other_models(tmp_path) == {tmp_path / "sim/second_board.sv"}
    assert tmp_path / "sim/carrier_board.sv" in other_models(tmp_path, "second")
    assert tmp_path / "sim/chips/ad5686r.sv" not in other_models(tmp_path, "second")


def test_an_unknown_carrier_is_refused() -> None:
    with pytest.raises(UsageError, match=f"no carrier 'nowhere'. Carriers: {', '.join(carrier_names(REPO))}"):
        rtl_folders(REPO, "nowhere")


@pytest.mark.parametrize(
    ("kind", "numbers", "message"),
    [
        ("bus", {"bl_read": 7, "sl_inhibit": 0, "bl_set": 6}, None),
        ("bus", {"bl_read": 20}, "switches of bus bl are on more than one chip"),
        ("bus", {"wl_set": 21}, "switches of bus wl are on more than one chip"),
        ("bus", {"sl_reset": 22}, "switches of bus sl are on more than one chip"),
        ("bus", {"wl_set": 0}, "names a switch twice"),
        ("row", {"bus": 1, "ground": 0}, None),
        ("row", {"bus": 2}, "one that is not there"),
        ("column", {"stride": 5}, "a stride divides 8"),
    ],
)
def test_wiring_that_cannot_be_kept_apart_is_refused(kind: str, numbers: dict[str, int], message: str | None) -> None:
    source = load_script(REPO / "fpga/tables/source.py")
    _, carriers = source.carriers()
    carrier = copy.deepcopy(carriers["reference"])
    carrier["wiring"][kind] |= numbers
    if message is None:
        source.check_switches(carrier)
        return
    with pytest.raises(SystemExit, match=message):
        source.check_switches(carrier)
