"""What an ECP5 bitstream says of itself: the comments in its head, and the IDCODE that it asks the FPGA for.

Layout as Project Trellis writes it (libtrellis/src/Bitstream.cpp): ff 00, comments that end in 00, ff; then a preamble
ff ff bd b3 and commands of four bytes, among them VERIFY_ID (e2), after which the IDCODE stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ohmbench.errors import FlashError

BOARD_COMMENT = "ohmbench board: "
BUILD_COMMENT = "ohmbench build: "

_HEAD = b"\xff\x00"
_PREAMBLE = b"\xff\xff\xbd\xb3"
_VERIFY_ID = b"\xe2\x00\x00\x00"
_LONGEST_HEAD = 4096  # bytes of comments and of the commands before the IDCODE: some hundred


@dataclass(frozen=True)
class Bitstream:
    """A bitstream's file.

    Attributes:
        idcode: JTAG IDCODE of the only FPGA that takes it.
        board, build_id: what it was built for and from; None if it was not built by ohmbench.
    """

    path: Path
    size: int
    idcode: int
    board: str | None
    build_id: int | None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the head of a file.

        Raises:
            FlashError: it cannot be read, or is no bitstream of an ECP5.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise FlashError(
                f"Cannot read {path}: {error.strerror}. The board was not touched. `make bitstream` builds one."
            ) from error
        head = data[:_LONGEST_HEAD]
        preamble = head.find(_PREAMBLE)
        verify = head.find(_VERIFY_ID, preamble)
        if not head.startswith(_HEAD) or preamble < 0 or verify < 0 or len(head) < verify + 8:
            raise FlashError(
                f"{path} is no bitstream of an ECP5. The board was not touched. `make bitstream` builds one."
            )
        comments = head[len(_HEAD) : preamble].split(b"\x00")
        text = [comment.decode("ascii", "replace") for comment in comments]
        build = _after(BUILD_COMMENT, text)
        try:
            build_id = None if build is None else int(build, 16)
        except ValueError:
            build_id = None
        idcode = int.from_bytes(head[verify + 4 : verify + 8])
        return cls(path, len(data), idcode, _after(BOARD_COMMENT, text), build_id)


def _after(prefix: str, comments: list[str]) -> str | None:
    return next((text.removeprefix(prefix) for text in comments if text.startswith(prefix)), None)
