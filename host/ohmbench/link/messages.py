"""What the FPGA says, as Python objects: the payloads of `info`, `state`, `result`, `done` and `error`."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import ArrayState, ProtocolError, UsageError
from ohmbench.link.codec import Frame
from ohmbench.link.packing import result_words
from ohmbench.support.array_types import Words
from ohmbench.tables import MAGIC, PROTOCOL_VERSION, STATE_FAULT_CODE_SHIFT, Fault, FrameError, FrameType, StateArg

_BEFORE_SESSION, _SESSION = "<4sIIBBBBHH", "I"
_INFO = struct.Struct(_BEFORE_SESSION + _SESSION + "BB")
_STATE = struct.Struct("<QQIQIQQ")
_DONE = struct.Struct("<BBHQ")
_ERROR = struct.Struct("<BBH")
_WORD_BYTES = 4


class Why(IntEnum):
    """Why a program has ended."""

    HALT = 0
    ABORT = 1
    FAULT = 2
    ILLEGAL = 3


class RefusedError(UsageError):
    """The FPGA received a frame whole and refused it: nothing of that frame was executed.

    Attributes:
        error: the reason.
        frame_type: type of the refused frame.
        seq: its sequence number.
        arg: its `arg`: an address or a register.
    """

    def __init__(self, error: FrameError, frame_type: int, arg: int, seq: int = 0) -> None:
        self.error = error
        self.seq = seq
        self.frame_type = frame_type
        self.arg = arg
        name = FrameType(frame_type).name.lower() if frame_type in set(FrameType) else f"type {frame_type:#04x}"
        what, then = _REFUSALS[error]
        super().__init__(f"the FPGA refused a `{name}` frame (arg {arg:#x}): {what}. Nothing of it was executed.", then)


_REFUSALS = {
    FrameError.BAD_TYPE: ("it does not know such frames", "Host and gateware do not match: update the gateware."),
    FrameError.BAD_LENGTH: ("its length does not fit", "Host and gateware do not match: update the gateware."),
    FrameError.BAD_ADDRESS: (
        "outside program or vector memory, no such register, or no such size of result words",
        "Check address and length.",
    ),
    FrameError.BUSY: ("not while a program runs", "Wait for its end, or abort it."),
    FrameError.NO_CONSUMER: ("no program runs that could take vectors", "Start the program first."),
    FrameError.REFUSED: (
        "the guard forbids it: above the carrier's ceiling, looser than before while armed, or a fault is latched",
        "Disarm, clear the fault, and stay below the ceiling.",
    ),
}


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """Who is at the other end.

    Attributes:
        version: of the protocol.
        build_id: of the gateware.
        clock_hz: of the FPGA; all cycles count these.
        rows, columns: of the array.
        array_type: number of the array's type.
        slots: numbered frames that the FPGA takes before its first acknowledge.
        memory_vectors, program_words: sizes of the memories.
        session_id: the upper 16 bits stay the same until the FPGA is reset, the lower 16 count its sessions.
        carrier: number of the carrier that it is built for.
        parallel_columns: columns that it pulses and converts at once.
    """

    version: int
    build_id: int
    clock_hz: int
    rows: int
    columns: int
    array_type: int
    slots: int
    memory_vectors: int
    program_words: int
    session_id: int
    carrier: int
    parallel_columns: int

    @property
    def boot_id(self) -> int:
        """Stays the same until the FPGA is reset: what was left in its memories and registers is still there."""
        return self.session_id >> 16

    @classmethod
    def parse(cls, frame: Frame, name: str) -> Self:
        """Reads an `info` frame that came from the port `name`.

        Raises:
            ProtocolError: another protocol version, or not an ohmbench at all.
        """
        if frame.arg != PROTOCOL_VERSION:
            older = "gateware" if frame.arg < PROTOCOL_VERSION else "host software"
            raise ProtocolError(
                f"the FPGA on {name} speaks protocol version {frame.arg}, and this program speaks version "
                f"{PROTOCOL_VERSION}.",
                f"Update the {older}.",
                array=ArrayState.NOT_TOUCHED,
            )
        if len(frame.payload) != _INFO.size or not frame.payload.startswith(MAGIC):
            raise ProtocolError(
                f"what answers on {name} is not an ohmbench: info {frame.payload.hex() or 'empty'}.",
                "Check --port.",
                array=ArrayState.NOT_TOUCHED,
            )
        return cls(frame.arg, *_INFO.unpack(frame.payload)[1:])


def without_session(payload: bytes) -> bytes:
    """The payload of an `info` frame without the session's number, which is another one at each start."""
    begin, end = struct.calcsize(_BEFORE_SESSION), struct.calcsize(_BEFORE_SESSION + _SESSION)
    return payload[:begin] + payload[end:]


@dataclass(frozen=True, slots=True)
class State:
    """State of the bench.

    Attributes:
        running: a program runs.
        armed: the guard lets pulses through.
        fault: what turned the array off, latched; `Fault.NONE` if nothing did.
        run_cycles: clocks spent in programs, waiting for the link excluded.
        clock_cycles: clocks since reset.
        pulses: pulses since reset.
        busy_cycles: of `run_cycles`, those in which the array was settling, pulsed or converted, as link.md defines it.
        reads: conversions with a word line on, since reset.
        read_cycles: clocks with word lines on in READ.
        read_wait_cycles: of `read_cycles`, those that are not in `run_cycles`.
    """

    running: bool
    armed: bool
    fault: Fault
    run_cycles: int
    clock_cycles: int
    pulses: int
    busy_cycles: int
    reads: int
    read_cycles: int
    read_wait_cycles: int

    @classmethod
    def parse(cls, frame: Frame) -> Self:
        """Reads a `state` frame.

        Raises:
            ProtocolError: the frame is malformed.
        """
        try:
            counters = _STATE.unpack(frame.payload)
            fault = Fault(frame.arg >> STATE_FAULT_CODE_SHIFT) if frame.arg & StateArg.FAULT else Fault.NONE
        except (struct.error, ValueError) as error:
            raise malformed(frame) from error
        return cls(bool(frame.arg & StateArg.RUNNING), bool(frame.arg & StateArg.ARMED), fault, *counters)


@dataclass(frozen=True, slots=True)
class Result:
    """Words that a running program put out.

    Attributes:
        first: number of the first word since the program started, modulo 65536.
        words: uint32, shape (n,).
    """

    first: int
    words: Words

    @property
    def signed(self) -> NDArray[np.int32]:
        """The words as int32, shape (n,)."""
        return self.words.view(np.int32)

    @classmethod
    def parse(cls, frame: Frame) -> Self:
        """Reads a frame that carries results, whatever bytes a word takes in it.

        Raises:
            ProtocolError: the frame is malformed.
        """
        try:
            return cls(frame.arg, result_words(frame))
        except ValueError as error:
            raise malformed(frame) from error


@dataclass(frozen=True, slots=True)
class Done:
    """A program has ended.

    Attributes:
        code: of its `halt`.
        why: how it ended.
        fault: what the guard found, if `why` is `Why.FAULT`.
        pc: address of the last instruction.
        cycles: clocks that it ran, waiting for the link excluded.
    """

    code: int
    why: Why
    fault: Fault
    pc: int
    cycles: int

    @classmethod
    def parse(cls, frame: Frame) -> Self:
        """Reads a `done` frame.

        Raises:
            ProtocolError: the frame is malformed.
        """
        try:
            why, fault, pc, cycles = _DONE.unpack(frame.payload)
            return cls(frame.arg, Why(why), Fault(fault), pc, cycles)
        except (struct.error, ValueError) as error:
            raise malformed(frame) from error


def parse_words(frame: Frame) -> Words:
    """Returns the payload as uint32, shape (n,), writable.

    Raises:
        ProtocolError: it is not made of words.
    """
    if len(frame.payload) % _WORD_BYTES:
        raise malformed(frame)
    return np.frombuffer(frame.payload, "<u4").astype(np.uint32)


def parse_error(frame: Frame) -> RefusedError:
    """Returns the exception that an `error` frame stands for.

    Raises:
        ProtocolError: the frame is malformed.
    """
    try:
        kind, seq, arg = _ERROR.unpack(frame.payload)
        return RefusedError(FrameError(frame.arg), kind, arg, seq)
    except (struct.error, ValueError) as error:
        raise malformed(frame) from error


def malformed(frame: Frame) -> ProtocolError:
    """Returns the exception for a frame that arrived undamaged and still makes no sense."""
    return ProtocolError(
        f"the FPGA sent a frame that cannot be read: {frame}. Host and gateware do not match.", "Update both."
    )


def register_frame(register: int, value: int) -> Frame:
    """Returns the frame that writes `value`, taken modulo 2**32, to a register."""
    return Frame(FrameType.REGISTER, 0, register, struct.pack("<I", value & 0xFFFFFFFF))
