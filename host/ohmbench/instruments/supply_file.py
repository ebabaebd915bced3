"""What an operator's file asks of a power supply."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from ohmbench.errors import DataError
from ohmbench.support.guesses import listed
from ohmbench.support.numbers import is_number
from ohmbench.support.text_files import TextFileError, read_toml


@dataclass(frozen=True)
class Output:
    """One output: what it is to give."""

    channel: int
    volts: float
    limit_a: float


@dataclass(frozen=True)
class Reading:
    """What one output gives."""

    channel: int
    volts: float
    amps: float


@dataclass(frozen=True)
class SupplyFile:
    """A supply and its outputs, in the order in which they are turned on; off goes the other way round.

    A TOML file:

        address = "TCPIP::192.168.1.20::5025::SOCKET"

        [[output]]
        channel = 1
        volts = 5.0
        limit_a = 0.5
    """

    address: str
    outputs: tuple[Output, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises:
        DataError: the file is missing or damaged, or something in it makes no sense.
        """
        try:
            return cls.of_json(read_toml(path))
        except TextFileError as error:
            raise DataError(f"Cannot read {path}: {error}.", "Give a TOML file.") from error
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(f"{path}: {error}.", "Correct it; docs/instruments.md has the keys.") from error

    @classmethod
    def of_json(cls, values: dict[str, Any]) -> Self:
        """From the file's values.

        Raises:
            ValueError, TypeError: something in them makes no sense.
        """
        _refuse_others(values, ("address", "output"))
        address, outputs = values.get("address"), values.get("output")
        if not isinstance(address, str) or not isinstance(outputs, list) or not outputs:
            raise ValueError("it needs an address and an [[output]]")
        for output in outputs:
            _refuse_others(output, ("channel", "volts", "limit_a"))
        made = tuple(Output(**output) for output in outputs)
        if len({output.channel for output in made}) != len(made):
            raise ValueError("two outputs have the same channel")
        for output in made:
            good = is_number(output.volts, -_MAX, _MAX) and is_number(output.limit_a, -_MAX, _MAX)
            if not good or type(output.channel) is not int:
                raise ValueError(f"{output}: channel is a whole number, volts and limit_a are finite numbers")
            if not output.volts >= 0 or not output.limit_a > 0:
                raise ValueError(f"{output}: volts is 0 or more, limit_a more than 0")
        return cls(address, made)

    def as_json(self) -> dict[str, Any]:
        """The reverse of `of_json`."""
        return {"address": self.address, "output": [asdict(o) for o in self.outputs]}


def _refuse_others(values: Iterable[str], known: Sequence[str]) -> None:
    if unknown := sorted(set(values) - set(known)):
        raise ValueError(f"no such key: {listed(unknown, known)}")


_MAX = 1e6  # volts and amperes that no supply of a bench has
