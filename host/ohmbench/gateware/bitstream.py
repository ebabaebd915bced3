"""What a bitstream says of itself: what it was built for and from, and which FPGA takes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ohmbench.errors import FlashError
from ohmbench.gateware import ecp5

BOARD_COMMENT = "ohmbench board: "
CARRIER_COMMENT = "ohmbench carrier: "
BUILD_COMMENT = "ohmbench build: "

FAMILIES = {"ecp5": ecp5.read_head}
"""How a bitstream of each folder of fpga/boards is read."""


@dataclass(frozen=True)
class Bitstream:
    """A bitstream's file.

    Attributes:
        idcode: JTAG IDCODE of the only FPGA that takes it.
        board, carrier, build_id: what it was built for and from; None if it does not say.
    """

    path: Path
    size: int
    idcode: int
    board: str | None
    carrier: str | None
    build_id: int | None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the head of a file.

        Raises:
            FlashError: it cannot be read, or is no bitstream of a family that ohmbench knows.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise FlashError(f"Cannot read {path}: {error.strerror}.", "`make bitstream` builds one.") from error
        found = next(filter(None, (read_head(data) for read_head in FAMILIES.values())), None)
        if found is None:
            known = " or ".join(name.upper() for name in FAMILIES)
            raise FlashError(f"{path} is not a bitstream of an {known}.", "`make bitstream` builds one.")
        comments, idcode = found
        build = _after(BUILD_COMMENT, comments)
        try:
            build_id = None if build is None else int(build, 16)
        except ValueError:
            build_id = None
        board, carrier = _after(BOARD_COMMENT, comments), _after(CARRIER_COMMENT, comments)
        return cls(path, len(data), idcode, board, carrier, build_id)


def _after(prefix: str, comments: list[str]) -> str | None:
    return next((text.removeprefix(prefix) for text in comments if text.startswith(prefix)), None)
