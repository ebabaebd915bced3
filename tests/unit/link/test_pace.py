"""How much of the line's rate a stream gets, over a line of exact rate and delay, in simulated time."""

from __future__ import annotations

import pytest
from tests.unit.link.rtl_model import SLOTS, Damage, Fpga, Receiver, TimedLine

from ohmbench.link.channel import Channel
from ohmbench.link.codec import Frame
from ohmbench.tables import FrameType

FRAMES = 3000
PAYLOAD = bytes(range(1, 256)) + b"\1"


def goodput(
    baud: int, delay_s: float, damaged: float = 0.0, seed: int = 1, *, results: bool = False
) -> tuple[float, Channel]:
    """Payload bytes delivered, as a fraction of what the line moves in that time; and the channel.

    With `results`, full frames flow back all the time.
    """
    got: list[Frame] = []
    fpga = Fpga(Receiver(), got.append)
    bit = {"bit": damaged}
    line = TimedLine(fpga, baud=baud, delay_s=delay_s, up=Damage(seed, bit), down=Damage(seed + 1, bit))
    channel = Channel(line, clock=line.clock)
    assert channel.greet(5.0) is not None
    channel.begin(SLOTS)
    start = line.now
    sent = 0
    while len(got) < FRAMES:
        while sent < FRAMES and channel.unsent < 32:
            channel.send(Frame(FrameType.VECTOR, 0, 1, PAYLOAD))
            sent += 1
        while results and len(fpga.window.waiting) < 4:
            fpga.window.waiting.append(Frame(FrameType.RESULT, 0, 0, PAYLOAD))
        channel.pump(line.now + 1.0)
        channel.received.clear()
    return len(PAYLOAD) * FRAMES * 10 / baud / (line.now - start), channel


@pytest.mark.parametrize(
    ("baud", "delay_s", "least"),
    [
        (3_000_000, 0.001, 0.95),
        (12_000_000, 0.001, 0.95),
        (3_000_000, 0.016, 0.74),  # 15 credits are 4 KB, and 16 ms of this line are 4.8 KB
        (12_000_000, 0.016, 0.18),
    ],
)
def test_a_clean_line_is_full(baud: int, delay_s: float, least: float) -> None:
    fraction, channel = goodput(baud, delay_s)
    assert fraction >= least
    assert channel.resends == 0


@pytest.mark.parametrize("baud", [3_000_000, 12_000_000])
def test_results_that_flow_back_cost_only_their_acknowledges(baud: int) -> None:
    fraction, channel = goodput(baud, 0.001, results=True)
    assert fraction >= 0.90
    assert channel.resends == 0


@pytest.mark.parametrize("seed", range(5))
def test_one_damaged_frame_in_a_hundred_costs_little(seed: int) -> None:
    fraction, channel = goodput(3_000_000, 0.001, 0.01, seed)
    assert channel.resends > 10
    assert fraction >= 0.80


def test_no_more_is_on_its_way_than_a_round_trip_needs() -> None:
    most = 0
    fpga = Fpga(Receiver(), lambda frame: None)
    line = TimedLine(fpga, baud=1_000_000, delay_s=0.001, up=Damage(1, {}), down=Damage(2, {}))
    channel = Channel(line, clock=line.clock)
    assert channel.greet(5.0) is not None
    channel.begin(SLOTS)
    for n in range(500):
        channel.send(Frame(FrameType.VECTOR, 0, 1, PAYLOAD))
        channel.pump(line.now)
        if n > 100:
            most = max(most, channel._flight)
        while channel.unsent > 20:
            channel.pump(line.now + 1.0)
    # 4.7 ms of line for a frame, its acknowledge and the delay, against 40 ms that the credits would allow
    assert 267 < most < 6 * 267


def test_a_line_that_suddenly_is_much_slower_is_not_flooded() -> None:
    got: list[Frame] = []
    line = TimedLine(Fpga(Receiver(), got.append), baud=3_000_000, delay_s=0.001, up=Damage(1, {}), down=Damage(2, {}))
    channel = Channel(line, clock=line.clock)
    assert channel.greet(5.0) is not None
    channel.begin(SLOTS)
    for n in range(300):
        channel.send(Frame(FrameType.VECTOR, 0, 1, PAYLOAD))
        while n == 100 and channel.unacknowledged:
            channel.pump(line.now + 1.0)
    line.slower = 400.0  # a frame takes 0.36 s
    while channel.unacknowledged:
        channel.pump(line.now + 1.0)
    assert len(got) == 300
