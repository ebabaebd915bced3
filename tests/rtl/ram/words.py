"""What both memories hold: words of lanes that are written separately."""

from __future__ import annotations

LANE_WIDTH, DEPTH = 16, 16  # the parameters with which test_ram.py builds


class Words:
    def __init__(self) -> None:
        self.words = [0] * DEPTH

    def write(self, lanes: int, address: int, data: int) -> None:
        """Write the lanes whose bits are set."""
        for lane in range(2):
            if lanes >> lane & 1:
                mask = (1 << LANE_WIDTH) - 1 << lane * LANE_WIDTH
                self.words[address] = self.words[address] & ~mask | data & mask
