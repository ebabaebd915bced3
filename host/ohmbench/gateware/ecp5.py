"""The head of an ECP5 bitstream: its comments, and the IDCODE that it asks the FPGA for.

Layout as Project Trellis writes it (libtrellis/src/Bitstream.cpp): ff 00, comments that end in 00, ff; then a preamble
ff ff bd b3 and commands of four bytes, among them VERIFY_ID (e2), after which the IDCODE stands.
"""

from __future__ import annotations

_HEAD = b"\xff\x00"
_PREAMBLE = b"\xff\xff\xbd\xb3"
_VERIFY_ID = b"\xe2\x00\x00\x00"
_LONGEST_HEAD = 4096  # bytes of comments and of the commands before the IDCODE: some hundred


def read_head(data: bytes) -> tuple[list[str], int] | None:
    """Comments and IDCODE; None if it is not a bitstream of an ECP5."""
    head = data[:_LONGEST_HEAD]
    preamble = head.find(_PREAMBLE)
    verify = head.find(_VERIFY_ID, preamble)
    if not head.startswith(_HEAD) or preamble < 0 or verify < 0 or len(head) < verify + 8:
        return None
    comments = [comment.decode("ascii", "replace") for comment in head[len(_HEAD) : preamble].split(b"\x00")]
    return comments, int.from_bytes(head[verify + 4 : verify + 8])
