"""SystemVerilog packages from the tables."""

from __future__ import annotations

from collections.abc import Iterable

from source import (
    NOTE,
    Table,
    bus_mask,
    camel,
    carrier_cycles,
    channel_rails,
    code_of,
    fields,
    is_scan,
    rail_mask,
    scan_bits,
)


def sv_package(name: str, body: Iterable[str]) -> str:
    lines = "\n".join(f"  {line}" if line else "" for line in body)
    # a package offers constants; no module uses all of them
    return (
        f"// {NOTE}\n\n// verilator lint_off UNUSEDPARAM\npackage {name};\n{lines}\nendpackage\n"
        "// verilator lint_on UNUSEDPARAM\n"
    )


def sv_enum(kind: str, width: int, members: list[tuple[str, int]]) -> list[str]:
    out = [f"typedef enum logic [{width - 1}:0] {{"]
    for i, (name, value) in enumerate(members):
        comma = "," if i + 1 < len(members) else ""
        out.append(f"  {name} = {width}'h{value:x}{comma}")
    return [*out, f"}} {kind};"]


def sv_fields(kind: str, owner: Table) -> list[str]:
    """A packed struct; bits between fields are `unused...`."""
    members, following = [], 0
    for name, first, width, _ in fields(owner):
        if first > following:
            members.append((f"unused_{following}", first - following))
        members.append((name, width))
        following = first + width
    ranges = [(f"[{width - 1}:0] " if width > 1 else "") + name for name, width in reversed(members)]
    return ["typedef struct packed {", *(f"  logic {member};" for member in ranges), f"}} {kind};"]


def isa_sv(isa: Table) -> str:
    geometry = isa["geometry"]
    body = sv_enum("op_e", 6, [("Op" + camel(i["name"]), i["opcode"]) for i in isa["instruction"]])
    body += [""] + [f"parameter int unsigned {camel(k)} = {v};" for k, v in geometry.items()]
    body += [f"parameter int unsigned {camel(k)}Cycles = {v};" for k, v in isa["cycles"].items()]
    return sv_package("ohm_isa_pkg", body)


def carrier_sv(carrier: Table) -> str:
    body = [f"parameter int unsigned {camel(k)}Cycles = {v};" for k, v in carrier_cycles(carrier).items()]
    body += [f"parameter int unsigned ClockHz = {carrier['clock_hz']};", ""]
    for name in ("rows", "columns"):
        body.append(f"parameter int unsigned {camel(name)} = {carrier[name]};")
    body.append("parameter int unsigned RowW = $clog2(Rows);")
    body += ["parameter int unsigned ColumnW = $clog2(Columns);", ""]
    body.append(f"parameter int unsigned CarrierNumber = {carrier['number']};")
    body.append("// lines choose one cell at a time: ohm_cells, and the guard")
    body += [f"parameter bit OneCell = 1'b{is_scan(carrier):d};", ""]
    for kind, width in (("rail", 3), ("mode", 2), ("group", 3)):
        if kind in carrier:
            names = [f"{camel(kind)}{camel(m['name'])}" for m in carrier[kind]]
            body += [*sv_enum(f"{kind}_e", width, [(n, i) for i, n in enumerate(names)]), ""]
    body.append(f"parameter int unsigned Rails = {len(carrier['rail'])};")
    if "group" in carrier:
        body.append(f"parameter int unsigned Groups = {len(carrier['group'])};")
    rails = ", ".join(f"8'h{rail_mask(carrier, m):02x}" for m in reversed(carrier["mode"]))
    body.append("// rails that must have settled in a mode, indexed by mode_e; and in RESET with its second rail")
    body.append(f"parameter logic [3:0][7:0] ModeRails = {{{rails}}};")
    body.append(f"parameter logic [7:0] SecondRails = 8'h{rail_mask(carrier, carrier['reset_second']):02x};")
    body += ["", *(scan_sv(carrier) if is_scan(carrier) else switches_sv(carrier)), ""]
    body.append("// hard ceilings of the rails in DAC codes, indexed by rail_e")
    ceilings = [code_of(r["max_v"], carrier) for r in carrier["rail"]]
    codes = [f"  16'd{c}" for c in reversed(ceilings)]
    body += ["parameter logic [7:0][15:0] RailCeiling = {", *",\n".join(codes).split("\n"), "};"]
    body.append("// and of what a SET pulse leaves across the row's other cells")
    half_select = code_of(carrier["half_select_max_v"], carrier)
    body.append(f"parameter logic [15:0] HalfSelectCeiling = 16'd{half_select};")
    body.append("// and of the time under bias of a read")
    body.append(f"parameter logic [15:0] ReadCeilingMs = 16'd{carrier['read_max_ms']};")
    body += ["", *sv_enum("kind_e", 2, [("CmdRail", 0), ("CmdLines", 1), ("CmdPulse", 2), ("CmdSense", 3)]), ""]
    body += [
        "// one command to the carrier; fields that a kind does not use are zero",
        "typedef struct packed {",
        "  kind_e        kind;",
        "  rail_e        rail;   // CmdRail",
        "  mode_e        mode;   // CmdLines",
        "  logic [15:0]  value;  // CmdRail: DAC code. CmdPulse: width in clocks",
        "  logic [Rows-1:0]     wl;   // CmdLines",
        "  logic [Rows-1:0]     bl;   // CmdLines",
        "  logic [Columns-1:0]  col;  // CmdLines",
        "} cmd_t;",
    ]
    return sv_package("ohm_carrier_pkg", body)


def switches_sv(carrier: Table) -> list[str]:
    """Of lines behind switches."""
    body = ["// numbers of the switches in their groups: switch s of chip c is 8c + s"]
    for kind, numbers in carrier["wiring"].items():
        body += [f"parameter int unsigned Sw{camel(kind)}{camel(k)} = {v};" for k, v in numbers.items()]
    chips = -(-(carrier["wiring"]["bus"]["monitor"] + len(carrier["rail"])) // 8)
    body.append(f"parameter int unsigned BusChips = {chips};")
    second, *closed = [
        f"{8 * chips}'h{bus_mask(carrier, mode):0{2 * chips}x}"
        for mode in (carrier["reset_second"], *reversed(carrier["mode"]))
    ]
    body.append("// switches of the buses that a mode closes, likewise; the monitors' apart")
    body.append(f"parameter logic [3:0][{8 * chips - 1}:0] ModeBus = {{{', '.join(closed)}}};")
    return [*body, f"parameter logic [{8 * chips - 1}:0] SecondBus = {second};"]


def scan_sv(carrier: Table) -> list[str]:
    """Of lines behind a scan port."""
    scan = carrier["scan"]
    body = ["// rail of channels A and B of the DAC in each mode but off, indexed by mode_e"]
    for channel, name in enumerate(("ModeLine", "ModeGate")):
        chosen = ", ".join(f"Rail{camel(rail)}" for rail in reversed(channel_rails(carrier, channel)))
        body.append(f"parameter rail_e [3:0] {name} = {{{chosen}}};")
    body.append("// and of channel A in RESET with an empty bit line mask")
    body.append(f"parameter rail_e SecondLine = Rail{camel(carrier['reset_second']['rails'][0])};")
    body += ["", "// the packet: bits, of these before the word; places of the word's fields; levels of pins"]
    body.append(f"parameter int unsigned ScanBits = {scan_bits(carrier)};")
    body.append(f"parameter int unsigned ScanDummyBits = {scan['dummy_bits']};")
    at = 0
    for field in scan["word"]:
        body.append(f"parameter int unsigned Scan{camel(field['name'])}At = {at};")
        at += field["bits"]
    body.append(f"parameter int unsigned ScanWordBits = {at};")
    body.append(f"parameter bit ScanLsbFirst = 1'b{scan['lsb_first']:d};")
    body.append(f"parameter bit ScanShiftLevel = 1'b{scan['shift_level']};")
    return [*body, f"parameter bit ScanResetLevel = 1'b{scan['reset_level']};"]


def parts_sv(carriers: Iterable[Table]) -> str:
    """Figures of all carriers' parts, for their models."""
    body: dict[str, None] = {}
    for carrier in carriers:
        for kind, figures in carrier["parts"].items():
            part = carrier[kind]["part"]
            body |= dict.fromkeys(f"parameter int unsigned {camel(part)}{camel(k)} = {v};" for k, v in figures.items())
        tia = carrier.get("tia", {})
        body |= dict.fromkeys(
            f"parameter int unsigned Tia{camel(k)} = {v};" for k, v in tia.items() if k.endswith("_ns")
        )
        body |= {f"parameter real DacFullScaleV = {carrier['dac']['full_scale_v']};": None}
    return sv_package("parts_pkg", body)


def link_sv(link: Table, carrier: Table) -> str:
    body = sv_enum("frame_e", 8, [("Frame" + camel(f["name"]), f["type"]) for f in link["frame"]])
    body += ["", *sv_enum("error_e", 8, [("Error" + camel(e["name"]), e["code"]) for e in link["error"]]), ""]
    body += [
        f"parameter int unsigned ProtocolVersion = {link['version']};",
        f"parameter int unsigned MaxPayload = {link['max_payload']};",
        f"parameter int unsigned DefaultBaud = {link['default_baud']};",
        f"parameter logic [7:0] ArrayType = 8'd{link['array_types'][carrier['array_type']]};",
        "parameter logic [31:0] Magic = 32'h" + link["magic"].encode()[::-1].hex() + ";",
    ]
    for frame in link["frame"]:
        if "field" in frame:
            body += ["", f"// arg of `{frame['name']}`", *sv_fields(f"{frame['name']}_arg_t", frame)]
    return sv_package("ohm_link_pkg", body)


def guard_sv(registers: Table) -> str:
    faults = [("FaultNone", 0)] + [("Fault" + camel(f["name"]), f["code"]) for f in registers["fault"]]
    body = sv_enum("fault_e", 8, faults)
    body += [""] + [f"parameter int unsigned Reg{camel(r['name'])} = {r['number']};" for r in registers["register"]]
    body += [
        f"parameter int unsigned Reg{camel(r['name'])}Reset = {r['reset']};"
        for r in registers["register"]
        if "reset" in r
    ]
    for register in registers["register"]:
        if "field" in register:
            body += ["", *sv_fields(f"{register['name']}_t", register)]
    return sv_package("ohm_guard_pkg", body)
