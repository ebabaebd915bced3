"""A line that does damage: the simulator's faults, and that through the real RTL every command is executed once and
in order, whatever the line does."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.bench.base import clocks
from ohmbench.bench.opening import BAUD, open_bench
from ohmbench.errors import LinkError, UsageError
from ohmbench.isa import assemble
from ohmbench.link.client import Link
from ohmbench.link.messages import Done, Result
from ohmbench.model.line_faults import Damage, LineFaults
from ohmbench.model.simulator import Simulator
from ohmbench.support.build_id import build_id
from ohmbench.tables import LANES, Control, Fault, Register

PROGRAM = assemble(
    """
    .entry echo
    .entry count
    .entry pulses
    .arg number r0
    .arg row r1
    echo:   li    r2, 32
    next:   vin   v0
            vout  v0, r2
            addi  r0, r0, -1
            bne   r0, r15, next
            halt  1
    count:  li    r2, 1
            vld   v1, r15, 250
            vset  v2, r2
            vadd  v1, v1, v2
            vst   v1, r15, 250
            vset  v0, r0
            vout  v0, r2
            vout  v1, r2
            halt  2
    pulses: mone  m1, r1
            lines set, m1, m1, m1
            li    r2, 24
    fire:   pulse r2
            addi  r0, r0, -1
            bne   r0, r15, fire
            lines off, m1, m1, m1
            halt  3
    """,
    "counting",
)
COUNTER = 250
WRITABLE = 240  # vectors; those above are the counter's and the rate test's
ROUND = 120  # commands queued before anything is looked at

# One to three frames of a hundred are damaged, either way; more, and the time goes in waiting for what was lost.
RATES = {
    "flips": Damage(flip=2e-5),
    "losses": Damage(lose=1.5e-4),
    "insertions": Damage(insert=1.5e-4),
    "doubles": Damage(double=1.5e-4),
    "bursts": Damage(burst=8e-5, burst_bytes=30),
    "stalls": Damage(stall=1e-4, stall_ms=0.3, lose=3e-5),
    "frames": Damage(frames=0.02),
    "all": Damage(3e-6, 2e-5, 2e-5, 2e-5, 1e-5, 20, 1e-5, 0.2, 0.005),
}


class Commands:
    """Random commands to a bench, queued as fast as they go, and what must come of each.

    Nothing but exactly once and in order gives it: inputs are echoed, each run of `count` adds one, pulses are counted
    by the FPGA, and the limit of the width, while armed, may only fall.
    """

    def __init__(self, link: Link, seed: int) -> None:
        self.link = link
        self.rng = random.Random(seed)
        self.words = np.random.default_rng(seed)
        self.memory = np.zeros((WRITABLE, LANES), np.uint32)
        self.counted = 0
        self.pulses = link.status().pulses
        self.width = 0xFFFF
        self.frames = 0
        link.write_program(0, PROGRAM.words)
        link.write_vectors(0, self.memory)
        link.write_vectors(COUNTER, np.zeros((1, LANES), np.uint32))
        link.write_register(Register.CONTROL, Control.CLEAR_FAULT | Control.CLEAR_COUNTS)
        link.write_register(Register.MAX_WIDTH, self.width)
        link.write_register(Register.PULSE_BUDGET, 0xFFFF)
        link.write_register(Register.WATCHDOG, 10_000)
        link.write_register(Register.CONTROL, Control.ARM)

    def run(self, frames: int) -> None:
        """Until so many numbered frames have gone to the FPGA."""
        while self.frames < frames:
            checks = [check for _ in range(ROUND) if (check := self.command()) is not None]
            for check in checks:
                check()
            address = self.rng.randrange(WRITABLE - 16)
            assert self.link.read_vectors(address, 16).tolist() == self.memory[address : address + 16].tolist()
            state = self.link.status()
            assert (state.armed, state.pulses) == (True, self.pulses)
            self.frames += 1
        assert self.link.read_vectors(0, WRITABLE).tolist() == self.memory.tolist()

    def command(self) -> Callable[[], None] | None:
        """Queues one; returns what looks at its results."""
        kind = self.rng.randrange(10)
        if kind < 4:
            address, count = self.rng.randrange(WRITABLE - 6), self.rng.randrange(1, 4)
            self.memory[address : address + count] = self.random_words(count)
            self.link.write_vectors(address, self.memory[address : address + count], wait=False)
            self.frames += (count + 1) // 2
            return None
        if kind == 4:
            self.width -= 1
            self.link.write_register(Register.MAX_WIDTH, self.width, wait=False)
            self.frames += 1
            return None
        if kind < 7:
            inputs = self.random_words(self.rng.randrange(1, 8)).astype(np.uint16)
            self.frames += 1 + (len(inputs) + 3) // 4
            return self.started("echo", [len(inputs)], inputs.ravel().tolist(), inputs)
        if kind < 9:
            self.counted += 1
            number = self.rng.randrange(1 << 16)
            self.frames += 1
            return self.started("count", [number], [number, self.counted])
        count = self.rng.randrange(1, 5)
        self.pulses += count
        self.frames += 1
        return self.started("pulses", [count, self.rng.randrange(32)], [])

    def random_words(self, vectors: int) -> np.ndarray:
        # many zeros, which are what COBS is about
        words = self.words.integers(0, 1 << 32, (vectors, LANES), np.uint32)
        return np.where(self.words.random((vectors, LANES)) < 0.2, 0, words).astype(np.uint32)

    def started(
        self, entry: str, args: list[int], expected: list[int], inputs: np.ndarray | None = None
    ) -> Callable[[], None]:
        handle = self.link.start(PROGRAM.entry(entry), args, inputs)
        code = ["echo", "count", "pulses"].index(entry) + 1

        def check() -> None:
            words: list[int] = []
            for event in handle.events():
                if isinstance(event, Result):
                    words += event.words.tolist()
                else:
                    assert isinstance(event, Done)
                    assert event.code == code
            assert handle.finished
            assert words == expected

        return check


@contextmanager
def commands(executable: Path, faults: LineFaults, baud: int = BAUD) -> Iterator[tuple[Commands, Simulator]]:
    """Commands over a line that is spoilt once the session is open."""
    with Simulator(executable=executable) as simulator, Link.open(simulator.port, baud=baud, patience=5.0) as link:
        some = Commands(link, faults.seed)
        simulator.spoil_line(faults)
        yield some, simulator
        simulator.spoil_line(LineFaults())


def exchange(executable: Path, damage: Damage, frames: int, seed: int) -> None:
    faults = LineFaults.both(damage, seed=seed)
    with commands(executable, faults) as (some, _):
        some.run(frames)
        channel = some.link._channel
        assert channel.resends + channel.naks + channel.bad_frames > frames / 1000, "the line did no damage"


def test_2000_frames_over_a_bad_line_are_executed_once_and_in_order(executable: Path) -> None:
    exchange(executable, RATES["all"], 2000, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", RATES)
def test_frames_over_a_bad_line_are_executed_once_and_in_order(executable: Path, kind: str) -> None:
    """With the ones above and below, more than 20,000."""
    exchange(executable, RATES[kind], 2500, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize(("skew", "baud"), [(-0.03, BAUD), (0.025, BAUD), (0.03, BAUD // 2)])
def test_rate_that_is_off_by_three_percent(executable: Path, skew: float, baud: int) -> None:
    """At 12 Mbaud a bit is 4 clocks: the sampling point is up to 3/4 of a bit in, and 2.5 % is what a fast host may be
    off."""
    with commands(executable, LineFaults(skew=skew), baud) as (some, _):
        before = some.link._channel.bad_frames
        some.run(500)
        assert some.link._channel.bad_frames == before
        assert some.link._channel.resends == 0


def test_array_is_off_in_time_when_the_cable_is_cut(executable: Path) -> None:
    """In the middle of a program that works on the array, to which the host has more to say."""
    silence_ms = 20
    with Simulator(executable=executable) as simulator:
        link = Link.open(simulator.port, baud=BAUD, patience=5.0)
        link.write_program(0, PROGRAM.words)
        link.write_register(Register.WATCHDOG, silence_ms)
        link.write_register(Register.MAX_WIDTH, 24)
        link.write_register(Register.PULSE_BUDGET, 0xFFFF)
        link.write_register(Register.CONTROL, Control.ARM)
        assert simulator.array_power().on
        run = link.start(PROGRAM.entry("pulses"), [0, 1])  # 65,536 of them: 80 ms
        link._channel.pump(0.0)
        simulator.spoil_line(LineFaults(cut=0))
        cut = simulator.array_power()
        assert cut.on
        deadline = time.monotonic() + 30
        while (now := simulator.array_power()).on:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        # Its pins are looked at every 512 clocks; the last good frame may have come right before the cut.
        assert now.since - cut.now <= clocks(silence_ms * 1000) + 2 * 512
        with pytest.raises(LinkError, match="no good frame"):
            list(run.events())
        simulator.spoil_line(LineFaults())
        link._transport.close()
        with Link.open(simulator.port, baud=BAUD, patience=5.0) as link:
            state = link.status()
            assert (state.armed, state.running, state.fault) == (False, False, Fault.SILENCE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("faults", "baud"), [("limit=7000000", 6_000_000), ("limit=2500000", 2_000_000), ("skew=0.03", 6_000_000)]
)
def test_session_goes_to_the_rate_that_the_line_carries(
    faults: str, baud: int, caplog: pytest.LogCaptureFixture
) -> None:
    with open_bench("sim", line_faults=LineFaults.parse(faults)) as bench:
        assert bench.link.baud == baud  # type: ignore[attr-defined]
    assert f"runs at {baud} baud" in caplog.text


@pytest.mark.slow
def test_session_opens_over_a_bad_line(executable: Path) -> None:
    """At the rate that every session begins with; a higher one is refused where frames are damaged."""
    with (
        Simulator(executable=executable, line_faults=LineFaults.parse("frames=0.05")) as simulator,
        Link.open(simulator.port, patience=5.0) as link,
    ):
        written = np.arange(10 * LANES, dtype=np.uint32).reshape(10, LANES)
        link.write_vectors(5, written)
        assert link.read_vectors(5, 10).tolist() == written.tolist()


# What can be asked for

rates = st.sampled_from([0.0, 1.0, 0.5]) | st.floats(0, 1)
damages = st.builds(Damage, *[rates] * 5, st.integers(1, 65_536), rates, st.floats(0, 10_000), rates)
line_faults = st.builds(
    LineFaults,
    damages,
    damages,
    st.floats(-0.1, 0.1),
    st.none() | st.integers(0, 2**53),
    st.none() | st.integers(1, 10**9),
    st.integers(0, 2**53),
)


@given(line_faults)
def test_text_says_all(faults: LineFaults) -> None:
    text = str(faults)
    again = LineFaults.parse(text)
    assert str(again) == text
    if text != "none":
        assert (again.skew, again.cut, again.limit, again.seed) == (faults.skew, faults.cut, faults.limit, faults.seed)
    assert dict(again.tx.items()) == dict(faults.tx.items())
    assert dict(again.rx.items()) == dict(faults.rx.items())


def test_simulator_takes_what_is_written(executable: Path) -> None:
    both = Damage(0.1, 0.2, 0.3, 0.4, 0.5, 7, 0.6, 1.5, 0.7)
    every = LineFaults(both, Damage(1e-300), -0.03, 5, 3_000_000, 9)
    for faults in (LineFaults(), every, LineFaults.both(both)):
        done = subprocess.run([executable, "--line-faults", str(faults), "--bare", "1"], capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "text",
    [
        *("flip", "flip=", "flip=2", "lose=-0.1", "flip=nan", "burst=0.1", "burst=0.1:0", "burst=0.1:1.5", "stall=1"),
        *("stall=0.1:20000", "flip=0.1:3", "tx.skew=0.01", "rx.cut=3", "skew=0.2", "cut=-1", "limit=0", "seed=x"),
        *("ax.flip=0.1", "burst_bytes=3", "flips=0.1", "flip=0.1,", "flip=0.1;lose=0.2"),
    ],
)
def test_nonsense_is_refused_here_and_by_the_simulator(executable: Path, text: str) -> None:
    with pytest.raises(UsageError, match="line.faults"):
        LineFaults.parse(text)
    done = subprocess.run([executable, "--line-faults", text, "--bare", "1"], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "line fault" in done.stderr
    assert "burst=P:N" in done.stderr


def test_line_faults_are_for_the_simulated_line() -> None:
    with (
        pytest.raises(UsageError, match="Line faults are for the simulated line"),
        open_bench("twin", line_faults=LineFaults()),
    ):
        pass


def test_faults_and_their_end_replay_to_the_clock(executable: Path, tmp_path: Path) -> None:
    record = tmp_path / "session"
    with (
        Simulator(executable=executable, record=record, line_faults=LineFaults.parse("stall=0.01:0.05")) as simulator,
        Link.open(simulator.port, baud=BAUD, patience=5.0) as link,
    ):
        some = Commands(link, 4)
        some.run(30)
        simulator.spoil_line(LineFaults.both(RATES["all"]))
        some.run(60)
        simulator.spoil_line(LineFaults())
    assert record.read_text().count(" line ") == 3
    replay = subprocess.run(
        [executable, "--build-id", f"{build_id():08x}", "--replay", record], capture_output=True, text=True
    )
    assert (replay.returncode, replay.stderr) == (0, "")
