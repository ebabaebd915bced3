"""FPGA boards that ohmbench has constraints for: a folder each below that of its family in fpga/boards."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ohmbench.errors import UsageError
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.resources import resource_root
from ohmbench.tables import DEFAULT_CARRIER


@dataclass(frozen=True)
class Board:
    """What building and loading need to know of a board; its pins stand in the same table.

    Attributes:
        name: of its folder, which stands in that of its family.
        top: its top module, one for each carrier in a folder with the carrier's name; the constraints have its name and
            stand beside it.
        loader: the name that openFPGALoader knows it by.
        default_device: which of `idcodes` to build for.
        idcodes: JTAG IDCODE of each size of FPGA that the board is sold with.
    """

    name: str
    folder: Path
    title: str
    top: str
    package: str
    speed_grade: int
    loader: str
    default_device: str
    idcodes: Mapping[str, int]

    def carrier_folder(self, carrier: str) -> Path:
        """Where its top and constraints for a carrier are.

        Raises:
            UsageError: there are none.
        """
        known = sorted(path.parent.name for path in self.folder.glob(f"*/{self.top}.sv"))
        if carrier not in known:
            raise UsageError(
                f"The {self.title} has no pins for a carrier {carrier!r}.",
                f"Carriers: {', '.join(known)}. docs/fpga.md says how to add pins.",
            )
        return self.folder / carrier

    def build_folder(self, carrier: str) -> Path:
        """Where `make bitstream` puts its files, from the folder that it is called in."""
        return Path("build") / (self.name if carrier == DEFAULT_CARRIER else f"{self.name}-{carrier}")

    def device_of(self, idcode: int) -> str | None:
        """The size of FPGA with this IDCODE, if the board is sold with it."""
        return next((device for device, known in self.idcodes.items() if known == idcode), None)


def board_names() -> list[str]:
    """All boards that there are."""
    return sorted(path.parent.name for path in (resource_root() / "fpga/boards").glob("*/*/board.toml"))


def load_board(name: str) -> Board:
    """The board of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in board_names():
        raise UsageError(
            f"There is no board {name!r}{did_you_mean(name, board_names())}.",
            f"Boards: {', '.join(board_names())}. docs/fpga.md says how to add one.",
        )
    (folder,) = (path.parent for path in (resource_root() / "fpga/boards").glob(f"*/{name}/board.toml"))
    table = tomllib.loads((folder / "board.toml").read_text(encoding="utf-8"))
    fields = ("title", "top", "package", "speed_grade", "loader", "default_device", "idcodes")
    return Board(name, folder, **{field: table[field] for field in fields})
