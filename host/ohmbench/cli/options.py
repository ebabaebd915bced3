"""Options that commands share, and the types of their values."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from ohmbench.errors import UsageError
from ohmbench.support.numbers import MAX_QUANTITY, MAX_WHOLE

SEED_MAX = 2**64 - 1
_LONGEST_TEXT = 4096  # PATH_MAX of Linux; a serial number is shorter
_LONGEST_NAME = 200  # a file system takes 255, and names of our own have more behind theirs


_LONGEST = 40  # characters of a number, and of what a message shows of one


_NO_LIMIT = 2**32 - 1  # an upper end that says nothing to somebody who typed too little


def whole(low: int, high: int = MAX_WHOLE) -> Callable[[str], int]:
    """The type of an option that takes whole numbers in a range; none is beyond what SQLite holds."""

    def parse(text: str) -> int:
        value = int(_short(text, "whole number"))
        if not low <= value <= high:
            limits = f"{low} or more" if high in (MAX_WHOLE, _NO_LIMIT) and value < low else f"{low} to {high}"
            raise argparse.ArgumentTypeError(f"{value} is not {limits}")
        return value

    parse.__name__ = "whole number"  # argparse names it in its message for what is not a number at all
    return parse


def real(low: float, high: float, kind: str, what: str) -> Callable[[str], float]:
    """The type of an option that takes finite numbers in a range.

    Args:
        kind: a message's words for such a number where it is none; what: where it is out of range.
    """

    def parse(text: str) -> float:
        value = float(_short(text, kind))
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is not {what}")
        return value

    parse.__name__ = kind  # in argparse's message, as above
    return parse


def _short(text: str, kind: str) -> str:
    if len(text) > _LONGEST:
        raise argparse.ArgumentTypeError(f"{text[:_LONGEST]}... is not a {kind}")
    return text


share = real(0, 1, "share from 0 to 1", "a share from 0 to 1")
_UNITS_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_in_seconds = real(0, MAX_QUANTITY, "time in seconds", f"a time from 0 s on to {MAX_QUANTITY:g}")


def cell(text: str) -> tuple[int, int]:
    """For argparse: row and column of a cell.

    Raises:
        ArgumentTypeError: it is none.
    """
    parts = text.split(",")
    try:
        row, column = (whole(0, 31)(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not ROW,COL") from None
    return row, column


def seconds(text: str) -> float:
    """The type of an option that takes a time: seconds, or a number with s, m, h or d."""
    number = text.strip().rstrip("mindhs")
    unit = text.strip()[len(number) :]
    try:
        return _in_seconds(str(_in_seconds(number.strip()) * ({"": 1.0} | _UNITS_S)[unit]))
    except (ValueError, KeyError) as error:
        said = f"{text[:_LONGEST]!r} is not a time: give 90, 90s, 15m, 1h or 2d"
        raise argparse.ArgumentTypeError(said) from error


def refuse_odd_names(args: argparse.Namespace) -> None:
    """End with a usage error where a value is not text, or a path no file system has: it would fail in mid-work."""
    for option, value in vars(args).items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str | Path) and (problem := _problem(one)):
                args.parser.error(f"{option}: {str(one)[:_LONGEST]!r} {problem}")


def refuse_outputs_that_are_inputs(args: argparse.Namespace) -> None:
    """Refuse to write a result over another file of the command: work that was read, or another result, would be lost.

    Raises:
        UsageError: an output is one of them.
    """
    files = {
        option: [Path(one) for one in (value if isinstance(value, list) else [value]) if isinstance(one, Path | str)]
        for option, value in vars(args).items()
        if option in _NAMES_OR_FILES or not isinstance(value, str)
    }
    for option in _OUTPUTS:
        for other, paths in files.items():
            if files.get(option) and other != option and any(_is_same(files[option][0], one) for one in paths):
                raise UsageError(
                    f"{files[option][0]} is to be written as {option}, and is {other} of the same command, which would "
                    "be lost.",
                    "Give it another name.",
                )


_OUTPUTS = ("out", "output", "report", "trace")
_NAMES_OR_FILES = ("recipe", "device")


def _is_same(one: Path, two: Path) -> bool:
    try:
        return one.samefile(two)
    except OSError:  # one is not there
        return one.resolve() == two.resolve()


def _problem(value: str | Path) -> str:
    try:
        data = str(value).encode()
    except UnicodeEncodeError:
        return "is not text"
    if b"\0" in data:
        return "holds a NUL"
    if len(data) > _LONGEST_TEXT:
        return f"is longer than {_LONGEST_TEXT} bytes"
    if isinstance(value, Path) and any(len(part.encode()) > _LONGEST_NAME for part in value.parts):
        return f"has a name longer than {_LONGEST_NAME} bytes"
    return ""


def port(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    """Options of a command that opens a bench, for `setup_of`; a default goes before OHMBENCH_PORT."""
    group = parser.add_argument_group("bench")
    _port(group, default)
    group.add_argument(
        "--baud", type=whole(1, 2**32 - 1), default=12_000_000, help="highest rate of the link (default: %(default)s)"
    )
    group.add_argument(
        "--trace", type=Path, metavar="FILE", help="write every byte of the link to FILE, for reports of defects"
    )
    group.add_argument(
        "--supply",
        type=Path,
        metavar="FILE",
        help="TOML file of the power supply; it is on during the command, and off afterwards",
    )
    group.add_argument(
        "--carrier", type=Path, metavar="FILE", help="TOML file of this carrier's wiring, errors and limits"
    )
    simulator = parser.add_argument_group(
        "for the simulator", "for --port sim and twin only; a board takes none of them"
    )
    simulator.add_argument("--device", metavar="PRESET", help="array model: a, c, ideal or a TOML file (default: a)")
    simulator.add_argument("--seed", type=whole(0, SEED_MAX), help="seed of the array model (default: 1)")
    simulator.add_argument(
        "--array", type=Path, metavar="FILE", help="file that keeps the array; it is made if it does not exist"
    )
    simulator.add_argument("--faults", type=Path, metavar="FILE", help="fault map of cells to spoil in the array")
    simulator.add_argument(
        "--line-faults", metavar="KIND=VALUE,...", help="damage the line of sim: see docs/link.md (flip=1e-4, ...)"
    )
    simulator.add_argument(
        "--carrier-faults",
        metavar="KIND=VALUE,...",
        help="errors of the simulated carrier: see docs/carriers.md (open=5, gain-spread=0.02, ...)",
    )
    simulator.add_argument(
        "--carrier-kind",
        metavar="KIND",
        help="reference, or x1-scan as in docs/x1.md (default: reference)",
    )


SIMULATOR_ONLY = {
    "device": "A real array is what it is: leave the option out.",
    "seed": "A real array is what it is: leave the option out.",
    "array": "Say which array is in the socket: --serial.",
    "faults": "To leave bad cells of a real array alone, give --fault-map.",
    "line_faults": "A real line has its own: leave the option out.",
    "carrier_kind": "A board says at the handshake which carrier it is built for: leave the option out.",
    "carrier_faults": "A real carrier's errors are in the file of --carrier.",
}
"""Options of the simulator, and what to do instead on a board."""


def bare_port(parser: argparse.ArgumentParser, default: str) -> None:
    """The port alone, of a command that has its own way to open it; a default goes before OHMBENCH_PORT."""
    _port(parser.add_argument_group("bench"), default)


def near_array(parser: argparse._ActionsContainer) -> None:
    """Errors of this command say what became of the array."""
    parser.set_defaults(near_array=True)


def _port(group: argparse._ArgumentGroup, default: str | None) -> None:
    near_array(group)
    group.add_argument(
        "--port",
        default=default or os.environ.get("OHMBENCH_PORT"),
        help="sim, twin, or a serial port or URL of a board (default: "
        f"{default or 'OHMBENCH_PORT, the settings, or the only bench there is'})",
    )


def recipe(parser: argparse.ArgumentParser) -> None:
    """The option that says how an array is driven and read."""
    parser.add_argument(
        "--recipe", metavar="NAME|FILE", help="recipe that comes with ohmbench, or TOML file of levels, window, ramps"
    )


def lab(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """The option of a command that reads or writes the record, in a group that is returned."""
    group = parser.add_argument_group("record")
    group.add_argument("--lab", type=Path, metavar="DIR", help="folder of the record (default: as docs/runs.md says)")
    return group


def record(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Options of a command that records what it does to an array, in a group that is returned."""
    group = lab(parser)
    group.add_argument(
        "--serial", help="serial number of the array in the socket (default: the name of --array's file)"
    )
    group.add_argument(
        "--new-array", action="store_true", help="the array in a board's socket has never been pulsed: begin its record"
    )
    return group


def budget(group: argparse._ArgumentGroup) -> None:
    """The option of a command that wears an array."""
    group.add_argument(
        "--wear-budget",
        type=whole(1),
        metavar="N",
        help="pulses that a cell may get in its life; kept with the array (default: 1000000 for a new array, a guess)",
    )


def fault_map(parser: argparse.ArgumentParser) -> None:
    """The option of a command that leaves the bad cells of an array alone."""
    parser.add_argument(
        "--fault-map", type=Path, metavar="FILE", help="fault map of cells to leave out: the stuck and unformed ones"
    )


def no_fault_map(parser: argparse.ArgumentParser) -> None:
    """The option of a command that leaves alone what the record knows as bad."""
    parser.add_argument(
        "--no-fault-map", action="store_true", help="also pulse cells that the last characterisation found bad"
    )


def image(parser: argparse.ArgumentParser) -> None:
    """A weight image beside what an array holds: its file, cells to leave out, and a page of the others."""
    parser.add_argument("image", type=Path, help="weight image (.ohmw)")
    fault_map(parser)
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="page with pictures of the cells; with program it shows the run while it goes on",
    )


def required_share(parser: argparse.ArgumentParser, default: float, what: str) -> None:
    """The option of a command that fails if too few cells are as they should be."""
    parser.add_argument(
        "--require", type=share, default=default, help=f"exit with 10 below this share of {what} (default: %(default)s)"
    )


def data(parser: argparse._ActionsContainer, default: str) -> None:
    """The options of a command that reads a data set."""
    parser.add_argument(
        "--data",
        metavar="NAME|FILE",
        help="digits, mnist, or your own: .npz, x.npy,y.npy, .csv, a folder of class folders of PNG, or IDX "
        f"(default: {default}; docs/your-own-data.md)",
    )
    mnist(parser)


def mnist(parser: argparse._ActionsContainer) -> None:
    """The option of a command that reads MNIST."""
    parser.add_argument("--mnist", type=Path, metavar="DIR", help="folder of MNIST's files (default: OHMBENCH_MNIST)")


def table(parser: argparse.ArgumentParser, rows: str) -> None:
    """The option of a command whose cells can be written as a table, for `check_table`."""
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="FILE",
        help=f"write the cells in microsiemens, {rows}: .csv, .json, .npz, .parquet, .h5",
    )


def check_table(path: Path | None) -> None:
    """Refuse a file of `table` before there is anything to lose.

    Raises:
        UsageError: no table has its suffix, or it cannot be written.
    """
    from ohmbench.support.files import check_writable
    from ohmbench.sweep.export import require_format

    if path is not None:
        require_format(path)
        check_writable(path, is_text=path.suffix in (".csv", ".json"))


def network_seed(parser: argparse.ArgumentParser) -> None:
    """The option of a command that trains or clusters."""
    parser.add_argument("--network-seed", type=whole(0, 2**32 - 1), default=0, help="seed of training and clustering")
