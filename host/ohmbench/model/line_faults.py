"""What may be wrong with the serial line of the simulated bench, in either direction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from ohmbench.errors import UsageError
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.numbers import is_number

_MAX_SKEW = 0.1
_MAX_STALL_MS = 10_000.0
_MAX_BURST_BYTES = 65_536
_KINDS = (
    "flip=P, lose=P, insert=P, double=P, burst=P:BYTES, stall=P:MS, frames=P, each also as tx.KIND (to the FPGA only) "
    "or rx.KIND (from it only), and skew=F, cut=BYTES, limit=BAUD, seed=N"
)

_NAMES = ("flip", "lose", "insert", "double", "burst", "stall", "frames", "skew", "cut", "limit", "seed")


@dataclass(frozen=True)
class Damage:
    """Damage in one direction. Rates are chances from 0 to 1.

    Attributes:
        flip: of a bit, start and stop bits too.
        lose, insert, double: of a byte, to be lost, to have a random byte in front, to come twice.
        burst: of a byte, to be the first of `burst_bytes` bytes of noise.
        stall: of a byte, to come only after `stall_ms` milliseconds of bench time.
        frames: of a frame, to be damaged in one of these ways or lost as a whole.

    Raises:
        UsageError: a number that makes no sense.
    """

    flip: float = 0.0
    lose: float = 0.0
    insert: float = 0.0
    double: float = 0.0
    burst: float = 0.0
    burst_bytes: int = 16
    stall: float = 0.0
    stall_ms: float = 1.0
    frames: float = 0.0

    def __post_init__(self) -> None:
        for name in ("flip", "lose", "insert", "double", "burst", "stall", "frames"):
            _check(name, getattr(self, name), 0.0, 1.0)
        _check("burst", self.burst_bytes, 1, _MAX_BURST_BYTES)
        _check("stall", self.stall_ms, 0.0, _MAX_STALL_MS)

    def items(self) -> Iterator[tuple[str, str]]:
        """The kinds that are not 0, as the simulator's flag names them, with their values."""
        for name in ("flip", "lose", "insert", "double", "frames"):
            if getattr(self, name):
                yield name, repr(getattr(self, name))
        if self.burst:
            yield "burst", f"{self.burst!r}:{self.burst_bytes}"
        if self.stall:
            yield "stall", f"{self.stall!r}:{self.stall_ms!r}"


@dataclass(frozen=True)
class LineFaults:
    """What is wrong with the line; `LineFaults()` is one without faults.

    The damage is by chance, but the same each time for the same bytes and `seed`.

    Attributes:
        tx: from the host to the FPGA.
        rx: from the FPGA to the host.
        skew: fraction by which the host's rate is higher than it should be. The FPGA stands 0.03 either way up to 9.6
            Mbaud, and -0.05 to 0.025 at 12 Mbaud, where a bit is 4 of its clocks.
        cut: bytes, both ways together and from when the faults are set, after which the cable is cut; None: never.
        limit: rate in baud above which all bytes are noise; None: none.
        seed: of the chances.

    Raises:
        UsageError: a number that makes no sense.
    """

    tx: Damage = field(default_factory=Damage)
    rx: Damage = field(default_factory=Damage)
    skew: float = 0.0
    cut: int | None = None
    limit: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        _check("skew", self.skew, -_MAX_SKEW, _MAX_SKEW)
        _check("cut", self.cut or 0, 0, 2**53)
        _check("limit", 1 if self.limit is None else self.limit, 1, 10**9)
        _check("seed", self.seed, 0, 2**53)

    @classmethod
    def both(cls, damage: Damage, *, seed: int = 1) -> LineFaults:
        """The same damage in either direction; by chances of its own in each."""
        return cls(damage, damage, seed=seed)

    @classmethod
    def parse(cls, text: str) -> LineFaults:
        """Reads what `--line-faults` takes: items KIND=VALUE with commas between, or `none`.

        Raises:
            UsageError: names the item that is wrong, and what there is.
        """
        ways: dict[str, dict[str, float | int]] = {"tx": {}, "rx": {}}
        line: dict[str, float | int] = {}
        for item in () if text in ("", "none") else text.split(","):
            name, equals, value = item.partition("=")
            way, dot, kind = name.rpartition(".")
            try:
                if not equals or way not in ("", *ways):
                    raise ValueError
                if not dot and kind in ("skew", "cut", "limit", "seed"):
                    line[kind] = float(value) if kind == "skew" else int(value)
                    continue
                found = _damage(kind, value)
            except ValueError:
                guessed = did_you_mean(kind, _NAMES)
                raise UsageError(
                    f"--line-faults: {item!r} is not a fault of a line{guessed}.", f"There are: {_KINDS}."
                ) from None
            for one in (way,) if way else ways:
                ways[one] |= found
        return cls(_made(ways["tx"]), _made(ways["rx"]), **line)  # type: ignore[arg-type]

    def __str__(self) -> str:
        """What the simulator's `--line-faults` takes."""
        tx, rx = dict(self.tx.items()), dict(self.rx.items())
        items = [f"{kind}={value}" for kind, value in tx.items() if rx.get(kind) == value]
        for way, own, other in (("tx", tx, rx), ("rx", rx, tx)):
            items += [f"{way}.{kind}={value}" for kind, value in own.items() if other.get(kind) != value]
        if self.skew:
            items.append(f"skew={self.skew!r}")
        items += [f"{name}={value}" for name in ("cut", "limit") if (value := getattr(self, name)) is not None]
        if items:
            items.append(f"seed={self.seed}")
        return ",".join(items) or "none"


def _damage(kind: str, value: str) -> dict[str, float | int]:
    first, colon, second = value.partition(":")
    if bool(colon) != (kind in ("burst", "stall")):
        raise ValueError
    if kind == "burst":
        return {"burst": float(first), "burst_bytes": int(second)}
    if kind == "stall":
        return {"stall": float(first), "stall_ms": float(second)}
    if kind not in (one.name for one in fields(Damage)) or kind.endswith(("_bytes", "_ms")):
        raise ValueError
    return {kind: float(first)}


def _made(values: dict[str, float | int]) -> Damage:
    return Damage(**values)  # type: ignore[arg-type]


def _check(kind: str, value: float, least: float, most: float) -> None:
    if not is_number(value, least, most):
        raise UsageError(f"--line-faults: {kind} takes numbers from {least} to {most}, not {value}.")
