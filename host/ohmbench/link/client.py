"""What a bench does for the host: memories and registers, programs, their input vectors and their results."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ohmbench._tables import DEFAULT_BAUD, LANES, MAX_PAYLOAD, FrameType
from ohmbench.errors import UsageError
from ohmbench.link.channel import Trace
from ohmbench.link.codec import Frame
from ohmbench.link.messages import Done, Result, malformed, parse_words
from ohmbench.link.session import Session, register_frame
from ohmbench.link.transport import SerialTransport

_MAX_ARGS = 16
_WORD_BYTES = 4


class Link(Session):
    """An open session with a bench.

    Attributes:
        info: who is at the other end.
        baud: the rate in force.
    """

    @classmethod
    def open(cls, port: str, *, baud: int = DEFAULT_BAUD, trace: Trace | None = None, timeout_s: float = 60.0) -> Self:
        """Opens the bench on a serial port, a pty or a pyserial URL.

        Args:
            port: name of the port.
            baud: rate to go to. If the line does not carry it, the session stays at 115200 with a warning in the log.
            trace: called with each frame, for `--trace`.
            timeout_s: longest wait for an answer by an FPGA that is alive; `math.inf` for no limit.

        Raises:
            PortError: no such port, no permission, or in use.
            LinkError: nothing answers.
            ProtocolError: something else answers, or an ohmbench of another version.
            UsageError: the FPGA's clock cannot be divided to `baud`.
        """
        return cls(SerialTransport(port), baud=baud, trace=trace, timeout_s=timeout_s)

    # Memories and registers

    def write_program(self, address: int, words: Sequence[int] | NDArray[np.uint32]) -> None:
        """Writes instruction words to program memory and waits until that is done.

        Raises:
            UsageError: outside program memory.
            RefusedError: a program runs; the frames refused wrote nothing.
            LinkError: see `ohmbench.link.session`.
        """
        self._check_range("program", address, len(words), self.info.program_words)
        data = np.asarray(words, dtype=np.uint32).astype("<u4").tobytes()
        self._stream(
            Frame(FrameType.PROGRAM, 0, address + at // _WORD_BYTES, data[at : at + MAX_PAYLOAD])
            for at in range(0, len(data), MAX_PAYLOAD)
        )
        self.sync()

    def write_vectors(self, address: int, vectors: NDArray[Any], *, wait: bool = True) -> None:
        """Writes vector memory, also while a program runs.

        Args:
            address: of the first vector.
            vectors: integers, shape (n, 32), taken modulo 2**32.
            wait: return when it is done; otherwise when it is on the line, and a refusal is raised by a later call.

        Raises:
            UsageError: wrong shape, or outside vector memory.
            RefusedError, LinkError: see `ohmbench.link.session`.
        """
        _check_lanes(vectors)
        self._check_range("vector", address, len(vectors), self.info.memory_vectors)
        data = vectors.astype(np.uint32).astype("<u4").tobytes()
        vector_bytes = _WORD_BYTES * LANES
        self._stream(
            Frame(FrameType.IMAGE, 0, address + at // vector_bytes, data[at : at + MAX_PAYLOAD])
            for at in range(0, len(data), MAX_PAYLOAD)
        )
        if wait:
            self.sync()

    def read_vectors(self, address: int, count: int) -> NDArray[np.uint32]:
        """Returns vector memory, shape (count, 32), as it is when everything sent before has been done.

        Raises:
            UsageError: outside vector memory.
            RefusedError, LinkError: see `ohmbench.link.session`.
        """
        self._check_range("vector", address, count, self.info.memory_vectors)
        if not count:
            return np.empty((0, LANES), np.uint32)
        self._stream([Frame(FrameType.READ, 0, address, struct.pack("<H", count))])
        parts: list[NDArray[np.uint32]] = []
        words = 0
        while words < count * LANES:
            self._wait(lambda: bool(self._data) or self._read_refused(), "data")
            if not self._data:
                break
            frame = self._data.popleft()
            part = parse_words(frame)
            if frame.arg != address + words // LANES or not part.size or part.size % LANES:
                raise malformed(frame)
            parts.append(part)
            words += part.size
        # Only now, when nothing that was asked for is still on its way.
        self._raise_refused()
        return np.concatenate(parts).reshape(-1, LANES)[:count]

    def write_register(self, register: int, value: int, *, wait: bool = True) -> None:
        """Writes a register of the guard or the link.

        Args:
            register: number, see `ohmbench._tables.Register`.
            value: 32 bits.
            wait: as in `write_vectors`.

        Raises:
            RefusedError: the guard forbids the value, or there is no such register.
            LinkError: see `ohmbench.link.session`.
        """
        self._stream([register_frame(register, value)])
        if wait:
            self.sync()

    def sync(self) -> None:
        """Waits until the FPGA has executed everything sent before.

        The FPGA works through its frames in order, so the answer to a read says so. A `run` that waits for its turn
        holds up what comes after it.

        Raises:
            RefusedError, LinkError: see `ohmbench.link.session`.
        """
        self.read_vectors(0, 1)

    # Programs

    def run(self, entry: int, args: Sequence[int] = ()) -> None:
        """Starts the program at `entry`, or queues it behind the one that runs. Read `events` for what comes of it.

        The FPGA takes frames in order: send a program all its vectors before the next `run`.

        Args:
            entry: address of its first instruction.
            args: up to 16 values for r0, r1, ..., taken modulo 65536.

        Raises:
            UsageError: too many arguments, or outside program memory.
            LinkError: see `ohmbench.link.session`.
        """
        if len(args) > _MAX_ARGS:
            raise UsageError(f"{len(args)} arguments; a program takes {_MAX_ARGS}. Nothing was started.")
        self._check_range("program", entry, 1, self.info.program_words)
        self._open_runs += 1
        payload = struct.pack(f"<{len(args)}H", *(int(arg) & 0xFFFF for arg in args))
        self._stream([Frame(FrameType.RUN, 0, entry, payload)])

    def send_vectors(self, vectors: NDArray[Any]) -> None:
        """Sends input vectors to the running program; returns when the last one is on the line.

        Results that come meanwhile are kept for `events`. If the program ends early, the rest is not sent: its
        `Done` says why.

        Args:
            vectors: uint8 or uint16, shape (n, 32).

        Raises:
            UsageError: wrong shape or type, or no program was started.
            RefusedError, LinkError: see `ohmbench.link.session`.
        """
        _check_lanes(vectors)
        if vectors.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)):
            raise UsageError(f"input vectors are uint8 or uint16, not {vectors.dtype}. Nothing was sent.")
        if not self._open_runs and not self._events:
            raise UsageError("no program runs that could take vectors. Nothing was sent. Start one with run().")
        size = vectors.dtype.itemsize
        whole = MAX_PAYLOAD // (LANES * size)
        wire = vectors.astype(f"<u{size}")
        self._stream(
            (Frame(FrameType.VECTOR, 0, size, wire[at : at + whole].tobytes()) for at in range(0, len(wire), whole)),
            stop=lambda: not self._open_runs or bool(self._refused),
        )
        self._raise_refused()

    def events(self, timeout_s: float | None = None) -> Iterator[Result | Done]:
        """Yields results as they come, and at last the `Done` of the oldest program that has not ended.

        Ends at once if no program was started, and after `abort`.

        Args:
            timeout_s: longest wait for the next event; None for the session's.

        Raises:
            RefusedError: the FPGA refused a frame. Others may be on their way: `abort` starts afresh.
            LinkError: see `ohmbench.link.session`.
        """
        aborts = self._aborts
        while aborts == self._aborts and (self._events or self._refused or self._open_runs):
            self._wait(lambda: bool(self._events or self._refused), "event of the program", timeout_s)
            self._raise_refused()
            frame = self._events.popleft()
            if frame.type == FrameType.RESULT:
                yield Result.parse(frame)
            else:
                yield Done.parse(frame)
                return

    def _check_range(self, kind: str, address: int, count: int, size: int) -> None:
        if not 0 <= address <= address + count <= size:
            raise UsageError(
                f"{kind} memory has {size} places; {count} from {address} on do not fit. Nothing was sent."
            )


def _check_lanes(vectors: NDArray[Any]) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != LANES or vectors.dtype.kind not in "iu":
        raise UsageError(
            f"vectors are integers of shape (n, {LANES}), not {vectors.dtype} of shape {vectors.shape}. "
            f"Nothing was sent."
        )
