"""The boards: their pins against the carrier's connector, the tops and the files that others build from."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ohmbench.errors import UsageError
from ohmbench.gateware.boards import board_names, load_board
from ohmbench.support.rtl import carrier_names, default_carrier, rtl_files, rtl_headers
from ohmbench.support.scripts import load_script

REPO = Path(__file__).resolve().parents[3]
CARRIERS = {
    name: tomllib.loads((REPO / "fpga/carriers" / name / "carrier.toml").read_text()) for name in carrier_names(REPO)
}
CARRIER = CARRIERS[default_carrier(REPO)]
EACH = pytest.mark.parametrize(("board", "carrier"), [(b, c) for b in board_names() for c in CARRIERS])
NOT_ON_THE_CARRIER = {"clk_i", "rst_ni", "build_id_i", "uart_rx_i", "uart_tx_o", "running_o", "armed_o", "fault_o"}


def ports(path: Path) -> dict[str, int]:
    """Width of each port of a module whose ports have a line each."""
    text = path.read_text()
    head = text[: text.index(");\n")]
    head = head.replace("ohm_carrier_pkg::Columns-1", str(CARRIER["columns"] - 1))
    found = re.findall(r"^ +(?:input|output) +logic *(?:\[ *(\d+):0\])? *(\w+)", head, re.MULTILINE)
    return {name: int(top or 0) + 1 for top, name in found}


def table(board: str) -> dict[str, Any]:
    return tomllib.loads((load_board(board).folder / "board.toml").read_text())


def located(board: str, carrier: str) -> dict[str, str]:
    """Site of each pin in the constraints."""
    pairs = re.findall(r'^LOCATE COMP "(\S+)" SITE "(\w+)";$', constraints(board, carrier), re.MULTILINE)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def constraints(board: str, carrier: str) -> str:
    return (load_board(board).carrier_folder(carrier) / f"{load_board(board).top}.lpf").read_text()


def bits(name: str, width: int) -> list[str]:
    return [name] if width == 1 else [f"{name}[{i}]" for i in range(width)]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_the_connector_has_every_signal_of_the_carrier(carrier: str) -> None:
    top = ports(REPO / "fpga/carriers" / carrier / "ohm_top.sv")
    signals = {name: width for name, width in top.items() if name not in NOT_ON_THE_CARRIER}
    assert {name: len(pins) for name, pins in CARRIERS[carrier]["connector"].items()} == signals
    pins = [pin for pins in CARRIERS[carrier]["connector"].values() for pin in pins]
    assert len(set(pins)) == len(pins) <= 56


@EACH
def test_the_constraints_bring_each_signal_to_its_pin(board: str, carrier: str) -> None:
    sites = located(board, carrier)
    connector = table(board)["connector"]
    for signal, pins in CARRIERS[carrier]["connector"].items():
        for bit, pin in zip(bits(signal, len(pins)), pins, strict=True):
            assert sites[bit] == connector[pin]


@EACH
def test_every_port_of_the_top_is_located_once(board: str, carrier: str) -> None:
    top = load_board(board).carrier_folder(carrier) / f"{load_board(board).top}.sv"
    expected = {bit for name, width in ports(top).items() for bit in bits(name, width)}
    sites = located(board, carrier)
    assert set(sites) == expected
    assert len(set(sites.values())) == len(sites)


@EACH
def test_an_input_that_leads_nowhere_means_tripped(board: str, carrier: str) -> None:
    assert 'IOBUF PORT "overcurrent_ni" IO_TYPE=LVCMOS33 PULLMODE=DOWN;' in constraints(board, carrier)


def test_the_x1s_page_has_the_pins_of_the_constraints() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\w+) \| (\w+) \|$", (REPO / "docs/x1.md").read_text(), re.MULTILINE)
    connector, sites = CARRIERS["x1_scan"]["connector"], located("ulx3s", "x1_scan")
    assert {signal: [place] for signal, place, _ in rows} == connector
    assert {signal: site for signal, _, site in rows} == {signal: sites[signal] for signal in connector}


def test_a_carrier_that_a_board_has_no_pins_for() -> None:
    with pytest.raises(UsageError, match=r"no pins for a carrier 'x2'. Carriers: reference, x1_scan"):
        load_board("ulx3s").carrier_folder("x2")


def test_a_wrong_table_is_refused() -> None:
    pins = load_script(REPO / "fpga/tables/board_pins.py")
    board = table("ulx3s")
    board["connector"]["p1"] = board["connector"]["p0"]
    with pytest.raises(SystemExit, match="site B11 is both"):
        list(pins.pins(board, CARRIER))
    del board["connector"]["p1"]
    with pytest.raises(SystemExit, match="no pin p1"):
        list(pins.pins(board, CARRIER))


def test_unknown_board() -> None:
    with pytest.raises(UsageError, match=r"no board 'ulx4s' \(did you mean 'ulx3s'\?\)\. Boards: .*ulx3s"):
        load_board("ulx4s")


CORE = (REPO / "ohmbench.core").read_text()


def listed(pattern: str) -> list[str]:
    return re.findall(rf"^ +- ({pattern})(?::.*)?$", CORE, re.MULTILINE)


def test_the_core_file_lists_the_rtl() -> None:
    rtl = listed(r"fpga/(?:rtl|carriers)/\S+?")
    there = [*rtl_files(REPO), *rtl_headers(REPO)]
    assert sorted(rtl) == sorted(str(path.relative_to(REPO)) for path in there)
    packages = [Path(name).stem.endswith("_pkg") for name in rtl if name.endswith(".sv")]
    assert packages == sorted(packages, reverse=True), "packages first"


@pytest.mark.parametrize("board", board_names())
def test_the_core_file_lists_the_boards(board: str) -> None:
    folders = load_board(board).folder, load_board(board).carrier_folder(default_carrier(REPO))
    assert sorted(listed(rf"fpga/boards/ecp5/{board}/\S+?")) == sorted(
        str(path.relative_to(REPO)) for folder in folders for path in folder.iterdir() if path.suffix in (".sv", ".lpf")
    )


def no_tools(find: Callable[[Sequence[str]], list[str]], tools: Sequence[str]) -> list[str]:
    assert tools
    return find(["no-such-tool"])


def test_build_refuses_what_it_does_not_know(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build = load_script(REPO / "fpga/boards/build.py")
    assert build.main(["ulx4s"]) == 2
    assert "no board 'ulx4s'" in capsys.readouterr().err
    assert build.main(["ulx3s", "--device", "5F"]) == 2
    assert "No ULX3S has an FPGA '5F'" in capsys.readouterr().err
    monkeypatch.setattr(build, "find_tools", partial(no_tools, build.find_tools))
    assert build.main(["ulx3s"]) == 8
    assert "Not installed: no-such-tool; nothing was built. pip install 'ohmbench[fpga]'" in capsys.readouterr().err


def test_build_fails_below_the_carriers_clock() -> None:
    build = load_script(REPO / "fpga/boards/build.py")
    rates = {"slow": (30.0, 12.0), "clk": (47.9, 48.0)}
    with pytest.raises(build.BuildError, match=r"clk reaches 47\.9 MHz of 48\.0 MHz.*no bitstream"):
        build.check_timing(rates, 48_000_000)
    rates["clk"] = (48.1, 48.0)
    assert build.check_timing(rates, 48_000_000) == 48.1
    with pytest.raises(build.BuildError, match="no clock"):
        build.check_timing({}, 48_000_000)


def test_look_up_tables_are_counted_from_the_log() -> None:
    family = load_script(REPO / "fpga/boards/ecp5/family.py")
    log = (
        "Info:     Total LUT4s:      7832/24288    32%\nInfo:         logic LUTs:   5886/24288    24%\n"
        "Info:         carry LUTs:   1664/24288     6%\nInfo:           RAM LUTs:    188/ 3036     6%\n"
        "Info:          RAMW LUTs:     94/ 6072     1%\n"
    )
    assert family.look_up_tables(log) == {"logic LUTs": 5886, "carry LUTs": 1664, "RAM LUTs": 188, "RAMW LUTs": 94}
    with pytest.raises(ValueError, match="another version"):
        family.look_up_tables("Info: done")


def test_a_tool_that_fails_is_quoted(tmp_path: Path) -> None:
    build = load_script(REPO / "fpga/boards/build.py")
    script = "import sys; print('Info: fine'); print('ERROR: no such thing', file=sys.stderr); sys.exit(3)"
    with pytest.raises(build.BuildError, match="synthesis failed; there is no new bitstream.\n  ERROR: no such thing"):
        build.run(tmp_path, "synthesis", [sys.executable, "-c", script])
