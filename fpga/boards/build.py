"""Build the bitstream of a board with open tools from PyPI: synthesis, place and route, packing.

    .venv/bin/python fpga/boards/build.py [BOARD] [--carrier x1_scan] [--device 85F] [--seed 1]

Writes build/BOARD, or build/BOARD-CARRIER for another carrier than the default: the bitstream, summary.json, and the
logs and reports of each step. The same sources, versions and seed give the same bitstream. Fails if the routed
design does not reach the carrier's clock.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from ohmbench.carrier.kinds import key_of
from ohmbench.errors import BuildError, OhmbenchError, UsageError
from ohmbench.gateware.bitstream import BOARD_COMMENT, BUILD_COMMENT, CARRIER_COMMENT
from ohmbench.gateware.boards import Board, load_board
from ohmbench.support.build_id import build_id
from ohmbench.support.rtl import rtl_files, rtl_folders
from ohmbench.support.scripts import load_script
from ohmbench.tables import CLOCK_HZ, DEFAULT_CARRIER

REPO = Path(__file__).resolve().parents[2]
SEED = 1
LOG_LINES = 15


class Family(Protocol):
    """The family.py of a folder of fpga/boards: commands of each step, and what their reports say."""

    TOOLS: Sequence[str]
    CONSTRAINTS: str
    BITSTREAM: str

    def synthesis(self, job: Job) -> list[str]: ...
    def routing(self, job: Job) -> list[str]: ...
    def packing(self, job: Job) -> list[str]: ...
    def rates(self, job: Job) -> dict[str, tuple[float, float]]: ...
    def resources(self, job: Job) -> dict[str, int]: ...


@dataclass(frozen=True)
class Job:
    """One build. Paths are relative to root: YoWASP's tools see what is below the folder they start in.

    Attributes:
        work: folder of what is made.
        tools: places of the family's TOOLS.
        comments: for the head of the bitstream, by which `ohmbench flash` knows it.
    """

    root: Path
    work: Path
    top: str
    package: str
    speed_grade: int
    device: str
    seed: int
    clock_hz: int
    identity: str
    sources: Sequence[str]
    include: Sequence[str]
    constraints: str
    tools: Sequence[str]
    comments: Sequence[str]


def say(text: str) -> None:
    print(f"bitstream: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("board", nargs="?", default="ulx3s", help="a folder of fpga/boards (default: %(default)s)")
    parser.add_argument(
        "--carrier", type=key_of, default=DEFAULT_CARRIER, help="a folder of fpga/carriers (default: %(default)s)"
    )
    parser.add_argument("--device", help="size of its FPGA, as in board.toml")
    parser.add_argument("--seed", type=int, default=SEED, help="of the placement (default: %(default)s)")
    args = parser.parse_args(arguments)
    try:
        board = load_board(args.board)
        print(json.dumps(build(board, args.device or board.default_device, args.seed, args.carrier), indent=1))
    except OhmbenchError as error:
        say(str(error))
        return error.exit_code
    return 0


def build(board: Board, device: str, seed: int, carrier: str = DEFAULT_CARRIER) -> dict[str, Any]:
    """Make the bitstream, and return what summary.json says of it.

    Raises:
        UsageError: the board is not sold with this device, or has no pins for this carrier.
        BuildError: a tool is missing or fails, or the timing is not met.
    """
    if device not in board.idcodes:
        raise UsageError(
            f"No {board.title} has an FPGA {device!r}; nothing was built. Known: {', '.join(board.idcodes)}."
        )
    top_folder = board.carrier_folder(carrier)
    family = cast(Family, load_script(board.folder.parent / "family.py"))
    tools = find_tools(family.TOOLS)
    work = board.build_folder(carrier)
    bitstream = REPO / work / f"{board.top}{family.BITSTREAM}"
    bitstream.parent.mkdir(parents=True, exist_ok=True)
    for path in (bitstream, REPO / work / "summary.json"):
        path.unlink(missing_ok=True)  # a build that fails leaves none of an older one

    identity = f"{build_id(REPO, carrier):08x}"
    job = Job(
        root=REPO,
        work=work,
        top=board.top,
        package=board.package,
        speed_grade=board.speed_grade,
        device=device,
        seed=seed,
        clock_hz=CLOCK_HZ,
        identity=identity,
        sources=sources(board, carrier),
        include=[str(folder.relative_to(REPO)) for folder in rtl_folders(REPO, carrier)],
        constraints=str((top_folder / f"{board.top}{family.CONSTRAINTS}").relative_to(REPO)),
        tools=tools,
        comments=(f"{BOARD_COMMENT}{board.name}", f"{CARRIER_COMMENT}{carrier}", f"{BUILD_COMMENT}{identity}"),
    )
    say("synthesis (the first run of each tool compiles it, a minute or more)")
    run(work, "synthesis", family.synthesis(job))
    say("place and route")
    run(work, "routing", family.routing(job))
    fmax = check_timing(family.rates(job), job.clock_hz)
    run(work, "packing", family.packing(job))
    try:
        used = family.resources(job)
    except ValueError as error:
        raise BuildError(f"{error} No summary.") from error
    summary = {
        "board": board.name,
        "carrier": carrier,
        "device": device,
        "build_id": identity,
        "seed": seed,
        "clock_mhz": job.clock_hz / 1e6,
        "fmax_mhz": round(fmax, 2),
        **used,
        "bitstream_bytes": bitstream.stat().st_size,
    }
    (REPO / work / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def find_tools(tools: Sequence[str]) -> list[str]:
    """The tools of this Python's environment, or else those on PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    found = {tool: shutil.which(tool, path=path) for tool in tools}
    missing = [tool for tool, place in found.items() if place is None]
    if missing:
        raise BuildError(f"Not installed: {', '.join(missing)}; nothing was built. pip install 'ohmbench[fpga]'")
    return [place for place in found.values() if place is not None]


def sources(board: Board, carrier: str) -> list[str]:
    """Relative paths, packages first, then the RTL and the board's own."""
    own = sorted([*board.folder.glob("*.sv"), *board.carrier_folder(carrier).glob("*.sv")])
    return [str(path.relative_to(REPO)) for path in (*rtl_files(REPO, carrier), *own)]


def run(work: Path, step: str, command: list[str]) -> None:
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        shown = "\n  ".join([line for line in lines if "error" in line.lower()][-LOG_LINES:] or lines[-LOG_LINES:])
        raise BuildError(f"{step} failed; there is no new bitstream.\n  {shown}\nLogs: {work}")


def check_timing(rates: Mapping[str, tuple[float, float]], clock_hz: int) -> float:
    """The rate in MHz that the slowest path allows, of clocks by their MHz reached and wanted."""
    reached = {name: mhz for name, (mhz, wanted) in rates.items() if wanted * 1e6 >= clock_hz}
    if not reached:
        raise BuildError(f"The routed design has no clock of {clock_hz / 1e6} MHz; look at the PLL. No bitstream.")
    name, fmax = min(reached.items(), key=lambda rate: rate[1])
    if fmax * 1e6 < clock_hz:
        raise BuildError(
            f"Timing is not met: {name} reaches {fmax:.1f} MHz of {clock_hz / 1e6} MHz, so no array is safe behind it; "
            "no bitstream. Critical paths: report.json. Shorten them, or try another --seed."
        )
    return fmax


if __name__ == "__main__":
    sys.exit(main())
