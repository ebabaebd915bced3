"""Pins of a board: the sites of its own chips, and of the carrier's signals through the connector between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Table = dict[str, Any]


@dataclass(frozen=True)
class Pin:
    """One pin of the FPGA; the family's module turns it into its constraints.

    Attributes:
        kind: out, or fast for an output to the carrier, or in.
        place: the pin of the connector, or empty for the board's own chips.
    """

    port: str
    site: str
    kind: str
    pull: str = "NONE"
    place: str = ""
    mhz: int | None = None


def _bits(port: str, count: int) -> list[str]:
    return [port] if count == 1 else [f"{port}[{i}]" for i in range(count)]


def is_input(port: str) -> bool:
    """Whether a port of the top is one, by the suffix of its name."""
    return re.search(r"_n?i$", port) is not None


def pins(board: Table, carrier: Table) -> Iterator[Pin]:
    """All pins that the board's top has, its own first.

    Raises:
        SystemExit: a site is used twice, or a pin of the carrier's connector is not on the board.
    """
    taken: dict[str, str] = {}

    def taking(pin: Pin) -> Pin:
        if pin.site in taken:
            raise SystemExit(f"{board['title']}: site {pin.site} is both {taken[pin.site]} and {pin.port}")
        taken[pin.site] = pin.port
        return pin

    for port, at in board["pins"].items():
        kind = "in" if is_input(port) else "out"
        for bit, site in zip(_bits(port, len(at["sites"])), at["sites"], strict=True):
            yield taking(Pin(bit, site, kind, at.get("pull", "NONE"), mhz=at.get("mhz")))
    for port, places in carrier["connector"].items():
        # an over-current line that leads nowhere is low: tripped
        kind, pull = ("in", "DOWN") if is_input(port) else ("fast", "NONE")
        for bit, place in zip(_bits(port, len(places)), places, strict=True):
            if place not in board["connector"]:
                raise SystemExit(f"{board['title']}: no pin {place} of the carrier's connector, which {bit} needs")
            yield taking(Pin(bit, board["connector"][place], kind, pull, place))


def rows(board: Table, carrier: Table) -> list[list[str]]:
    """For the reference page: signal, pin of the connector, site."""
    return [[pin.port, pin.place or "on the board", pin.site] for pin in pins(board, carrier)]
