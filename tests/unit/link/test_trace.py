"""Traces: what is written, that a crash or a full disk loses nothing else, and that the reader believes nothing."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.link.fpga_model import ECHO, Clock, bench

from ohmbench.errors import DataError, LinkError, UsageError
from ohmbench.link import Link, Trace
from ohmbench.link.codec import Decoder, Frame, encode_frame
from ohmbench.link.trace import read_trace
from ohmbench.tables import FrameType

HEAD = '{"ohmbench_trace": 1, "program": "ohmbench 0", "started": "2026-01-31T12:00:00+00:00"}\n'


def test_a_session_is_noted_from_open_to_close(tmp_path: Path) -> None:
    _, line, clock = bench()
    with Trace(tmp_path / "t", clock) as trace, Link(line, clock=clock, trace=trace, baud=3_000_000):
        pass
    records = list(read_trace(tmp_path / "t"))
    steps = [
        f"{record.way} {FrameType(record.frame.type).name.lower()}" if record.frame else record.what
        for record in records
        if record.frame is None or record.frame.type not in (FrameType.IMAGE, FrameType.DATA, FrameType.READ)
    ]
    assert steps[:5] == ["open", "break", "tx hello", "rx info", "tx register"]
    assert [record.values for record in records if record.what in ("open", "baud", "close")] == [
        {"port": "mock", "baud": 115200},
        {"baud": 3_000_000},
        {"baud": 115200},
        {},
    ]


def test_every_byte_both_ways_is_in_the_trace(tmp_path: Path) -> None:
    _, line, clock = bench({"bit": 0.05, "lose": 0.05, "insert": 0.05}, 3)
    told: dict[str, bytes] = {"tx": b"", "rx": b""}
    write, read = line.write, line.read

    def spy_write(data: bytes) -> None:
        told["tx"] += data
        write(data)

    def spy_read(timeout_s: float) -> bytes:
        data = read(timeout_s)
        told["rx"] += data
        return data

    line.write, line.read = spy_write, spy_read  # type: ignore[method-assign]
    with Trace(tmp_path / "t", clock) as trace, Link(line, clock=clock, trace=trace) as link:
        link.run(ECHO, [60])
        link.send_vectors(np.ones((60, 32), np.uint8))
        list(link.events())
    seen: dict[str, bytes] = {"tx": b"", "rx": b""}
    kinds = set()
    for record in read_trace(tmp_path / "t"):
        seen[record.way] += record.raw
        kinds.add(record.what)
    assert seen["tx"] == told["tx"]
    assert told["rx"].startswith(seen["rx"])
    assert len(told["rx"]) - len(seen["rx"]) < 300  # the frame that was on its way at the end
    assert {"frame", "damaged", "break"} <= kinds


@given(st.lists(st.one_of(st.binary(max_size=700), st.just(encode_frame(Frame(3, 1, 2)))), max_size=30))
def test_the_decoder_shows_every_byte_in_bounded_pieces(chunks: list[bytes]) -> None:
    pieces: list[tuple[bytes, Frame | None]] = []
    decoder = Decoder(lambda raw, frame: pieces.append((raw, frame)))
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    decoder.reset()
    assert b"".join(raw for raw, _ in pieces) == b"".join(chunks)
    assert [frame for _, frame in pieces if frame is not None] == frames
    assert all(encode_frame(frame) == raw for raw, frame in pieces if frame is not None)
    assert max((len(raw) for raw, _ in pieces), default=0) <= 1000


def test_each_line_is_on_disk_before_the_next_byte_moves(tmp_path: Path) -> None:
    trace = Trace(tmp_path / "t", Clock())
    trace.frame("tx", Frame(FrameType.STATUS), encode_frame(Frame(FrameType.STATUS)))
    assert [record.what for record in read_trace(tmp_path / "t")] == ["frame"]
    trace.close()


def test_how_a_session_failed_is_the_last_line(tmp_path: Path) -> None:
    _, line, clock = bench()

    def lose(trace: Trace) -> None:
        link = Link(line, clock=clock, trace=trace)
        line.cut = True
        with trace:
            link.sync()

    with pytest.raises(LinkError):
        lose(Trace(tmp_path / "t", clock))
    last = list(read_trace(tmp_path / "t"))[-1]
    assert last.what == "error"
    assert "no good frame from mock for 5 s" in last.values["text"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_ends_the_trace_and_not_the_session(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    _, line, clock = bench()
    trace = Trace(tmp_path / "t", clock)
    os.dup2(os.open("/dev/full", os.O_WRONLY), trace._file.fileno())
    link = Link(line, clock=clock, trace=trace)
    assert link.status().running is False
    assert caplog.text.count("ends here") == 1


def test_a_trace_that_cannot_be_made_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Cannot write the trace"):
        Trace(tmp_path / "no folder" / "t")


FRAME = encode_frame(Frame(FrameType.ACK, 1, 2)).hex()
GOOD = f'{{"t": 1, "what": "frame", "dir": "rx", "type": "ack", "seq": 1, "arg": 2, "payload": "", "raw": "{FRAME}"}}\n'


def test_a_good_line_by_hand(tmp_path: Path) -> None:
    (tmp_path / "t").write_text(HEAD + GOOD + '{"t": 1.5, "wha')  # the last line is what a crash leaves
    (record,) = read_trace(tmp_path / "t")
    assert (record.t_s, record.way, record.frame) == (1, "rx", Frame(FrameType.ACK, 1, 2))


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        ("ohmbench session 1\n", "line 1"),
        ("{}\n", "line 1"),
        (HEAD.replace("1,", "2,", 1), "version 2, and this program reads version 1"),
        (HEAD + "{}\n", "line 2"),
        (HEAD + "[]\n", "line 2"),
        (HEAD + GOOD.replace('"seq": 1', '"seq": 3'), "not what its bytes say"),
        (HEAD + GOOD.replace(FRAME, FRAME.replace("02", "04", 1)), "line 2"),
        (HEAD + GOOD.replace(FRAME, FRAME[:-2]), "line 2"),
        (HEAD + GOOD.replace('"rx"', '"up"'), "not a direction"),
        (HEAD + GOOD + GOOD.replace('"t": 1', '"t": 0.5'), "line 3: .*time goes back"),
        (HEAD + '{"t": NaN, "what": "close"}\n', "not a time"),
        (HEAD + '{"t": true, "what": "close"}\n', "not a time"),
        (HEAD + '{"t": 0, "what": "baud"}\n', "line 2"),
        (HEAD + '{"t": 0, "what": "baud", "baud": "fast"}\n', "line 2"),
        (HEAD + '{"t": 0, "what": "sleep"}\n', "line 2"),
        (HEAD + '{"t": 0, "what": "break", "dir": "tx", "raw": "01"}\n', "no 'break'"),
        (HEAD + '{"t": 0, "what": "damaged", "dir": "tx", "raw": ""}\n', "no 'damaged'"),
        (HEAD + '{"t": 0, "what": "damaged", "dir": "tx", "raw": "zz"}\n', "line 2"),
        ("\xff\n", "it is not text"),
    ],
)
def test_what_is_no_trace_is_refused_with_its_line(text: str, match: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=match):
        list(read_trace(tmp_path / "t"))


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_any_bytes_raise_our_error_or_none(data: bytes) -> None:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"ohmbench-trace-{os.getpid()}"
    for start in (b"", HEAD.encode()):
        path.write_bytes(start + data)
        with contextlib.suppress(DataError):
            list(read_trace(path))
    path.unlink()


def test_a_trace_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Cannot read the trace"):
        list(read_trace(tmp_path / "none"))


def test_lines_are_json_that_other_programs_read(tmp_path: Path) -> None:
    with Trace(tmp_path / "t", Clock()) as trace:
        trace.other("rx", b"\x01\x02\x00")
        trace.frame("tx", Frame(0x8F, 1, 2, b"\x00"), encode_frame(Frame(0x8F, 1, 2, b"\x00")))
    lines = [json.loads(line) for line in (tmp_path / "t").read_text().splitlines()]
    assert lines[1] == {"t": 0.0, "what": "damaged", "dir": "rx", "raw": "010200"}
    assert lines[2]["type"] == "0x8f"
