"""Measure the link: what share of the line's rate is payload, and what it costs the host.

A figure is payload bytes * 10 bits / (rate * time), by the FPGA's own clock (`State.clock_cycles`) from before the
first byte of the stream to the answer that says that all of it was executed. Frames carry 256 bytes in 266 or 267, so
0.961 is the most that there can be. The answers' round trips count as transfer: less than 0.1 % of a run.

In simulation the bench's clock runs some twenty times slower than the host's, so the host seems twenty times quicker to
the bench than it would at a board: what it needs for a reaction shows in the figures with a twentieth of its weight.
That the FPGA's buffer of 15 frames, 3.3 ms at 12 Mbaud, covers a host's reaction is the assumption behind them. Whether
the host could make the bytes in time is told apart from that: `host_share_12M`, of one core, which has to be below 1.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ohmbench.bench.opening import open_bench
from ohmbench.bench.over_link import LinkBench
from ohmbench.errors import FaultError, LinkError, UsageError
from ohmbench.link.codec import Decoder, Frame, encode_frame, encode_frame_in_python
from ohmbench.link.messages import Result, Why
from ohmbench.link.runs import RunHandle
from ohmbench.measure.paced_line import paced_link
from ohmbench.model.line_faults import Damage, LineFaults
from ohmbench.model.simulator import Simulator, build
from ohmbench.programming.programmer import Programmer
from ohmbench.programming.recipe import Recipe
from ohmbench.progress import Progress
from ohmbench.tables import CLOCK_HZ, COLUMNS, LANES, MAX_PAYLOAD, ROWS, FrameType

SLOW, FAST = 3_000_000, 12_000_000
"""Rates in baud."""
LEVELS = 8
IMAGES = 40
ROWS_A_RUN = 8
FRAMES_A_RUN = 13
RUNS_AHEAD = 3
DAMAGED_FRAMES = 0.01
_BITS_A_BYTE = 10
_CODEC_FRAMES = 1000
_CODEC_ROUNDS = 9
_FIRST = 128  # vectors from here on are the stream's; no firmware uses them
_VECTORS = 120  # that the stream writes, before it starts over
_FRAME_VECTORS = MAX_PAYLOAD // (4 * LANES)
_LEFT_OUT = (
    "goodput_12M_programming and programming_share, which would wear a board's array: no pulse was sent; and "
    "goodput_3M_damaged, which takes a simulated line"
)
_BYTES = {SLOW: 384 << 10, FAST: 1 << 20}


class Stream:
    """Vectors to write, ever new ones.

    Attributes:
        payload: bytes sent so far.
    """

    def __init__(self, bench: LinkBench) -> None:
        self.payload = 0
        self._bench = bench
        self._random = np.random.default_rng(1)
        self._memory = np.zeros((_VECTORS, LANES), np.uint32)
        self._next = 0

    def send(self, frames: int) -> None:
        """Queues so many frames of the largest size."""
        vectors = self._random.integers(0, 1 << 32, (frames * _FRAME_VECTORS, LANES), np.uint32)
        self.payload += frames * MAX_PAYLOAD
        while len(vectors):
            part, vectors = np.split(vectors, [_VECTORS - self._next])
            self._memory[self._next : self._next + len(part)] = part
            self._bench.write_vectors(_FIRST + self._next, part)
            self._next = (self._next + len(part)) % _VECTORS

    def check(self) -> None:
        """Reads back what was written last.

        Raises:
            LinkError: it is something else.
        """
        if not np.array_equal(self._bench.link.read_vectors(_FIRST, _VECTORS), self._memory):
            raise LinkError(
                "The FPGA holds other vectors than were sent, though every frame was acknowledged: the link has a "
                "defect.",
                "Do not program an array through it. Please report this with a --trace.",
            )


def link_speed(port: str, progress: Progress) -> dict[str, Any]:
    """Goodput of the link at 3 and 12 Mbaud, host to FPGA, as fractions of the line rate.

    - goodput_3M, goodput_12M: a stream of vectors written to memory.
    - goodput_12M_programming: the same stream while an array is programmed and its records flow back. IMAGES images of
      LEVELS levels, a run of program.useq for each ROWS_A_RUN rows, whose levels are one frame and count as payload.
      The FPGA executes frames in order, and a run waits until the one before has ended. So behind the levels of each
      run go FRAMES_A_RUN frames of the stream, which take the line somewhat longer than the rows take the array; its
      buffer bridges the rest. `programming_share` is the share of the time in which a program ran, waiting for the
      link excluded; with fewer frames a run it rises and the goodput falls. Heads, arguments and acknowledges of the
      records, which are no payload, take 4 %. In simulation only: a board's array would wear.
    - goodput_3M_damaged: the stream while one frame of a hundred is damaged, in either direction. In simulation only.
    - cpu_s_per_MB: processor time of this process for 10^6 bytes of payload at 12 Mbaud, in simulation against a
      stand-in at the line's own pace (see `paced_line`); `host_share_12M`: the share of a core that this is.
    - codec_ratio: see `codec_ratio`.
    - left_out: of a board, which figures are missing and why. It is never armed.

    Raises:
        UsageError: the twin, which has no link.
        LinkError: the line does not carry these rates, or what arrived is not what was sent.
        BuildError: the simulator cannot be built or started.
    """
    if port == "twin":
        raise UsageError("The twin has no link.", "Give --port sim or a board.")
    if port == "sim":
        build(progress.say)
    figures: dict[str, Any] = {}
    with _opened(port, SLOW) as (bench, simulator):
        figures["goodput_3M"], _ = _goodput(bench, progress, "3 Mbaud", SLOW)
        if simulator is not None:
            simulator.spoil_line(LineFaults.both(Damage(frames=DAMAGED_FRAMES)))
            figures["goodput_3M_damaged"], _ = _goodput(bench, progress, "3 Mbaud, 1 % damaged", SLOW)
            simulator.spoil_line(LineFaults())
    with _opened(port, FAST) as (bench, simulator):
        figures["goodput_12M"], cpu_s = _goodput(bench, progress, "12 Mbaud", FAST)
        if simulator is not None:
            figures |= _while_programming(bench, progress)
            cpu_s = paced_cpu_s(progress)
        else:
            figures["left_out"] = _LEFT_OUT
    figures["cpu_s_per_MB"] = cpu_s * 1e6
    figures["host_share_12M"] = cpu_s * FAST / _BITS_A_BYTE * figures["goodput_12M"]
    figures["codec_ratio"] = codec_ratio()
    return figures


def paced_cpu_s(progress: Progress) -> float:
    """Processor time in s of this process for a byte of payload, at the pace of a line of 12 Mbaud.

    Raises:
        LinkError: the stand-in does not answer.
    """
    vectors = np.random.default_rng(1).integers(0, 1 << 32, (_VECTORS, LANES), np.uint32)
    rounds = _BYTES[FAST] // vectors.nbytes
    with paced_link(FAST) as link:
        link.sync()
        start_s = time.process_time()
        for done in range(rounds):
            progress("12 Mbaud, a stand-in for the board", done, rounds)
            link.write_vectors(_FIRST, vectors, wait=False)
        link.sync()
        return (time.process_time() - start_s) / (rounds * vectors.nbytes)


def codec_ratio() -> float:
    """How many times as long as the codec in C the one in Python takes, from frames to bytes and back.

    The frames are results: 64 sums of small numbers, so half of their bytes are zeros or nearly all ones. The best of
    _CODEC_ROUNDS each, in turns, so that both have the same of a busy machine.
    """
    random = np.random.default_rng(3)
    sums = random.integers(-800, 800, (_CODEC_FRAMES, MAX_PAYLOAD // 4)).astype("<i4")
    frames = [Frame(FrameType.RESULT, at & 0xFF, at, row.tobytes()) for at, row in enumerate(sums)]

    def spent_s(encode: Callable[[Frame], bytes], *, in_c: bool) -> float:
        start = time.thread_time()
        wire = b"".join([encode(frame) for frame in frames])
        found = Decoder(in_c=in_c).feed(wire)
        spent = time.thread_time() - start
        assert found == frames
        return spent

    rounds = [
        (spent_s(encode_frame_in_python, in_c=False), spent_s(encode_frame, in_c=True)) for _ in range(_CODEC_ROUNDS)
    ]
    return min(python for python, _ in rounds) / min(in_c for _, in_c in rounds)


@contextmanager
def _opened(port: str, baud: int) -> Iterator[tuple[LinkBench, Simulator | None]]:
    if port == "sim":
        with Simulator() as simulator, LinkBench.of(simulator, baud=baud) as bench:
            yield _at(bench, baud), simulator
    else:
        with open_bench(port, baud=baud) as board:
            assert isinstance(board, LinkBench)
            yield _at(board, baud), None


def _at(bench: LinkBench, baud: int) -> LinkBench:
    if bench.link.baud != baud:
        raise LinkError(
            f"The line carries {bench.link.baud} baud, not the {baud} to be measured.",
            "Try a better cable, or one without a hub.",
        )
    return bench


def _goodput(bench: LinkBench, progress: Progress, what: str, baud: int) -> tuple[float, float]:
    """Share of the line's rate, and processor time in s a byte."""
    stream = Stream(bench)
    total = _BYTES[baud] // MAX_PAYLOAD
    bench.link.sync()
    start, cpu_s = bench.state(), time.process_time()
    for done in range(0, total, 16):
        progress(what, done, total)
        stream.send(min(16, total - done))
    bench.link.sync()
    cpu_s, end = time.process_time() - cpu_s, bench.state()
    stream.check()
    return _share(stream, end.clock_cycles - start.clock_cycles, baud), cpu_s / stream.payload


def _while_programming(bench: LinkBench, progress: Progress) -> dict[str, float]:
    recipe = Recipe()
    algorithm, firmware = recipe.plugin, recipe.plugin.firmware
    levels = np.random.default_rng(2).integers(0, LEVELS, (IMAGES * ROWS, COLUMNS)).astype(np.uint8)
    with Programmer.ready(bench, recipe, recipe.bands_of_levels(np.arange(LEVELS), LEVELS - 1)):
        arguments = algorithm.arguments(recipe)
        stream, runs = Stream(bench), deque[RunHandle]()
        bench.link.sync()
        start = bench.state()
        for row in range(0, len(levels), ROWS_A_RUN):
            progress("12 Mbaud, programming", row, len(levels))
            first = row % ROWS
            values = firmware.registers({"row": first, "end": first + ROWS_A_RUN} | arguments)
            runs.append(bench.link.start(firmware.entry(algorithm.entry), values, levels[row : row + ROWS_A_RUN]))
            stream.payload += ROWS_A_RUN * COLUMNS
            stream.send(FRAMES_A_RUN)
            if len(runs) > RUNS_AHEAD:
                _finish(runs.popleft())
        while runs:
            _finish(runs.popleft())
        bench.link.sync()
        end = bench.state()
        stream.check()
    cycles = end.clock_cycles - start.clock_cycles
    return {
        "goodput_12M_programming": _share(stream, cycles, FAST),
        "programming_share": (end.run_cycles - start.run_cycles) / cycles,
    }


def _finish(run: RunHandle) -> None:
    words = 0
    for event in run.events():
        if isinstance(event, Result):
            words += len(event.words)
        elif event.why != Why.HALT or words != ROWS_A_RUN * COLUMNS:
            raise FaultError(
                f"Programming ended early ({event.why.name.lower()}, fault {event.fault.name.lower()}).",
                "`ohmbench selftest` says whether the carrier is in order.",
            )


def _share(stream: Stream, cycles: int, baud: int) -> float:
    return stream.payload * _BITS_A_BYTE * CLOCK_HZ / baud / cycles
