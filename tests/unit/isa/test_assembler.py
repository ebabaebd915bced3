"""Syntax, mistakes and their places."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.errors import AssemblyError, UsageError
from ohmbench.isa import assemble, assemble_file, decode, listing, load_firmware
from ohmbench.tables import PROGRAM_WORDS, Mode, Rail


def operands(text: str) -> tuple[int, ...]:
    """Of the first instruction of a program."""
    instruction = decode(assemble(text + "\nhalt 0").words[0])
    assert instruction is not None
    return instruction.values


def mistakes(text: str) -> list[str]:
    """`line:column: message` of each mistake."""
    with pytest.raises(AssemblyError) as raised:
        assemble(text, "p")
    lines = str(raised.value).splitlines()
    assert raised.value.told().endswith("in p. Nothing was sent to the array.")
    return [line.removeprefix("p:") for line in lines if line.startswith("p:")]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("12", 12),
        ("0x1F", 31),
        ("0b101", 5),
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("10 - 3 - 2", 5),
        ("1 << 2 + 1", 8),
        ("-3 + 10", 7),
        ("5--2", 7),
        ("WIDTH * 2 - 1", 95),
        ("after", 2),
    ],
)
def test_expressions(expression: str, value: int) -> None:
    text = f".equ WIDTH 48\nli r1, {expression}\nli r2, 0\nafter: halt 0"
    assert assemble(text).words[0] & 0xFFFF == value


@given(st.lists(st.tuples(st.sampled_from(["+", "-", "*"]), st.integers(0, 9)), max_size=8), st.integers(0, 9))
def test_expressions_mean_what_they_mean_in_python(tail: list[tuple[str, int]], first: int) -> None:
    text = f"{first}" + "".join(f" {operator} {value}" for operator, value in tail)
    expected = eval(text)  # digits and three operators only
    assert assemble(f".equ A {text}\n.word (A + 0x80000000)").words == (expected + 0x80000000,)


def test_labels_reach_both_ways_and_share_a_line() -> None:
    program = assemble("a: b: jmp c\n\n  li r1, 1 ; comment: with colon\nc:\n  bne r1, r2, a\n halt 0")
    assert program.words[0] & 0xFFFF == 2
    assert operands("x: bne r1, r2, x") == (1, 2, 0)
    assert program.lines == (1, 3, 5, 6)
    assert program.where(1) == "program:3: li r1, 1 ; comment: with colon"


def test_rails_and_modes_have_names_and_numbers() -> None:
    for rail in Rail:
        assert operands(f"rail {rail.name.lower()}, r3") == (rail, 3) == operands(f"rail {int(rail)}, r3")
    for mode in Mode:
        assert operands(f"lines {mode.name.lower()}, m1, m2, m3")[0] == mode


def test_predicate_is_optional() -> None:
    assert operands("vadd v1, v2, v3") == (1, 2, 3, 0)
    assert operands("vadd v1, v2, v3 ?m4") == (1, 2, 3, 4)
    assert operands("vld v1, r2, 255 ?m15") == (1, 2, 255, 15)


def test_entries_and_arguments() -> None:
    program = assemble(".entry go\n.entry stop\n.arg row r2\n.arg n r2\n.arg width r4\ngo: li r1, 1\nstop: halt 1")
    assert program.entries == {"go": 0, "stop": 1}
    assert program.entry("stop") == 1
    assert program.registers({"width": 7, "row": 3}) == [0, 0, 3, 0, 7] + [0] * 11
    with pytest.raises(UsageError, match="no entry 'g'.*did you mean 'go'"):
        program.entry("g")
    with pytest.raises(UsageError, match="no argument 'widht'.*did you mean 'width'"):
        program.registers({"widht": 1})
    with pytest.raises(UsageError, match="row and n are both register r2"):
        program.registers({"row": 1, "n": 2})
    with pytest.raises(UsageError, match="outside 0 to 65535"):
        program.registers({"row": 65536})
    assert assemble("halt 0").entries == {"main": 0}


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        (" vaddd v1, v2, v3", "1:2: unknown instruction `vaddd` (did you mean 'vadd'?)"),
        (" .entri x", "1:2: unknown directive `.entri` (did you mean '.entry'?)"),
        ("rail wl_sett, r1", "1:6: no rail `wl_sett` (did you mean 'wl_set'?)"),
        ("lines write, m1, m1, m1", "1:7: no mode `write`"),
        ("li r16, 0", "1:4: expected a scalar register r0 to r15, found `r16`"),
        ("li v1, 0", "1:4: expected a scalar register r0 to r15, found `v1`"),
        ("vset v1, m1", "1:10: expected a scalar register r0 to r15, found `m1`"),
        ("bany r1, here", "1:6: expected a mask register m0 to m15, found `r1`"),
        ("li r1, r2", "1:8: `r2` is a register, expected a number"),
        ("li r1, 65536", "1:8: 65536 is outside 0 to 65535 (u16)"),
        ("li r1, -1", "1:8: -1 is outside 0 to 65535 (u16)"),
        ("addi r1, r1, 0x8000", "1:14: 32768 is outside -32768 to 32767 (s16)"),
        ("vld v1, r1, 256", "1:13: 256 is outside 0 to 255 (u8)"),
        ("vshl v1, v2, 32", "1:14: 32 is outside 0 to 31 (shift)"),
        ("rail 8, r1", "1:6: 8 is outside 0 to 7 (rail)"),
        (".word 1 << 31 << 1", "1:15: the result does not fit in 32 bits"),
        (".word -1", "1:7: -1 is outside 0 to 4294967295 (word)"),
        ("li r1, 1 << 32", "1:10: a shift by 32 is outside 0 to 31"),
        ("li r1, 0xZ", "1:8: `0xZ` is not a number"),
        ("li r1, 3 +", "1:11: expected a number, a name or an expression"),
        ("li r1, (3", "1:10: expected `)` after the expression"),
        ("li r1, $", "1:8: `$` has no meaning here"),
        ("li r1", "1:6: expected `,` after an operand; `li rN, u16`"),
        ("li", "1:3: an operand is missing; `li rN, u16`"),
        ("sync r1", "1:6: nothing expected here; `sync`"),
        ("vadd v1, v2, v3, v4", "1:16: nothing expected here; `vadd vN, vN, vN [?mN]`"),
        ("li r1, 2 ?m1", "1:10: nothing expected here; `li rN, u16`"),
        ("vgat v1, v2, v1", "1:1: the destination of `vgat` must differ from its sources"),
        ("jmp nowhere", "1:5: `nowhere` is not defined"),
        ("jmp 7", "1:1: branch to address 7, past the end of the program"),
        ("jmp here\n.equ here 2", "1:1: branch to address 2, past the end of the program"),
        ("r1: halt 0", "1:1: `r1` is a register and cannot be a name"),
        ("a: li r1, 0\na: halt 0", "2:1: `a` is defined twice"),
        (".equ A 1\n.equ A 2", "2:6: `A` is defined twice"),
        (".equ 3", "1:6: expected a name after `.equ`"),
        (".equ A B + 1\n.equ B 1", "1:8: `B` is not defined"),
        (".equ A 1 2", "1:10: nothing expected after this, found `2`"),
        (".arg n v1", "1:8: expected a scalar register r0 to r15, found `v1`"),
        (".arg n r1\n.arg n r2", "2:6: argument `n` is there already"),
        (".entry go", "1:8: `go` is not defined"),
        (".entry go\n.entry go\ngo: sync", "2:8: entry `go` is there already"),
        ("li r1, " + "-" * 100 + "1", "1:69: more than 64 names, numbers and signs in one line"),
    ],
)
def test_mistakes_name_their_place(line: str, mistake: str) -> None:
    found = mistakes(f"{line}\nhalt 0")
    assert len(found) == 1
    assert found[0].startswith(mistake)


def test_all_mistakes_come_at_once_in_order_with_carets() -> None:
    with pytest.raises(AssemblyError) as raised:
        assemble("\tli r1, 70000\n.equ A 1 +\nli r2, A\nhallt 0\nhalt 0\n", "dir/x.useq")
    assert str(raised.value).splitlines() == [
        "dir/x.useq:1:9: 70000 is outside 0 to 65535 (u16)",
        "    1 | \tli r1, 70000",
        "      | \t       ^^^^^",
        "dir/x.useq:2:11: expected a number, a name or an expression",
        "    2 | .equ A 1 +",
        "      |           ^",
        "dir/x.useq:4:1: unknown instruction `hallt` (did you mean 'halt'?)",
        "    4 | hallt 0",
        "      | ^^^^^",
        "3 errors in dir/x.useq.",
    ]


def test_a_program_stays_inside_its_words() -> None:
    assert mistakes("li r1, 1\n; end\n")[0].startswith("1:1: the program runs on past its last word")
    assert mistakes("jmp end\nend:")[0].startswith("1:1: branch to address 1, past the end")
    assert mistakes(".entry end\nhalt 0\nend:")[0].startswith("1:8: entry `end` is past the end")
    assert mistakes("; nothing")[0] == "1:1: no instructions"
    assert mistakes("")[0] == "1:1: no instructions"
    assert mistakes("halt 0\n" * (PROGRAM_WORDS + 1)) == [
        f"{PROGRAM_WORDS + 1}:1: {PROGRAM_WORDS + 1} words, and the program memory holds {PROGRAM_WORDS}"
    ]
    assert len(assemble("halt 0\n" * PROGRAM_WORDS).words) == PROGRAM_WORDS


@given(st.text(alphabet=st.sampled_from("lirvm0129 ,:;.?+-*<()x\n\t_$é"), max_size=80))
def test_any_text_assembles_or_names_its_mistakes(text: str) -> None:
    try:
        program = assemble(text)
    except AssemblyError as error:
        message = str(error)
    else:
        message = program.where(0)
    assert message.startswith("program:")


def test_listing_shows_address_word_and_source() -> None:
    program = assemble(".entry go\n; why\ngo:\n  li r1, 5\n\n  halt 2\n", "p")
    assert listing(program).splitlines() == [
        f"; 2 of 1024 words, crc32 {program.digest:08x}; entries: go 000",
        "              .entry go",
        "              ; why",
        "              go:",
        "000 04400005    li r1, 5",
        "",
        "001 00000002    halt 2",
    ]
    assert program.digest == 0x7D13B52A  # of 05 00 40 04 02 00 00 00, by perl's Compress::Zlib


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "own.useq"
    path.write_text("halt 3\n")
    assert assemble_file(path).words == (3,)
    with pytest.raises(UsageError, match="No such file"):
        assemble_file(tmp_path / "none.useq")
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        assemble_file(path)
    with pytest.raises(UsageError, match="no program 'raed' in firmware.*did you mean 'read'"):
        load_firmware("raed")
