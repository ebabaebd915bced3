"""Load a bitstream into a board with openFPGALoader, after it was seen that the two belong together."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmbench.carrier.kinds import written
from ohmbench.errors import ArrayState, FlashError
from ohmbench.gateware.bitstream import Bitstream
from ohmbench.gateware.boards import Board, load_board
from ohmbench.progress import Progress
from ohmbench.support.build_id import build_id
from ohmbench.tables import DEFAULT_CARRIER

LOADER = "openFPGALoader"
_INSTALL = "sudo apt install openfpgaloader (Debian, Ubuntu) or brew install openfpgaloader (macOS)"
_DETECT_S, _LOAD_S = 60, 600  # the flash of an 85F takes minutes at the FT231X's pace


@dataclass(frozen=True)
class Flashed:
    """A board with its bitstream. `permanent`: in its flash too, so that it starts with the power."""

    board: Board
    bitstream: Bitstream
    device: str
    permanent: bool

    def summary(self) -> dict[str, Any]:
        return {
            "board": self.board.name,
            "carrier": _carrier_of(self.bitstream),
            "file": str(self.bitstream.path),
            "device": self.device,
            "build_id": None if self.bitstream.build_id is None else f"{self.bitstream.build_id:08x}",
            "bitstream_bytes": self.bitstream.size,
            "permanent": self.permanent,
        }

    def describe(self) -> str:
        s = self.summary()
        where = "flash, and started" if self.permanent else "FPGA, until the power goes"
        return f"{s['file']} (build {s['build_id']}) loaded into the {self.board.title} {s['device']}: {where}"


def default_file(board: Board, kind: str) -> Path:
    """Where `make bitstream` puts it, from the folder that it is called in."""
    return board.build_folder(kind) / f"{board.top}.bit"


def _carrier_of(bitstream: Bitstream) -> str:
    """A bitstream that does not say is of the time when there was one carrier."""
    return bitstream.carrier or DEFAULT_CARRIER


def flash(
    board_name: str, path: Path | None, progress: Progress, *, kind: str = DEFAULT_CARRIER, permanent: bool = False
) -> Flashed:
    """Load a bitstream.

    Args:
        path: the file; None: what `make bitstream` made for this carrier.
        kind: the carrier that the board is plugged into, a folder of fpga/carriers.
        permanent: write the board's flash too.

    Raises:
        UsageError: no such board, or it has no pins for this carrier.
        FlashError: the file is none, or for another board, carrier or FPGA; openFPGALoader is missing, finds no board,
            or fails.
    """
    board = load_board(board_name)
    board.carrier_folder(kind)
    bitstream = Bitstream.load(path or default_file(board, kind))
    device = _check(bitstream, board, kind)
    loader = shutil.which(LOADER)
    if loader is None:
        raise FlashError(f"{LOADER} is not installed, which loads the {board.title}.", f"Install it: {_INSTALL}.")
    _check_connected(loader, bitstream, board)
    if bitstream.build_id != build_id(carrier=kind):
        progress.say("the bitstream was built from other RTL or firmware than this ohmbench has")
    progress.say(f"loading {bitstream.path} into the {board.title}")
    command = [loader, "--board", board.loader, *(["--write-flash"] if permanent else []), str(bitstream.path)]
    done, output = _run(command, _LOAD_S)
    if not done:
        raise FlashError(
            f"{LOADER} failed: {_last_line(output)}.",
            "Try again. If it fails again, look at the cable, the power and the permissions.",
            array=ArrayState.FPGA_MAY_BE_EMPTY,
        )
    return Flashed(board, bitstream, device, permanent)


def _check(bitstream: Bitstream, board: Board, kind: str) -> str:
    """The device that the bitstream is for."""
    if bitstream.board != board.name:
        made = f"for the board {bitstream.board}" if bitstream.board else "by something else than ohmbench"
        raise FlashError(
            f"{bitstream.path} was built {made}, not for {board.name}: its pins could drive the carrier wrongly.",
            f"Build the right one: make bitstream BOARD={board.name}",
        )
    made_for = _carrier_of(bitstream)
    if made_for != kind:
        raise FlashError(
            f"{bitstream.path} was built for the carrier {made_for}, not for {kind}: its pins could drive it wrongly.",
            f"If the board is plugged into the carrier {made_for}, say --carrier-kind "
            f"{written(made_for)}; else build the right one: make bitstream CARRIER={kind}",
        )
    device = board.device_of(bitstream.idcode)
    if device is None:
        known = ", ".join(f"{name} {code:#010x}" for name, code in board.idcodes.items())
        raise FlashError(
            f"{bitstream.path} is for an FPGA with IDCODE {bitstream.idcode:#010x}, which no {board.title} has "
            f"({known}).",
            f"Build for it: make bitstream BOARD={board.name}",
        )
    return device


def _check_connected(loader: str, bitstream: Bitstream, board: Board) -> None:
    done, output = _run([loader, "--board", board.loader, "--detect"], _DETECT_S)
    found = re.search(r"idcode\s+0x([0-9a-f]+)", output, re.IGNORECASE)
    if not done or found is None:
        raise FlashError(
            f"{LOADER} finds no {board.title}: {_last_line(output)}.",
            "Is it plugged in, powered, and may you use it (Linux: udev rules of openFPGALoader)?",
        )
    # older versions leave the revision out, the upper four bits
    idcode, digits = int(found[1], 16), len(found[1])
    mask = 0xFFFF_FFFF if digits == 8 else 0x0FFF_FFFF
    if idcode != bitstream.idcode & mask:
        device = board.device_of(idcode) or f"an FPGA with IDCODE {idcode:#x}"
        raise FlashError(
            f"{bitstream.path} is for an FPGA with IDCODE {bitstream.idcode:#010x}, but the board has {device}.",
            f"Build for it: make bitstream BOARD={board.name} DEVICE={board.device_of(idcode) or '...'}",
        )


def _run(command: list[str], seconds: float) -> tuple[bool, str]:
    """Whether it ended well, and what it said."""
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", timeout=seconds)
    except subprocess.TimeoutExpired:
        return False, f"no answer within {seconds} s"
    except OSError as error:
        return False, f"cannot be started: {error.strerror}"
    return done.returncode == 0, done.stdout + done.stderr


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1].rstrip(".") if lines else "it said nothing"
