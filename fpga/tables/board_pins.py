"""Pins of a board: the sites of its own chips, and of the carrier's signals through the connector between them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Table = dict[str, Any]

OUT = "IO_TYPE=LVCMOS33 PULLMODE=NONE SLEWRATE=SLOW DRIVE=4"
CARRIER_OUT = "IO_TYPE=LVCMOS33 PULLMODE=NONE SLEWRATE=FAST DRIVE=8"
# an over-current line that leads nowhere is low: tripped
CARRIER_IN = "IO_TYPE=LVCMOS33 PULLMODE=DOWN"


@dataclass(frozen=True)
class Pin:
    """One pin of the FPGA; `place` is the pin of the connector, or empty for the board's own chips."""

    port: str
    site: str
    settings: str
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

    def pin(port: str, site: str, settings: str, place: str = "", mhz: int | None = None) -> Pin:
        if site in taken:
            raise SystemExit(f"{board['title']}: site {site} is both {taken[site]} and {port}")
        taken[site] = port
        return Pin(port, site, settings, place, mhz)

    for port, at in board["pins"].items():
        settings = f"IO_TYPE=LVCMOS33 PULLMODE={at['pull']}" if is_input(port) else OUT
        for bit, site in zip(_bits(port, len(at["sites"])), at["sites"], strict=True):
            yield pin(port=bit, site=site, settings=settings, mhz=at.get("mhz"))
    for port, places in carrier["connector"].items():
        for bit, place in zip(_bits(port, len(places)), places, strict=True):
            if place not in board["connector"]:
                raise SystemExit(f"{board['title']}: no pin {place} of the carrier's connector, which {bit} needs")
            yield pin(bit, board["connector"][place], CARRIER_IN if is_input(port) else CARRIER_OUT, place)


def lpf(board: Table, carrier: Table, note: str) -> str:
    """Constraints for nextpnr-ecp5."""
    out = [f"# {note}", "BLOCK RESETPATHS;", "BLOCK ASYNCPATHS;"]
    # any later bitstream can be written to the board's flash over JTAG
    out.append("SYSCONFIG CONFIG_IOVOLTAGE=3.3 COMPRESS_CONFIG=ON MCCLK_FREQ=62 MASTER_SPI_PORT=ENABLE;")
    for pin in pins(board, carrier):
        out.append(f'LOCATE COMP "{pin.port}" SITE "{pin.site}";')
        out.append(f'IOBUF PORT "{pin.port}" {pin.settings};')
        if pin.mhz:
            out.append(f'FREQUENCY PORT "{pin.port}" {pin.mhz} MHZ;')
    return "\n".join(out) + "\n"


def rows(board: Table, carrier: Table) -> list[list[str]]:
    """For the reference page: signal, pin of the connector, site."""
    return [[pin.port, pin.place or "on the board", pin.site] for pin in pins(board, carrier)]
