"""A trace of a link: every byte both ways, with its time and what it meant, in a text file for reports of defects.

Format, version 1: one JSON object a line, in order of time. The first line is

    {"ohmbench_trace": 1, "program": "ohmbench 0.1", "started": "2026-01-31T12:00:00+00:00"}

and each further one has "t", seconds since then, and "what":

    frame     "dir" tx or rx, "type" (its name in the table of frames, or "0x8f"), "seq", "arg", "payload" in hex,
              "raw": all its bytes in hex, delimiter included
    damaged   "dir", "raw": bytes up to a delimiter, or without one where they were given up, that are no good frame
    break     "dir", "raw": a 0x00 alone: ends what half frame is on the line, and is a break to a faster receiver
    open      "port", "baud": a session begins
    baud      "baud": the host's rate from here on, both directions
    close     the port was closed
    error     "text": how the session ended, if not well

"raw" of all lines with the same "dir", in order, is exactly what crossed the host's end of the line.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from ohmbench import __version__
from ohmbench.errors import DataError, UsageError
from ohmbench.link.codec import Frame, decode_frame
from ohmbench.support.files import refuse_another_kind
from ohmbench.support.guesses import cannot_read
from ohmbench.tables import FrameType

log = logging.getLogger(__name__)

VERSION = 1
Way = Literal["tx", "rx"]
"""tx: from the host to the FPGA."""

_DAMAGE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_LONGEST_LINE = 1 << 20  # characters; a frame's has hundreds

_ON_LINE = {"frame", "damaged", "break"}
_NEEDS: dict[str, dict[str, type]] = {
    "open": {"port": str, "baud": int},
    "baud": {"baud": int},
    "close": {},
    "error": {"text": str},
}


class Trace:
    """Writes a trace. Each line is handed to the system at once, so a crash of this program keeps all before it.

    A file that can no longer be written ends the trace with a warning, never the session that it watches.

    Raises:
        UsageError: the file cannot be made.
    """

    def __init__(self, path: str | Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._path = Path(path)
        try:
            refuse_another_kind(self._path)
            self._file = self._path.open("w", encoding="ascii", buffering=1)
        except OSError as error:
            raise UsageError(
                f"Cannot write the trace {path}: {error.strerror or error}.", "Give --trace a file that you may write."
            ) from error
        self._line(
            ohmbench_trace=VERSION,
            program=f"ohmbench {__version__}",
            started=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def frame(self, way: Way, frame: Frame, raw: bytes) -> None:
        """Notes a good frame and its bytes, delimiter included."""
        self._note(
            "frame",
            dir=way,
            type=_type_name(frame.type),
            seq=frame.seq,
            arg=frame.arg,
            payload=frame.payload.hex(),
            raw=raw.hex(),
        )

    def other(self, way: Way, raw: bytes) -> None:
        """Notes bytes that are no good frame."""
        self._note("break" if raw == b"\0" else "damaged", dir=way, raw=raw.hex())

    def event(self, what: Literal["open", "baud", "close", "error"], **values: str | int) -> None:
        """Notes what happened to the line as a whole."""
        self._note(what, **values)

    def close(self) -> None:
        """Closes the file. What comes later is not noted."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.event("error", text=str(error) or type(error).__name__)
        self.close()

    def _note(self, what: str, **values: str | int) -> None:
        if not self._file.closed:
            self._line(t=round(self._clock() - self._start, 6), what=what, **values)

    def _line(self, **values: str | int | float) -> None:
        try:
            self._file.write(json.dumps(values, allow_nan=False) + "\n")
        except OSError as error:
            log.warning("the trace %s ends here: %s", self._path, error)
            with contextlib.suppress(OSError):  # it flushes the line again, and fails again
                self._file.close()


@dataclass(frozen=True, slots=True)
class Record:
    """A line of a trace: time in s, what, and the fields that this has; see the top of this module."""

    t_s: float
    what: str
    way: Way = "tx"
    raw: bytes = b""
    frame: Frame | None = None
    values: dict[str, Any] = field(default_factory=dict)


def read_trace(path: str | Path) -> Iterator[Record]:
    """Yields the lines of a trace, checked: frames must be what their bytes say, and time must not go back.

    A last line without its end is what a crash leaves, and is left out.

    Raises:
        DataError: the file cannot be read, is no trace, is of another version, or is damaged; names the line.
    """
    try:
        with Path(path).open(encoding="ascii", newline="\n") as file:
            headed, before_s = False, 0.0
            for number, line in enumerate(iter(partial(file.readline, _LONGEST_LINE), ""), 1):
                if not line.endswith("\n"):
                    break
                try:
                    values = json.loads(line)
                    if not headed:
                        _check_head(values)
                        headed = True
                        continue
                    record = _record(values)
                    if record.t_s < before_s:
                        raise ValueError(f"time goes back from {before_s} s to {record.t_s} s")
                except _DAMAGE as error:
                    raise DataError(
                        f"{path}, line {number}: not a line of a trace: {error}.",
                        "Traces come from --trace.",
                    ) from error
                before_s = record.t_s
                yield record
            if not headed:
                raise DataError(f"{path} is empty, so it is not a trace.", "Traces come from --trace.")
    except OSError as error:
        raise DataError(f"Cannot read the trace {path}: {cannot_read(path, error)}.") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not a trace: it is not text.", "Traces come from --trace.") from error


def _check_head(values: dict[str, Any]) -> None:
    version = values["ohmbench_trace"]
    if version != VERSION:
        raise ValueError(f"it is of version {version}, and this program reads version {VERSION}")


def _record(values: dict[str, Any]) -> Record:
    values = dict(values)
    t_s, what = values.pop("t"), values.pop("what")
    if type(t_s) not in (int, float) or not t_s >= 0:
        raise ValueError(f"{t_s!r} is not a time")
    if what not in _ON_LINE:
        if {name: type(value) for name, value in values.items()} != _NEEDS.get(what):
            raise ValueError(f"{what!r} with {sorted(values)}")
        return Record(t_s, what, values=values)
    way, raw = values.pop("dir"), bytes.fromhex(values.pop("raw"))
    if way not in ("tx", "rx"):
        raise ValueError(f"{way!r} is not a direction")
    if what == "frame":
        frame = decode_frame(raw[:-1])
        said = {"type": _type_name(frame.type), "seq": frame.seq, "arg": frame.arg, "payload": frame.payload.hex()}
        if raw[-1:] != b"\0" or values != said:
            raise ValueError("the frame is not what its bytes say")
        return Record(t_s, what, way, raw, frame)
    if values or not raw or (raw == b"\0") != (what == "break"):
        raise ValueError(f"bytes that are no {what!r}")
    return Record(t_s, what, way, raw)


def _type_name(number: int) -> str:
    try:
        return FrameType(number).name.lower()
    except ValueError:
        return f"{number:#04x}"
