"""What a bench does for the host: memories and registers, programs, their input vectors and their results."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import UsageError
from ohmbench.link.codec import Frame
from ohmbench.link.messages import Done, Result, malformed, parse_words, register_frame
from ohmbench.link.packing import RESULT_SIZES, element_bits, pack_elements
from ohmbench.link.runs import RunHandle
from ohmbench.link.session import Session
from ohmbench.link.trace import Trace
from ohmbench.link.transport import SerialTransport
from ohmbench.support.array_types import Words
from ohmbench.tables import DEFAULT_BAUD, LANES, MAX_PAYLOAD, RUN_RESULT_BYTES_SHIFT, FrameType

_MAX_ARGS = 16
_WORD_BYTES = 4


class Link(Session):
    """An open session with a bench.

    Attributes:
        info: who is at the other end.
        baud: the rate in force.
    """

    @classmethod
    def open(
        cls,
        port: str,
        *,
        baud: int = DEFAULT_BAUD,
        trace: Trace | None = None,
        timeout_s: float = 60.0,
        patience: float = 1.0,
    ) -> Self:
        """Opens the bench on a serial port, a pty or a pyserial URL.

        Args:
            port: name of the port.
            baud: rate to go to. If the line does not carry it, the session goes to the next lower one that works, with
                a warning in the log that says what was tried.
            trace: gets every byte both ways; the caller closes it.
            timeout_s: longest wait for an answer by an FPGA that is alive; `math.inf` for no limit.
            patience: factor on the waits for a sign of life; above 1 for a simulator, which may share its machine.

        Raises:
            PortError: no such port, no permission, or in use.
            LinkError: nothing answers.
            ProtocolError: something else answers, or an ohmbench of another version.
            UsageError: the FPGA's clock cannot be divided to `baud`.
        """
        return cls(SerialTransport(port), baud=baud, trace=trace, timeout_s=timeout_s, patience=patience)

    # Memories and registers

    def write_program(self, address: int, words: Sequence[int] | Words) -> None:
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
            wait: return when it is done. Otherwise return at once: the frames go in order as the FPGA has room, if not
                now then while later calls wait for something, and a refusal is raised by a later call.

        Raises:
            UsageError: wrong shape, or outside vector memory.
            RefusedError, LinkError: see `ohmbench.link.session`.
        """
        _check_lanes(vectors)
        self._check_range("vector", address, len(vectors), self.info.memory_vectors)
        data = vectors.astype(np.uint32).astype("<u4").tobytes()
        vector_bytes = _WORD_BYTES * LANES
        self._queue(
            Frame(FrameType.IMAGE, 0, address + at // vector_bytes, data[at : at + MAX_PAYLOAD])
            for at in range(0, len(data), MAX_PAYLOAD)
        )
        if wait:
            self.sync()

    def read_vectors(self, address: int, count: int) -> Words:
        """Returns vector memory, shape (count, 32), as it is when everything sent before has been done.

        Raises:
            UsageError: outside vector memory.
            RefusedError, LinkError: see `ohmbench.link.session`.
        """
        self._check_range("vector", address, count, self.info.memory_vectors)
        if not count:
            return np.empty((0, LANES), np.uint32)
        self._stream([Frame(FrameType.READ, 0, address, struct.pack("<H", count))])
        parts: list[Words] = []
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
            register: number, see `ohmbench.tables.Register`.
            value: 32 bits.
            wait: as in `write_vectors`.

        Raises:
            RefusedError: the guard forbids the value, or there is no such register.
            LinkError: see `ohmbench.link.session`.
        """
        self._queue([register_frame(register, value)])
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

    def run(self, entry: int, args: Sequence[int] = (), *, result_bytes: int = _WORD_BYTES) -> None:
        """Starts the program at `entry`, or queues it behind the one that runs. Read `events` for what comes of it.

        The FPGA takes frames in order: send a program all its vectors before the next `run`.

        Args:
            entry: address of its first instruction.
            args: up to 16 values for r0, r1, ..., taken modulo 65536.
            result_bytes: that most words of `vout` fit in, signed: 2, 3 or 4. The others take 4 more; all come whole.

        Raises:
            UsageError: too many arguments, outside program memory, or no such size of words.
            LinkError: see `ohmbench.link.session`.
        """
        self.start(entry, args, result_bytes=result_bytes)
        self._wait(lambda: not self._sources and not self._channel.unsent, "room for more frames")

    def start(
        self,
        entry: int,
        args: Sequence[int] = (),
        vectors: NDArray[Any] | None = None,
        *,
        result_bytes: int = _WORD_BYTES,
    ) -> RunHandle:
        """Queues a run with all its input vectors behind those before it, and returns at once.

        The frames go as the FPGA has room, so that those of the next run, and the images that `write_vectors(...,
        wait=False)` puts between two runs, cross while the array is busy with this one. They go on whenever this or a
        later call, or an iteration over events, waits for something.

            this = link.start(entry, args, inputs)
            for image in images:
                link.write_vectors(other_half, image, wait=False)
                that = link.start(entry, other_args, inputs)
                for event in this.events(): ...
                this = that

        Results are kept in memory until they are read; what is sent is read from `vectors` as the line takes it, so
        do not change that meanwhile.

        Args:
            entry, args, result_bytes: as in `run`.
            vectors: as in `send_vectors`; those that the program leaves when it ends early are not sent.

        Raises:
            UsageError: see `run` and `send_vectors`.
            LinkError: see `ohmbench.link.session`.
        """
        if len(args) > _MAX_ARGS:
            raise UsageError(f"a program takes up to {_MAX_ARGS} arguments, not {len(args)}.")
        if result_bytes not in RESULT_SIZES.values():
            raise UsageError(f"result words take 2, 3 or 4 bytes, not {result_bytes}.")
        self._check_range("program", entry, 1, self.info.program_words)
        if vectors is not None:
            _check_inputs(vectors)
        run = RunHandle(self._wait_or_raise)
        self._add_run(run)
        self._to_number.append(run)
        payload = struct.pack(f"<{len(args)}H", *(int(arg) & 0xFFFF for arg in args))
        frames = [] if vectors is None else self._vector_frames(run, vectors)
        size = result_bytes % _WORD_BYTES << RUN_RESULT_BYTES_SHIFT
        self._queue(chain([Frame(FrameType.RUN, 0, entry | size, payload)], frames))
        return run

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
        _check_inputs(vectors)
        if self._oldest_unread() is None:
            raise UsageError("no program runs that could take vectors.", "Start one with run().")
        self._stream(self._vector_frames(self._unread[-1], vectors))
        self._raise_refused()

    def _vector_frames(self, run: RunHandle, vectors: NDArray[Any]) -> Iterator[Frame]:
        bits = element_bits(vectors)
        whole = 8 * MAX_PAYLOAD // (LANES * bits)
        for at in range(0, len(vectors), whole):
            if run.over or self._refused:
                return
            yield Frame(FrameType.VECTOR, 0, bits, pack_elements(vectors[at : at + whole], bits))

    def events(self, timeout_s: float | None = None) -> Iterator[Result | Done]:
        """Yields results as they come, and at last the `Done` of the oldest program that has not ended.

        Ends at once if no program was started, and after `abort`.

        Args:
            timeout_s: longest wait for the next event; None for the session's.

        Raises:
            RefusedError: the FPGA refused a frame. Others may be on their way: `abort` starts afresh.
            LinkError: see `ohmbench.link.session`.
        """
        run = self._oldest_unread()
        if run is not None:
            yield from run.events(timeout_s)
        else:
            self._raise_refused()

    def _check_range(self, kind: str, address: int, count: int, size: int) -> None:
        if not 0 <= address <= address + count <= size:
            raise UsageError(f"{kind} memory has {size} places; {count} from {address} on do not fit.")


def _check_lanes(vectors: NDArray[Any]) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != LANES or vectors.dtype.kind not in "iu":
        raise UsageError(f"vectors are integers of shape (n, {LANES}), not {vectors.dtype} of shape {vectors.shape}.")


def _check_inputs(vectors: NDArray[Any]) -> None:
    _check_lanes(vectors)
    if vectors.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)):
        raise UsageError(f"input vectors are uint8 or uint16, not {vectors.dtype}.")
