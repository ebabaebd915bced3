"""A whole session byte by byte, as it was worked out by hand from the table of frames, not by the code under test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tests.unit.link.fpga_model import Clock

from ohmbench.link import BoardInfo, Done, Link, MockTransport, Result, State, Why
from ohmbench.tables import Control, Fault, Register

Step = tuple[tuple[str, ...], tuple[str, ...]]

HELLO = (("00", "0201020205fbdaceab00"), ("02020202094f484d4278563412086cdc0220200108020103040106feca01203f03774b00",))
# What each write of the host must be, and what the FPGA answers to it. Hexadecimal, a frame in each string.
OPEN = [
    HELLO,
    (
        ("0206010105c0802f0400",),
        (
            "0207020203e803010101010103d00701010101010203010103900101"
            "010101010205010103580201010101010246010101010101052fb108e200",
        ),
    ),
    HELLO,
]
DATA = "02c0010101840102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627" + (
    "28292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f50515253545556"
    "5758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7fe04b537c00"
)
REGISTER = [
    (("028501010201010105b23345c600",), ("0403010705028c727d00",)),
    (("03820101020105810cc1c600",), ("04030206051a032f6600", DATA)),
    (("0403014005c0554ac200",), ()),
]
PROGRAM = [
    (("04830205020107feff1199456000",), ("0403030805a3446ef900",)),
    (
        ("0484030801240102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f697bb5c900",),
        (
            "0403040805265221fc00",
            "03c1010108fbffffff7011010426fb0d0100",
            "04c20207010102210440e2010101010105f1a0b20200",
        ),
    ),
    (("0403034005ae81cec100",), ()),
]

SMALL = [
    (("068302052001052613ae4500",), ("0403030805a3446ef900",)),
    (
        ("04840304151032547698badcfe1032547698badcfe2730168d00",),
        (
            "0403040805265221fc00",
            "03c4010103fbff058070110105e450e80700",
            "04c20207010102210440e2010101010105f1a0b20200",
        ),
    ),
    (("0403034005ae81cec100",), ()),
]


class Script:
    """Answers as written down, and fails at the first byte that differs."""

    def __init__(self, *parts: Sequence[Step]) -> None:
        self.steps = [step for part in parts for step in part]

    def __call__(self, data: bytes) -> bytes:
        assert self.steps, f"nothing more was expected, but {data.hex()} came"
        expected, answer = self.steps.pop(0)
        assert data.hex() == "".join(expected)
        return bytes.fromhex("".join(answer))


def opened(script: Script) -> Link:
    clock = Clock()

    def sleep(timeout_s: float) -> None:
        clock.now += timeout_s

    return Link(MockTransport(script, sleep), clock=clock)


def test_opening_says_who_is_there() -> None:
    script = Script(OPEN)
    with opened(script) as link:
        assert link.info == BoardInfo(2, 0x12345678, 48_000_000, 32, 32, 1, 8, 256, 1024, 0xCAFE0001, 1, 32)
        assert link.info.boot_id == 0xCAFE
        assert link.baud == 115200
    assert not script.steps


def test_a_register_is_written_and_a_read_waits_for_it() -> None:
    script = Script(OPEN, REGISTER)
    with opened(script) as link:
        link.write_register(Register.CONTROL, Control.ARM)
    assert not script.steps


def test_a_program_takes_arguments_and_a_vector_and_gives_results() -> None:
    script = Script(OPEN, REGISTER, PROGRAM)
    with opened(script) as link:
        link.write_register(Register.CONTROL, Control.ARM)
        link.run(5, [1, -2])
        link.send_vectors(np.arange(32, dtype=np.uint8).reshape(1, 32))
        result, done = list(link.events())
    assert isinstance(result, Result)
    assert result.first == 0
    assert result.signed.tolist() == [-5, 70000]
    assert result.words.tolist() == [2**32 - 5, 70000]
    assert done == Done(code=7, why=Why.HALT, fault=Fault.NONE, pc=33, cycles=123456)
    assert not script.steps


def test_small_inputs_and_results_share_bytes() -> None:
    script = Script(OPEN, REGISTER, SMALL)
    with opened(script) as link:
        link.write_register(Register.CONTROL, Control.ARM)
        link.run(5, [1], result_bytes=2)
        link.send_vectors((np.arange(32, dtype=np.uint8) % 16 << 4).reshape(1, 32))
        result, done = list(link.events())
    assert isinstance(result, Result)
    assert result.signed.tolist() == [-5, 70000]
    assert isinstance(done, Done)
    assert not script.steps


def test_the_state_is_read() -> None:
    script = Script(OPEN, OPEN[1:2])
    with opened(script) as link:
        assert link.status() == State(False, True, Fault.NONE, 1000, 2000, 3, 400, 5, 600, 70)
    assert not script.steps


def test_abort_ends_a_half_frame_first_and_starts_a_new_session() -> None:
    stopped = (
        "0207010103e803010101010103d0070101010101020301010390010101"
        "0101010205010103580201010101010246010101010101058c841b3100"
    )
    script = Script(OPEN, [(("00", "02050101052e2f9a1600"), (stopped,)), HELLO, (OPEN[1][0], (stopped,)), HELLO])
    with opened(script) as link:
        assert not link.abort().armed
    assert not script.steps
