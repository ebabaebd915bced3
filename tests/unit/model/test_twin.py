"""The twin's own ends and limits; that it does what the RTL does is tests/system/test_lockstep.py's."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

from ohmbench.isa import assemble
from ohmbench.link.messages import Why
from ohmbench.model import twin as twin_module
from ohmbench.model.array import ArrayModel
from ohmbench.model.twin import Twin
from ohmbench.tables import LANES, MEMORY_VECTORS, PROGRAM_WORDS, Control, Fault, Register

ECHO = """
        li      r2, 32
        li      r15, 0
again:  vin     v0
        vout    v0, r2
        addi    r0, r0, -1
        bne     r0, r15, again
        halt    7
"""
FOREVER = """
        mone    m1, r0
        lines   reset, m1, m1, m1
again:  jmp     again
"""


def loaded(source: str) -> Twin:
    twin = Twin(ArrayModel("ideal"))
    twin.load(assemble(source).words)
    return twin


@pytest.mark.parametrize("instructions", [1, 7, 1 << 18])
def test_a_stream_passes_whole_however_it_is_cut(instructions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twin_module, "_SLICE", instructions)
    monkeypatch.setattr(twin_module, "_ROOM", 3 * LANES + 5)
    inputs = np.random.default_rng(1).integers(0, 1 << 32, (100, LANES), np.uint32)
    twin = loaded(ECHO)
    end, words = twin.run(0, [100], inputs)
    assert (end.why, end.code, twin.consumed) == (Why.HALT, 7, 100)
    assert end.cycles == loaded(ECHO).run(0, [100], inputs)[0].cycles
    np.testing.assert_array_equal(words.reshape(-1, LANES), inputs)


def test_inputs_that_run_out_end_as_an_abort() -> None:
    twin = loaded(ECHO)
    twin.write_register(Register.CONTROL, Control.ARM)
    end, words = twin.run(0, [5], np.ones((2, LANES), np.uint8))
    assert (end.why, len(words), twin.consumed) == (Why.ABORT, 2 * LANES, 2)
    assert not twin.state().armed


def test_ctrl_c_ends_an_endless_program_with_all_off() -> None:
    twin = loaded(FOREVER)
    twin.write_register(Register.CONTROL, Control.ARM)
    timer = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        twin.run(0)
    state = twin.state()
    assert state.run_cycles > 100_000
    assert (state.armed, state.fault) == (False, Fault.NONE)


def test_what_does_not_fit_is_refused() -> None:
    twin = Twin(None)
    with pytest.raises(ValueError, match="program memory"):
        twin.load([0] * (PROGRAM_WORDS + 1))
    for address, shape in ((MEMORY_VECTORS, (1, LANES)), (-1, (1, LANES)), (0, (1, LANES - 1)), (0, (LANES,))):
        with pytest.raises(ValueError, match="do not fit"):
            twin.write_vectors(address, np.zeros(shape, np.uint32))
    with pytest.raises(ValueError, match="takes vectors"):
        twin.run(0, inputs=np.zeros((3, LANES + 1)))


TWO_PULSES = """
        mone    m1, r0
        rail    bl_set, r1
        rail    sl_inhibit, r1
        rail    wl_set, r1
        lines   set, m1, m1, m0
        pulse   r2
        pulse   r2
        halt    0
"""


def pulsed(array: ArrayModel) -> Twin:
    """A twin that is ready for TWO_PULSES."""
    twin = Twin(array)
    twin.load(assemble(TWO_PULSES).words)
    for rail in range(8):
        twin.write_register(Register.MAX_RAIL + rail, 4000)
    for register, value in ((Register.MAX_WIDTH, 100), (Register.PULSE_BUDGET, 5), (Register.CONTROL, Control.ARM)):
        assert twin.write_register(register, value)
    return twin


def test_a_subclass_sees_every_pulse() -> None:
    class Counting(ArrayModel):
        seen = 0

        def pulse(self, *args: int) -> None:
            self.seen += 1
            super().pulse(*args)

    counting, plain = Counting({}, 3), ArrayModel({}, 3)
    for array in (counting, plain):
        twin = pulsed(array)
        end, _ = twin.run(0, [4, 4000, 48])
        assert (end.why, twin.state().pulses) == (Why.HALT, 2)
    assert counting.seen == 2
    assert counting.save() == plain.save()


def test_what_a_subclass_raises_comes_out() -> None:
    class Broken(ArrayModel):
        def pulse(self, *args: int) -> None:
            raise RuntimeError("no such cell")

    with pytest.raises(RuntimeError, match="no such cell"):
        pulsed(Broken({}, 3)).run(0, [4, 4000, 48])
