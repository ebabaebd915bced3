"""A module's ports as plain integers, for benches that look at many of them in every clock."""

from __future__ import annotations

from typing import Any


class Pins:
    """`pins.ready_i = 1` drives an input, and `pins.valid_o` is what any port has now.

    Handles are looked up once, and a value that an input has already is not written again: cocotb takes more time for
    either than the simulation of a small module.
    """

    def __init__(self, dut: Any) -> None:
        self.__dict__.update(_dut=dut, _handles={}, _driven={})

    def __getattr__(self, name: str) -> int:
        return int(self._handle(name).value)

    def __setattr__(self, name: str, value: int) -> None:
        if self._driven.get(name) != value:
            self._driven[name] = value
            self._handle(name).value = value

    def _handle(self, name: str) -> Any:
        if name not in self._handles:
            self._handles[name] = getattr(self._dut, name)
        return self._handles[name]
