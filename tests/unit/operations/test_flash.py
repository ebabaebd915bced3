"""Loading a bitstream: what is refused before the loader runs, and what the loader is asked."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.cli import main
from ohmbench.errors import FlashError
from ohmbench.gateware.bitstream import BOARD_COMMENT, BUILD_COMMENT, CARRIER_COMMENT, Bitstream
from ohmbench.gateware.boards import load_board
from ohmbench.support.build_id import build_id

IDCODES = load_board("ulx3s").idcodes

# what openFPGALoader 0.10 and later print, and older ones, which leave the revision out
FOUND = "index 0:\n\tidcode 0x41113043\n\tmanufacturer lattice\n\tfamily ECP5\n\tmodel  LFE5U-85\n\tirlength 8\n"
FOUND_OLD = FOUND.replace("0x41113043", "0x1113043")


def bitstream(
    idcode: int = IDCODES["85F"],
    board: str | None = "ulx3s",
    build: str = f"{build_id():08x}",
    carrier: str | None = None,
) -> bytes:
    comments = ["Part: LFE5U-85F-6CABGA381", f"{BUILD_COMMENT}{build}"]
    comments += [] if carrier is None else [f"{CARRIER_COMMENT}{carrier}"]
    comments += [] if board is None else [f"{BOARD_COMMENT}{board}"]
    head = b"\xff\x00" + b"".join(text.encode() + b"\x00" for text in comments) + b"\xff"
    reset_crc = b"\x3b\x00\x00\x00"
    return head + b"\xff\xff\xbd\xb3\xff\xff\xff\xff" + reset_crc + b"\xe2\x00\x00\x00" + idcode.to_bytes(4) + bytes(64)


@pytest.fixture
def loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that stands in for openFPGALoader; returns the file of its calls."""
    return install(tmp_path, monkeypatch, FOUND)


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: str, *, load: str = "exit 0") -> Path:
    calls = tmp_path / "calls"
    script = tmp_path / "bin/openFPGALoader"
    script.parent.mkdir(exist_ok=True)
    script.write_text(
        f'#!/bin/sh\necho "$@" >> {calls}\ncase "$*" in *--detect) printf "{found}"; exit 0;; esac\n{load}\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return calls


def run(tmp_path: Path, data: bytes, *options: str) -> int:
    (tmp_path / "x.bit").write_bytes(data)
    return main(["flash", str(tmp_path / "x.bit"), *options])


def test_loads(tmp_path: Path, loader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, bitstream(), "--json") == 0
    assert loader.read_text().splitlines() == ["--board ulx3s --detect", f"--board ulx3s {tmp_path / 'x.bit'}"]
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert (result["board"], result["device"], result["permanent"]) == ("ulx3s", "85F", False)
    assert result["build_id"] == f"{build_id():08x}"
    assert "other RTL" not in err


def test_permanent(tmp_path: Path, loader: Path) -> None:
    assert run(tmp_path, bitstream(), "--permanent") == 0
    assert loader.read_text().splitlines()[1] == f"--board ulx3s --write-flash {tmp_path / 'x.bit'}"


def test_takes_what_make_bitstream_made(
    tmp_path: Path, loader: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["flash"]) == 15
    assert "make bitstream" in capsys.readouterr().err
    assert not loader.exists()
    (tmp_path / "build/ulx3s").mkdir(parents=True)
    (tmp_path / "build/ulx3s/ohm_ulx3s.bit").write_bytes(bitstream())
    assert main(["flash"]) == 0


def test_another_carrier_has_its_own_file(
    tmp_path: Path, loader: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build/ulx3s-x1_scan").mkdir(parents=True)
    data = bitstream(carrier="x1_scan", build=f"{build_id(carrier='x1_scan'):08x}")
    (tmp_path / "build/ulx3s-x1_scan/ohm_ulx3s.bit").write_bytes(data)
    assert main(["flash", "--carrier-kind", "x1-scan", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["carrier"] == "x1_scan"
    assert "other RTL" not in err
    assert main(["flash", "--carrier-kind", "x2"]) == 2
    assert "no pins for a carrier 'x2'. Nothing was sent to the array. Carriers: " in capsys.readouterr().err


def test_the_bitstream_of_another_carrier_is_refused(
    tmp_path: Path, loader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, bitstream(carrier="x1_scan")) == 15
    assert "built for the carrier x1_scan, not for reference" in capsys.readouterr().err
    assert run(tmp_path, bitstream(), "--carrier-kind", "x1-scan") == 15
    assert "built for the carrier reference, not for x1_scan" in capsys.readouterr().err
    assert not loader.exists()


def test_says_that_the_bitstream_is_of_other_sources(
    tmp_path: Path, loader: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, bitstream(build="00000001")) == 0
    assert "built from other RTL or firmware" in capsys.readouterr().err


def test_an_older_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, FOUND_OLD)
    assert run(tmp_path, bitstream()) == 0


REFUSED = {
    "another board": (bitstream(board="orangecrab"), "for the board orangecrab, not for ulx3s"),
    "not ours": (bitstream(board=None), "by something else than ohmbench"),
    "another FPGA": (bitstream(0x01111043), "IDCODE 0x01111043, which no ULX3S has"),
    "no bitstream": (b"\x7fELF" + bytes(5000), "is not a bitstream of an ECP5"),
    "empty": (b"", "is not a bitstream of an ECP5"),
    "cut short": (bitstream()[:80], "is not a bitstream of an ECP5"),
}


@pytest.mark.parametrize(("data", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_before_the_loader_runs(
    tmp_path: Path, loader: Path, capsys: pytest.CaptureFixture[str], data: bytes, message: str
) -> None:
    assert run(tmp_path, data) == 15
    error = capsys.readouterr().err
    assert message in error
    assert "board was not touched" in error
    assert not loader.exists()


def test_another_size_of_the_same_board(tmp_path: Path, loader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, bitstream(IDCODES["25F"])) == 15
    error = capsys.readouterr().err
    assert "the board has 85F" in error
    assert "make bitstream BOARD=ulx3s DEVICE=85F" in error
    assert loader.read_text().splitlines() == ["--board ulx3s --detect"]


def test_no_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    calls = install(tmp_path, monkeypatch, "unable to open ftdi device: -3 (device not found)\n")
    assert run(tmp_path, bitstream()) == 15
    assert "finds no ULX3S: unable to open ftdi device" in capsys.readouterr().err
    assert len(calls.read_text().splitlines()) == 1


def test_loading_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(tmp_path, monkeypatch, FOUND, load="echo 'Loading: FAIL' >&2; exit 1")
    assert run(tmp_path, bitstream()) == 15
    error = capsys.readouterr().err
    assert "openFPGALoader failed: Loading: FAIL" in error
    assert "hold the array off" in error


def test_no_loader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(tmp_path, bitstream()) == 15
    assert "sudo apt install openfpgaloader" in capsys.readouterr().err


def test_no_such_board(tmp_path: Path, loader: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, bitstream(), "--board", "ulx4s") == 2
    assert (
        "no board 'ulx4s' (did you mean 'ulx3s'?). Nothing was sent to the array. Boards: " in capsys.readouterr().err
    )


@given(data=st.binary(max_size=200), cut=st.integers(0, 150))
def test_no_bytes_end_in_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: bytes, cut: int) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bit"
    path.write_bytes(bitstream()[:cut] + data)
    with contextlib.suppress(FlashError):
        Bitstream.load(path)
