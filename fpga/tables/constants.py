"""The C header of the models and the Python constants of the host, from the tables."""

from __future__ import annotations

from collections.abc import Iterable

from source import (
    DAC_CODES,
    NOTE,
    REPO,
    Table,
    camel,
    carrier_cycles,
    channel_rails,
    code_of,
    fields,
    is_scan,
    rail_mask,
)

from ohmbench.support.table_digest import table_digest


def model_figures(carrier: Table) -> dict[str, float]:
    """Figures of a carrier that sim/array/ohm_params.def names as defaults."""
    return {
        "OHM_CLOCK_HZ": float(carrier["clock_hz"]),
        "OHM_DAC_FULL_SCALE_V": float(carrier["dac"]["full_scale_v"]),
        "OHM_ADC_LSB_V": float(carrier["adc"]["lsb_v"]),
        "OHM_TIA_OHM": float(carrier["tia"]["ohm"]),
    }


def mask_of(first: int, width: int) -> int:
    return ((1 << width) - 1) << first


def require_alike(carriers: dict[str, Table]) -> None:
    """What the models and the host take to be the same on every carrier.

    Raises:
        SystemExit: it is not.
    """
    for what in ("clock_hz", "rows", "columns", "array_type", "half_select_max_v", "read_max_ms"):
        if len({carrier[what] for carrier in carriers.values()}) > 1:
            raise SystemExit(f"carriers differ in {what}, which host and models have once for all")
    for what in ("rail", "mode"):
        if len({tuple(item["name"] for item in carrier[what]) for carrier in carriers.values()}) > 1:
            raise SystemExit(f"carriers differ in the names of their {what}s, which host and models have once for all")
    for part, what in (("dac", "full_scale_v"), ("adc", "lsb_v")):
        if len({carrier[part][what] for carrier in carriers.values()}) > 1:
            raise SystemExit(f"carriers differ in {what}, which host and models have once for all")


def c_of_scan(name: str, carrier: Table) -> list[str]:
    """Figures of a carrier with a scan port, named after it."""
    prefix, cycles = f"OHM_{name.upper()}", carrier_cycles(carrier)
    figures = {k: cycles[k] for k in ("dac_frame", "dac_settle", "scan_packet", "scan_hold", "pulse_recovery")}
    enum = [f"    {prefix}_{k.upper()}_CYCLES = {v}" for k, v in figures.items()]
    line, gate = ([f"OHM_RAIL_{rail.upper()}" for rail in channel_rails(carrier, channel)] for channel in (0, 1))
    assert {f"OHM_RAIL_{rail['name'].upper()}" for rail in carrier["rail"]} >= {*line, *gate}
    return [
        "",
        f"/* carrier {name} */",
        "enum {",
        *",\n".join([f"    {prefix}_NUMBER = {carrier['number']}", *enum]).split("\n"),
        "};",
        f"#define {prefix}_MODE_LINE {{{', '.join(line)}}}",
        f"#define {prefix}_MODE_GATE {{{', '.join(gate)}}}",
        f"#define {prefix}_RAIL_CEILING {{{', '.join(str(code_of(r['max_v'], carrier)) for r in carrier['rail'])}}}",
        f"#define {prefix}_SHUNT_OHM {float(carrier['shunt']['ohm'])}",
        f"#define {prefix}_VOLTS_PER_AMP {float(carrier['shunt']['volts_per_amp'])}",
    ]


def c_header(isa: Table, default: str, carriers: dict[str, Table], registers: Table) -> str:
    require_alike(carriers)
    carrier = carriers[default]
    out = [f"/* {NOTE} */", "#ifndef OHM_TABLES_H", "#define OHM_TABLES_H"]

    def enum(prefix: str, members: Iterable[tuple[str, int | str]]) -> None:
        lines = [f"    OHM_{prefix}{name.upper()} = {value}" for name, value in members]
        out.extend(["", "enum {", *",\n".join(lines).split("\n"), "};"])

    enum("OP_", ((i["name"], i["opcode"]) for i in isa["instruction"]))
    enum("FAULT_", [("none", 0), *((f["name"], f["code"]) for f in registers["fault"])])
    enum("REGISTER_", ((r["name"], r["number"]) for r in registers["register"]))
    for register in registers["register"]:
        if "field" in register:
            members = ((name, f"0x{mask_of(first, width):x}") for name, first, width, _ in fields(register))
            enum(f"{register['name'].upper()}_", members)
    enum("RAIL_", [*((r["name"], i) for i, r in enumerate(carrier["rail"])), ("count", len(carrier["rail"]))])
    enum("MODE_", [*((m["name"], i) for i, m in enumerate(carrier["mode"])), ("count", len(carrier["mode"]))])
    enum("", ((name, carrier[name]) for name in ("rows", "columns")))
    cycles = {**isa["cycles"], **carrier_cycles(carrier)}
    enum("", [*isa["geometry"].items(), *((f"{name}_cycles", value) for name, value in cycles.items())])
    masks = [f"0x{rail_mask(carrier, m):02x}" for m in carrier["mode"]]
    ceilings = [str(code_of(r["max_v"], carrier)) for r in carrier["rail"]]
    ohms = [str(float(ohm)) for ohm in carrier["reference"]["ohm"]]
    out += [
        "",
        "/* of the tables that this was made from: ohmbench.support.table_digest */",
        f"#define OHM_TABLE_DIGEST 0x{table_digest(REPO):08x}u",
        *(f"#define {name} {value}" for name, value in model_figures(carrier).items()),
        "/* the lowest bits of a mask, 1 to 32 of them */",
        "#define OHM_MASK_OF(count) (0xFFFFFFFFu >> (32 - (count)))",
        "/* rails that must have settled in a mode, a bit each; and in RESET with its second rail */",
        f"#define OHM_MODE_RAILS {{{', '.join(masks)}}}",
        f"#define OHM_SECOND_RAILS 0x{rail_mask(carrier, carrier['reset_second']):02x}",
        "/* hard ceilings of the rails in DAC codes */",
        f"#define OHM_RAIL_CEILING {{{', '.join(ceilings)}}}",
        "/* and of what a SET pulse leaves across the row's other cells */",
        f"#define OHM_HALF_SELECT_CEILING {code_of(carrier['half_select_max_v'], carrier)}",
        "/* and of the time under bias of a read */",
        f"#define OHM_READ_MAX_MS {carrier['read_max_ms']}",
        f"#define OHM_MS_CYCLES {carrier['clock_hz'] // 1000}",
        f"#define OHM_MONITOR_OHM {float(carrier['monitor']['ohm'])}",
        "/* column to whose amplifier a rail's monitor resistor leads */",
        f"#define OHM_MONITOR_COLUMN {{{', '.join(map(str, carrier['monitor']['column']))}}}",
        "/* from rail cal to the end of each source line, by column of the array */",
        f"#define OHM_REFERENCE_OHM {{{', '.join(ohms)}}}",
        *(line for name, other in carriers.items() if is_scan(other) for line in c_of_scan(name, other)),
        "",
        "#endif",
    ]
    return "\n".join(out) + "\n"


CARRIER_TABLE = '''class CarrierTable(NamedTuple):
    """What is other from carrier to carrier. Volts and DAC codes by rail; ohms.

    volts_per_amp: at the converter. series_ohm: with each cell, in pulses and reads. has_references: reference
    resistors and monitors of the rails. max_levels: that a cell is programmed to, if its file does not say.
    """

    number: int
    parallel_columns: int
    rail_max_v: dict[Rail, float]
    rail_ceiling: dict[Rail, int]
    volts_per_amp: float
    series_ohm: float
    has_references: bool
    max_levels: int
'''


def python(isa: Table, default: str, carriers: dict[str, Table], link: Table, registers: Table) -> str:
    carrier = carriers[default]
    out = [f'"""{NOTE}"""', "", "from __future__ import annotations", ""]
    out += ["from enum import IntEnum, IntFlag", "from typing import NamedTuple", ""]

    def enum(name: str, members: Iterable[tuple[str, int]], fmt: str = "d") -> None:
        prefix = "0x" if fmt.endswith("x") else ""
        out.extend(["", f"class {name}(IntEnum):"])
        out.extend(f"    {m.upper()} = {prefix}{v:{fmt}}" for m, v in members)
        out.append("")

    shifts: list[str] = []  # of fields of several bits

    def flags(name: str, does: str, owner: Table) -> None:
        out.extend(["", f"class {name}(IntFlag):", f'    """{does}"""', ""])
        out.extend(f"    {m.upper()} = 0x{mask_of(first, width):X}" for m, first, width, _ in fields(owner))
        out.append("")
        prefix = owner["name"].upper()
        shifts.extend(f"{prefix}_{m.upper()}_SHIFT = {first}" for m, first, width, _ in fields(owner) if width > 1)

    enum("FrameType", ((f["name"], f["type"]) for f in link["frame"]), "02x")
    enum("FrameError", ((e["name"], e["code"]) for e in link["error"]))
    enum("Fault", [("none", 0), *((f["name"], f["code"]) for f in registers["fault"])])
    enum("Register", ((r["name"], r["number"]) for r in registers["register"]))
    for register in registers["register"]:
        if "field" in register:
            flags(camel(register["name"]), f"Of register `{register['name']}`.", register)
    for frame in link["frame"]:
        if "field" in frame:
            flags(f"{camel(frame['name'])}Arg", f"Of the arg of frame `{frame['name']}`.", frame)
    enum("Rail", ((r["name"], i) for i, r in enumerate(carrier["rail"])))
    enum("Mode", ((m["name"], i) for i, m in enumerate(carrier["mode"])))
    enum("Op", ((i["name"], i["opcode"]) for i in isa["instruction"]), "02x")

    out.extend(["", f"PROTOCOL_VERSION = {link['version']}", f"MAX_PAYLOAD = {link['max_payload']}"])
    out.extend(shifts)
    out.extend([f"DEFAULT_BAUD = {link['default_baud']}", f'MAGIC = b"{link["magic"]}"'])
    types = ", ".join(f'{code}: "{name}"' for name, code in link["array_types"].items())
    out.extend([f"ARRAY_TYPES = {{{types}}}", ""])
    out.append("# instruction: operands as the assembler reads them, 'field:kind'; '?m' may carry a predicate")
    out.append("OPERANDS: dict[Op, tuple[str, ...]] = {")
    for i in isa["instruction"]:
        inner = ", ".join(f'"{o}"' for o in i["operands"]) + ("," if len(i["operands"]) == 1 else "")
        out.append(f"    Op.{i['name'].upper()}: ({inner}),")
    out.extend(["}", ""])
    out.extend(f"{k.upper()} = {v}" for k, v in isa["geometry"].items())
    out.extend(f"{k.upper()}_CYCLES = {v}" for k, v in isa["cycles"].items())
    out.append("")
    out.append(f"TABLE_DIGEST = 0x{table_digest(REPO):08X}  # of the tables that this was made from")
    out.extend([f"CLOCK_HZ = {carrier['clock_hz']}", f"ROWS = {carrier['rows']}", f"COLUMNS = {carrier['columns']}"])
    out.append(f'ARRAY_TYPE = "{carrier["array_type"]}"')
    out.append(f"DAC_FULL_SCALE_V = {carrier['dac']['full_scale_v']}")
    out.append(f"DAC_CODES = {DAC_CODES}")
    out.append(f"ADC_LSB_V = {carrier['adc']['lsb_v']}")
    adc_bits = carrier["parts"]["adc"]["frame_bits"]
    out.append(f"ADC_MAX = {(1 << (adc_bits - 1)) - 1}  # highest code of the signed range")
    out.append(f"TIA_OHM = {float(carrier['tia']['ohm'])}")
    out.append(f"MONITOR_OHM = {float(carrier['monitor']['ohm'])}")
    monitors = ", ".join(map(str, carrier["monitor"]["column"]))
    out.append(f"MONITOR_COLUMN: tuple[int, ...] = ({monitors})  # to whose amplifier a rail's monitor resistor leads")
    out.append("# from rail cal to the end of each source line")
    out.append("REFERENCE_OHM: tuple[float, ...] = (")
    out.extend(f"    {float(ohm)}," for ohm in carrier["reference"]["ohm"])
    out.append(")")
    out.extend(f"{k.upper()}_CYCLES = {v}" for k, v in carrier_cycles(carrier).items())
    out.append("# rails that must have settled before a pulse or a conversion in a mode")
    out.append("MODE_RAILS: dict[Mode, tuple[Rail, ...]] = {")
    for m in carrier["mode"]:
        inner = ", ".join(f"Rail.{r.upper()}" for r in m["rails"]) + ("," if len(m["rails"]) == 1 else "")
        out.append(f"    Mode.{m['name'].upper()}: ({inner}),")
    second = ", ".join(f"Rail.{r.upper()}" for r in carrier["reset_second"]["rails"])
    out.extend(["}", "# and in RESET with an empty bit line mask", f"SECOND_RAILS = ({second})"])
    out += ["", "", *CARRIER_TABLE.split("\n"), "", "CARRIERS: dict[str, CarrierTable] = {"]
    for name, one in carriers.items():
        out.append(f'    "{name}": CarrierTable(')
        out += [f"        {one['number']},", f"        {1 if is_scan(one) else one['columns']},"]
        for values in (
            [r["max_v"] for r in one["rail"]],
            [code_of(r["max_v"], one) for r in one["rail"]],
        ):
            named = zip((r["name"].upper() for r in one["rail"]), values, strict=True)
            out += ["        {", *(f"            Rail.{name}: {value}," for name, value in named), "        },"]
        series = one["shunt"]["ohm"] if is_scan(one) else 0.0
        volts_per_amp = one["shunt"]["volts_per_amp"] if is_scan(one) else one["tia"]["ohm"]
        figures = (float(volts_per_amp), float(series), "reference" in one, one["max_levels"])
        out += [f"        {value}," for value in figures]
        out.append("    ),")
    out += ["}", f'DEFAULT_CARRIER = "{default}"', "# its hard ceilings of the rails in volts and in DAC codes"]
    out += ["RAIL_MAX_V, RAIL_CEILING = CARRIERS[DEFAULT_CARRIER].rail_max_v, CARRIERS[DEFAULT_CARRIER].rail_ceiling"]
    out.append("# and of what a SET pulse leaves across the row's other cells")
    out.append(f"HALF_SELECT_MAX_V = {carrier['half_select_max_v']}")
    out.append(f"HALF_SELECT_CEILING = {code_of(carrier['half_select_max_v'], carrier)}")
    out.append(f"READ_MAX_MS = {carrier['read_max_ms']}  # and of the time under bias of a read")
    return "\n".join(out) + "\n"
