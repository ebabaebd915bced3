"""Line and toggle coverage of the RTL by the cocotb suite, from what its coverage builds have counted.

    make coverage

reads build/coverage/*/*.dat, prints a table and the lines that no test reached, and writes
build/coverage/summary.json. Lines that cannot be reached, or need not, stand with their reason in
fpga/lint/coverage.toml; they count as not covered all the same. Exit code 1: below the target, or a hole without a
reason.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ohmbench.support.rtl import rtl_files

REPO = Path(__file__).resolve().parents[2]
BUILDS = REPO / "build/coverage"
HOLES = REPO / "fpga/lint/coverage.toml"
TARGET_PERCENT = 95.0

# Verilator's own format (verilated_cov.cpp): C '<0x01 key 0x02 value> ...' count
_POINT = re.compile(r"^C '(.*)' (\d+)$")


@dataclass
class Module:
    """What was counted of one file: lines, and both edges of each bit."""

    lines: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    toggles: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))


def read(files: Iterable[Path]) -> dict[str, Module]:
    """Counts of all files together, by the name of the RTL file."""
    modules: dict[str, Module] = defaultdict(Module)
    for file in files:
        for line in file.read_text(errors="replace").splitlines():
            found = _POINT.match(line)
            if found is None:
                continue
            keys = dict(part.split("\x02", 1) for part in found[1].split("\x01") if "\x02" in part)
            path, count = Path(keys["f"]), int(found[2])
            if path.name not in RTL:
                continue  # a model or a test bench
            module = modules[path.name]
            if keys["page"].startswith("v_toggle"):
                module.toggles[keys["l"], keys["o"]] += count
            elif keys["page"].startswith(("v_line", "v_branch")):
                for number in lines_of(keys.get("S") or keys["l"]):
                    module.lines[number] += count
    return modules


def lines_of(text: str) -> list[int]:
    """Of "3,5-7": 3, 5, 6, 7."""
    numbers = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers += range(int(first), int(last or first) + 1)
    return numbers


def percent(counts: Iterable[int]) -> float:
    counts = list(counts)
    return 100 * sum(c > 0 for c in counts) / len(counts) if counts else 100.0


RTL = {path.name: path for path in rtl_files(REPO)}


def main() -> int:
    files = sorted(BUILDS.glob("*/*.dat"))
    if not files:
        print("coverage: nothing was counted; run: make coverage", file=sys.stderr)
        return 1
    modules = read(files)
    holes = {(hole["file"], hole["line"]) for hole in tomllib.loads(HOLES.read_text())["hole"]}
    unexplained = []
    print(f"{'module':28} {'lines':>7} {'toggles':>8}  not reached")
    for name in sorted(modules):
        module, text = modules[name], RTL[name].read_text().splitlines()
        missed = sorted(number for number, count in module.lines.items() if count == 0)
        unexplained += [(name, n, text[n - 1].strip()) for n in missed if (name, text[n - 1].strip()) not in holes]
        shown = ", ".join(map(str, missed))
        print(f"{name:28} {percent(module.lines.values()):6.1f}% {percent(module.toggles.values()):7.1f}%  {shown}")
    lines = [count for module in modules.values() for count in module.lines.values()]
    toggles = [count for module in modules.values() for count in module.toggles.values()]
    summary = {
        "line_percent": round(percent(lines), 2),
        "toggle_percent": round(percent(toggles), 2),
        "lines": len(lines),
        "toggles": len(toggles),
        "without_reason": len(unexplained),
    }
    (BUILDS / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    for name, number, line in unexplained:
        print(f"coverage: no test reaches {name}:{number}, and fpga/lint/coverage.toml has no reason: {line}")
    missing = sorted(name for name in RTL if name not in modules and not name.endswith("_pkg.sv"))
    if missing:
        print(f"coverage: no test has {', '.join(missing)}")
    print(f"coverage: lines {summary['line_percent']} %, toggles {summary['toggle_percent']} %")
    return 0 if summary["line_percent"] >= TARGET_PERCENT and not unexplained and not missing else 1


if __name__ == "__main__":
    sys.exit(main())
