"""Generate what two languages share from the tables in this folder.

One table each for the instruction set, the carrier, the link's frames and the registers, one for each board, and the
array model's parameters (sim/array/ohm_params.def). From them come the SystemVerilog packages, the C header of the
models, the Python constants, the boards' constraints and the reference pages; `--check` fails when one is out of date.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import board_pins
from constants import c_header, python
from pages import array_parameters_page, board_page, carrier_page, isa_page, link_page, registers_page, testplan_page
from source import CARRIERS, NOTE, REPO, Table, carriers, load
from systemverilog import carrier_sv, guard_sv, isa_sv, link_sv, parts_sv

from ohmbench.support.scripts import load_script


def boards(default: str, all_carriers: dict[str, Table]) -> dict[Path, str]:
    """Constraints and page of each board with each carrier that it has a top for."""
    made = {}
    for folder in (path.parent for path in sorted((REPO / "fpga/boards").glob("*/*/board.toml"))):
        board = tomllib.loads((folder / "board.toml").read_text())
        family = load_script(folder.parent / "family.py")
        for name, carrier in all_carriers.items():
            if not (folder / name / f"{board['top']}.sv").exists():
                continue
            pins = board_pins.pins(board, carrier)
            made[folder / name / f"{board['top']}{family.CONSTRAINTS}"] = family.constraints(pins, NOTE)
            page = folder.name if name == default else f"{folder.name}-{name}"
            made[REPO / f"docs/reference/{page}.md"] = board_page(board, name, carrier)
    return made


def outputs() -> dict[Path, str]:
    isa, link, registers = (load(n) for n in ("isa", "link", "registers"))
    default, all_carriers = carriers()
    carrier = all_carriers[default]
    rtl, docs = REPO / "fpga/rtl", REPO / "docs/reference"
    return {
        rtl / "ohm_isa_pkg.sv": isa_sv(isa),
        **{CARRIERS / name / "ohm_carrier_pkg.sv": carrier_sv(table) for name, table in all_carriers.items()},
        REPO / "sim/chips/parts_pkg.sv": parts_sv(all_carriers.values()),
        REPO / "sim/array/ohm_tables.h": c_header(isa, default, all_carriers, registers),
        rtl / "ohm_link_pkg.sv": link_sv(link, carrier),
        rtl / "ohm_guard_pkg.sv": guard_sv(registers),
        REPO / "host/ohmbench/tables.py": python(isa, default, all_carriers, link, registers),
        docs / "isa.md": isa_page(isa),
        docs / "link.md": link_page(link),
        docs / "registers.md": registers_page(registers),
        docs / "carrier.md": carrier_page(default, carrier),
        **{
            docs / f"carrier-{name}.md": carrier_page(name, table)
            for name, table in all_carriers.items()
            if name != default
        },
        **boards(default, all_carriers),
        docs / "array-parameters.md": array_parameters_page(carrier),
        docs / "test-plan.md": testplan_page(load("testplan")),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    check = parser.parse_args().check
    stale = []
    for path, text in outputs().items():
        if not path.exists() or path.read_text() != text:
            stale.append(path.relative_to(REPO))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    for name in stale:
        print(f"{'out of date' if check else 'wrote'}: {name}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
