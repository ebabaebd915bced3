"""The reference pages in docs/reference, from the tables."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import board_pins
from constants import model_figures
from source import CARRIERS, HERE, NOTE, REPO, Table, carrier_cycles, code_of, fields, is_scan


def page(title: str, intro: str, sections: Iterable[tuple[str, list[str], Iterable[list[Any]]]]) -> str:
    out = [f"# {title}", "", f"<!-- {NOTE} -->", "", intro.strip(), ""]
    for heading, columns, rows in sections:
        out += [f"## {heading}", "", "| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        out += ["| " + " | ".join(str(c).replace("|", "\\|") for c in row) + " |" for row in rows] + [""]
    return "\n".join(out).rstrip() + "\n"


def comment_head(name: str, folder: Path = HERE) -> str:
    """The comment that opens a table, as prose for its page."""
    lines = []
    for line in (folder / f"{name}.toml").read_text().splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    return "\n".join(lines[2:])


def isa_page(isa: Table) -> str:
    def syntax(i: Table) -> str:
        names = [o.split(":")[0] if ":" in o else "[?m]" for o in i["operands"]]
        kinds = [o.split(":")[-1] for o in i["operands"]]
        shown = [n if k in ("?m",) or n in "dab" else k for n, k in zip(names, kinds, strict=True)]
        return f"`{i['name']} {', '.join(shown)}`".replace(", [?m]", " [?m]").replace(" `", "`")

    def cycles(i: Table) -> Any:
        kind = i.get("cycles", "vector" if 0x20 <= i["opcode"] < 0x30 else "scalar")
        return isa["cycles"][kind]

    rows = [[f"0x{i['opcode']:02x}", syntax(i), cycles(i), i["does"]] for i in isa["instruction"]]
    return page(
        "Instruction set of the pulse processor",
        comment_head("isa"),
        [("Instructions", ["opcode", "syntax", "clocks, waiting apart", "what it does"], rows)],
    )


def link_page(link: Table) -> str:
    frames = [
        [f"0x{f['type']:02x}", f["name"], f["from"], f["arg"], f["payload"] or "none", f["does"]] for f in link["frame"]
    ]
    errors = [[e["code"], e["name"], e["does"]] for e in link["error"]]
    faults = [[f["name"], f["host"], f["fpga"]] for f in link["fault"]]
    return page(
        "Frames of the link",
        comment_head("link"),
        [
            ("Frames", ["type", "name", "from", "arg", "payload", "what it does"], frames),
            *field_sections(link["frame"], "Fields of the arg of `{}`"),
            ("Errors", ["code", "name", "meaning"], errors),
            ("Faults", ["fault", "host", "FPGA"], faults),
        ],
    )


def field_sections(owners: Iterable[Table], kind: str) -> list[tuple[str, list[str], list[list[Any]]]]:
    def bits(first: int, width: int) -> str:
        return str(first) if width == 1 else f"{first + width - 1}:{first}"

    return [
        (
            kind.format(owner["name"]),
            ["bits", "name", "meaning"],
            [[bits(first, width), name, does] for name, first, width, does in fields(owner)],
        )
        for owner in owners
        if "field" in owner
    ]


def registers_page(registers: Table) -> str:
    rows = [[r["number"], r["name"], r.get("reset", ""), r["does"]] for r in registers["register"]]
    faults = [[f["code"], f["name"], f["does"]] for f in registers["fault"]]
    return page(
        "Registers and faults",
        "The host writes registers with the frame `register`; a pulse program cannot.",
        [
            ("Registers", ["number", "name", "reset", "what it does"], rows),
            *field_sections(registers["register"], "Fields of `{}`"),
            ("Faults", ["code", "name", "meaning"], faults),
        ],
    )


ARRAY_FIGURES = ("rows", "columns", "array_type", "max_levels")


def carrier_page(folder: str, carrier: Table) -> str:
    rails = [[i, r["name"], r["max_v"], code_of(r["max_v"], carrier)] for i, r in enumerate(carrier["rail"])]
    apart = carrier["half_select_max_v"]
    rails.append(["", "bl_set from sl_inhibit, in a SET pulse", apart, code_of(apart, carrier)])
    cycles = [[k, v, f"{v / carrier['clock_hz'] * 1e6:.2f}"] for k, v in carrier_cycles(carrier).items()]
    connector = [[f"`{signal}`", ", ".join(places)] for signal, places in carrier["connector"].items()]
    return page(
        f"The {folder} carrier",
        comment_head("carrier", CARRIERS / folder),
        [
            ("Array", ["figure", "value"], [[what, carrier[what]] for what in ARRAY_FIGURES]),
            ("Rails", ["number", "name", "ceiling in V", "ceiling in codes"], rails),
            *(scan_sections(carrier) if is_scan(carrier) else switch_sections(carrier)),
            ("Times", ["step", "clocks", "us"], cycles),
            ("Connector", ["signal", "pins, from bit 0"], connector),
        ],
    )


def named_modes(carrier: Table) -> list[tuple[Any, Table]]:
    """With RESET from its second rail."""
    return [*enumerate(carrier["mode"]), ("", carrier["reset_second"] | {"name": "reset, bit line mask empty"})]


Section = tuple[str, list[str], list[list[Any]]]


def scan_sections(carrier: Table) -> list[Section]:
    scan, places, at = carrier["scan"], [], 0
    for field in scan["word"]:
        places.append([field["name"], at, field["bits"]])
        at += field["bits"]
    modes = [[i, m["name"], *(m["rails"] or ["0 V"] * 2)] for i, m in named_modes(carrier)]
    settings = [[name, value] for name, value in scan.items() if name != "word"]
    shunt = [[name, value] for name, value in carrier["shunt"].items()]
    return [
        ("Modes of the lines", ["number", "name", "rail on Vcc_set", "rail on Vcc_wl_set"], modes),
        ("Word of a packet", ["field", "from bit", "bits"], places),
        ("Scan port", ["setting", "value"], settings),
        ("Shunt and its amplifier", ["figure", "value"], shunt),
    ]


def switch_sections(carrier: Table) -> list[Section]:
    modes = [[i, m["name"], ", ".join(m["rails"]), ", ".join(m["closes"])] for i, m in named_modes(carrier)]
    bus, row, column = (carrier["wiring"][kind] for kind in ("bus", "row", "column"))
    switches: list[list[Any]] = [["bus", name, n] for name, n in bus.items() if name != "monitor"]
    switches.append(["bus", "monitor of rail r", f"{bus['monitor']} + r"])
    for groups, line, numbers in (("wl, bl", "i", row), ("col_lo, col_hi", "j", column)):
        for name, n in numbers.items():
            if name != "stride":
                switches.append([groups, f"line {line} to {name}", f"{numbers['stride']}{line} + {n}"])
    ohms = [[i, ohm] for i, ohm in enumerate(carrier["reference"]["ohm"])]
    return [
        ("Modes of the lines", ["number", "name", "rails that must have settled", "switches of the buses"], modes),
        ("Switches", ["group", "switch", "number"], switches),
        ("Reference resistors", ["column", "ohm, from rail cal to its source line"], ohms),
    ]


def board_page(board: Table, folder: str, carrier: Table) -> str:
    intro = "Pins of the FPGA, and of the carrier's connector that they lead to."
    columns = ["signal", "connector", "site"]
    return page(
        f"The {board['title']} with the {folder} carrier", intro, [("Pins", columns, board_pins.rows(board, carrier))]
    )


def testplan_page(plan: Table) -> str:
    def section(unit: Table) -> tuple[str, list[str], list[list[Any]]]:
        rows = [[f["does"], ", ".join(f"`{test}`" for test in f["tests"])] for f in unit["feature"]]
        return unit["name"].capitalize(), ["feature", "shown by"], rows

    return page("Test plan", comment_head("testplan"), map(section, plan["unit"]))


_PARAM = re.compile(r'OHM_PARAM\((\w+), ([^,]+), ([^,]+), "([^"]*)", "([^"]*)"\)')
_SECTION = re.compile(r"/\* ([^*]*) \*/")


def array_parameters_page(carrier: Table) -> str:
    """Of the array model, from the file that the model is compiled from, with the presets' values."""
    figures = model_figures(carrier)
    folder = REPO / "host/ohmbench/model/presets"
    presets = {name: tomllib.loads((folder / f"{name}.toml").read_text()) for name in ("c", "ideal")}
    sections: list[tuple[str, list[str], list[list[Any]]]] = []
    for line in (REPO / "sim/array/ohm_params.def").read_text().splitlines():
        if heading := _SECTION.fullmatch(line):
            columns = ["name", "unit", "default (preset a)", "preset c", "preset ideal", "lowest", "source"]
            sections.append((heading[1][0].upper() + heading[1][1:], columns, []))
        elif found := _PARAM.fullmatch(line):
            name, default, lowest, unit, source = found.groups()
            default = str(figures.get(default, default))
            values = [f"{float(presets[preset].get(name, default)):g}" for preset in presets]
            unit = "" if unit == "1" else unit
            sections[-1][2].append([f"`{name}`", unit, f"{float(default):g}", *values, f"{float(lowest):g}", source])
        elif line.startswith("OHM_PARAM("):
            raise SystemExit(f"ohm_params.def: a parameter is to stand in a line of its own: {line}")
    return page("Parameters of the array model", _ABOUT_PARAMETERS, sections)


_ABOUT_PARAMETERS = """
What `sim` and `twin` compute with: a preset or a TOML file of `--device` sets them, and a [sweep](../sweep.md) varies
them as `params.NAME`. `ohmbench sweep --params` prints preset a as a file to begin with. A file names the parameters
that differ from the default; each is finite and not below its lowest.

The defaults are the SR-1T1R law fitted to open 1T1R measurements (akashlevy/RRAM-RADAR-Tuning, data of
10.1109/TED.2021.3097975: "RADAR data" below). [guess] marks a value that no measurement behind this model supports.
uS is microsiemens, us microseconds; a parameter without a unit is a pure number. They are changed in
`sim/array/ohm_params.def`.
"""
