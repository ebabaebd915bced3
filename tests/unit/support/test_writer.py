"""Writing to the terminal cannot fail the work, whatever stdout and stderr are."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmbench.progress import Progress
from ohmbench.support import writer

NAMES = "W3-Ω µ größe \udcff \x1b[31m 阵列"


class Gone(io.TextIOBase):
    """A terminal that has hung up."""

    encoding = "utf-8"  # type: ignore[assignment]

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")

    def isatty(self) -> bool:
        return True


def closed() -> io.TextIOBase:
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8")
    stream.close()
    return stream


STREAMS: dict[str, Callable[[], Any]] = {
    "none": lambda: None,
    "gone": Gone,
    "closed": closed,
    "full": lambda: io.TextIOWrapper(io.BufferedWriter(io.FileIO("/dev/full", "w"))),
    "ascii": lambda: io.TextIOWrapper(io.BytesIO(), "ascii"),
    "cp1252": lambda: io.TextIOWrapper(io.BytesIO(), "cp1252"),
}


@pytest.mark.parametrize("kind", STREAMS)
def test_messages_and_progress_never_raise(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    stream = STREAMS[kind]()
    monkeypatch.setattr(sys, "stderr", stream)
    writer.message(NAMES)
    with Progress() as progress:
        progress.say(NAMES)
        for done in range(3):
            progress(NAMES, done, 2)
    print("", file=writer.STDERR)
    if kind == "full":
        with pytest.raises(OSError, match="No space"):
            stream.close()


@pytest.mark.parametrize("kind", STREAMS)
def test_a_lost_result_is_reported_and_nothing_more(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    stream = STREAMS[kind]()
    monkeypatch.setattr(sys, "stdout", stream)
    lost = writer.result(NAMES)
    assert (lost is None) == (kind in ("ascii", "cp1252"))
    if kind == "full":
        with pytest.raises(OSError, match="No space"):
            stream.close()


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_cannot_be_spelled_is_escaped(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    bytes_out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_out, encoding))
    assert writer.result("W3-Ω") is None
    assert bytes_out.getvalue().decode(encoding) == ("W3-Ω\n" if encoding == "utf-8" else "W3-\\u03a9\n")


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_process_ends_with_the_code_of_its_work(redirect: str) -> None:
    code = (
        "import sys; from ohmbench.progress import Progress; p = Progress(); p.say('x'); p('y', 1, 2);"
        "from ohmbench.support.writer import message; message('z'); sys.exit(14)"
    )
    done = subprocess.run(f"exec '{sys.executable}' -c \"{code}\" {redirect}", shell=True, env=os.environ)
    assert done.returncode == 14


@given(st.recursive(st.floats() | st.integers() | st.text() | st.none(), lambda x: st.lists(x) | st.tuples(x, x)))
def test_json_has_no_number_that_is_none(value: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(writer.json_text({"value": value}), parse_constant=refuse)
