"""The guard's watchdog on the whole bench: when the array goes off after the last good frame from the host."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer
from cocotb.utils import get_sim_time

from ohmbench import tables as t
from ohmbench.bench.base import Bench, Limits
from ohmbench.isa import assemble
from ohmbench.link.codec import Frame, encode_frame
from ohmbench.link.messages import State
from ohmbench.tables import Control, Fault, FrameType, Rail, Register
from ohmbench.testing import CocotbBench

SILENCE_MS = 2
# One clock for the counter's last step, one from the counter to the outputs.
BOUND_CLOCKS = SILENCE_MS * t.CLOCK_HZ // 1000 + 2
LIMITS = Limits({rail: 1.0 for rail in Rail if t.RAIL_CEILING[rail] > 20_000}, pulse_us=1.0, pulses=60_000)

PULSES = assemble(
    """
            li    r1, 40
            mone  m1, r0
            lines set, m1, m1, m1
    fire:   pulse r1
            jmp   fire
    """,
    "pulses",
)


class Watch:
    """Clocks of the last good frame, of the array's going off, and of the last end of a SET pulse."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.good = self.off = self.pulse = 0
        for signal, name in (
            (RisingEdge(dut.u_top.u_core.u_link.good_frame_o), "good"),
            (FallingEdge(dut.u_top.safe_no), "off"),
            (FallingEdge(dut.u_top.set_en_o), "pulse"),
        ):
            cocotb.start_soon(self._watch(signal, name))

    async def _watch(self, signal: Any, name: str) -> None:
        while True:
            await signal
            setattr(self, name, self.now())

    def now(self) -> int:
        # by edges, so that two edges of the same clock differ by 0
        return round(get_sim_time("ps") / (2 * 10_417))

    def is_on(self) -> bool:
        return bool(self.dut.u_top.safe_no.value)


async def armed(dut: Any) -> tuple[CocotbBench, Watch]:
    bench = await CocotbBench.start(dut)
    watch = Watch(dut)

    def arm(host: Bench) -> None:
        for rail in Rail:
            host.write_register(Register.MAX_RAIL + rail, 1000 if LIMITS.rails_v.get(rail) else 0)
        host.write_register(Register.MAX_WIDTH, 48)
        host.write_register(Register.PULSE_BUDGET, LIMITS.pulses)
        host.write_register(Register.WATCHDOG, SILENCE_MS)
        host.write_register(Register.CONTROL, Control.ARM)

    await bench.host(arm)
    await Timer(50, unit="us")  # the guard's own rest before the array is on
    assert watch.is_on()
    return bench, watch


def send(host: Any, data: bytes) -> None:
    host.link._transport.write(data)


async def state(bench: CocotbBench) -> State:
    found: State = await bench.host(lambda host: host.state())
    return found


@cocotb.test()
async def silence_turns_the_array_off_at_the_clock(dut: Any) -> None:
    bench, watch = await armed(dut)
    await ClockCycles(dut.clk_i, BOUND_CLOCKS + 100)
    assert watch.off - watch.good == BOUND_CLOCKS
    assert not watch.is_on()
    now = await state(bench)
    assert (now.armed, now.fault) == (False, Fault.SILENCE)


@cocotb.test()
async def a_host_that_speaks_in_time_keeps_it_on(dut: Any) -> None:
    bench, watch = await armed(dut)
    for _ in range(5):
        await ClockCycles(dut.clk_i, BOUND_CLOCKS - 6000)
        await bench.host(send, encode_frame(Frame(FrameType.STATUS)))
        await ClockCycles(dut.clk_i, 1000)
        assert watch.is_on()
    await ClockCycles(dut.clk_i, BOUND_CLOCKS)
    assert watch.off - watch.good == BOUND_CLOCKS


@cocotb.test()
async def damaged_frames_do_not_keep_it_on(dut: Any) -> None:
    """A line full of what is almost a frame, and of noise, is silence."""
    bench, watch = await armed(dut)
    rng = random.Random(1)
    data = bytearray()
    while len(data) * 40 < BOUND_CLOCKS + 4000:
        wire = bytearray(encode_frame(Frame(FrameType.STATUS, 0, rng.randrange(1 << 16), rng.randbytes(40))))
        at = rng.randrange(len(wire) - 1)
        match rng.randrange(4):
            case 0:
                wire[at] ^= 1 << rng.randrange(8)
            case 1:
                del wire[at]
            case 2:
                wire.insert(at, wire[at] ^ 0x5A)
            case _:
                wire[at : at + 6] = rng.randbytes(6)
        data += wire
    await bench.host(send, bytes(data))
    while not watch.off:
        await ClockCycles(dut.clk_i, 100)
        assert watch.now() - watch.good <= BOUND_CLOCKS + 100
    assert watch.off - watch.good == BOUND_CLOCKS


@cocotb.test()
async def a_cut_cable_ends_the_pulses(dut: Any) -> None:
    bench, watch = await armed(dut)

    def fire(host: Any) -> None:
        host.link.write_program(0, PULSES.words)
        host.link.run(0)

    await bench.host(fire)
    # in the middle of a frame the line falls silent, at the level of an idle one
    await bench.host(send, encode_frame(Frame(FrameType.STATUS))[:5])
    await ClockCycles(dut.clk_i, BOUND_CLOCKS // 2)
    assert watch.now() - watch.pulse < 1000, "it fires"
    await ClockCycles(dut.clk_i, BOUND_CLOCKS)
    assert watch.off - watch.good == BOUND_CLOCKS
    assert watch.pulse <= watch.off
    assert not dut.u_top.set_en_o.value
    assert not dut.u_top.reset_en_o.value
    assert bench.array.pulses()[0, 0] > 100
    # mended
    await bench.host(send, b"\0")
    now = await state(bench)
    assert (now.armed, now.running, now.fault) == (False, False, Fault.SILENCE)
