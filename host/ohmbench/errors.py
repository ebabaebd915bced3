"""Errors that users meet, and the exit code of each.

    OhmbenchError (1)
    +-- InputError              what was given makes no sense
    |   +-- UsageError (2)          a flag or a value
    |   +-- ImageError (6)          a weight image is corrupt, or made for another array
    |   +-- AssemblyError (7)       a pulse program does not assemble
    |   +-- DataError (11)          a data set, parameter file or network is missing or damaged
    +-- BenchError              the bench is not there, not in order, or turned the array off
    |   +-- PortError (3)           no such port, no permission, busy
    |   +-- ProtocolError (4)       something answers, but it is not an ohmbench of our version
    |   +-- LinkError (5)           the link was lost or stays damaged
    |   +-- FaultError (9)          the guard turned the array off
    |   +-- FlashError (15)         a bitstream is damaged, another board's, or not taken
    |   +-- CheckError (17)         the self-test found something wrong with the carrier
    |   +-- InstrumentError (18)    a power supply or a meter does not answer, or does not do what it is told
    +-- SimulationError         of the simulation, not of an array
    |   +-- BuildError (8)          the simulator cannot be built or started
    |   +-- ModelError (12)         a chip model or an assertion stopped the simulation
    +-- RecordError             the record, or the wear that it knows, forbids it
    |   +-- WearError (13)          a cell would get more pulses in its life than its budget
    |   +-- StoreError (14)         the record of runs cannot be read or written, or is another array's
    +-- OutcomeError            all was done, and what came out is not what was asked for
        +-- NotConvergedError (10)  fewer cells in their window than asked for
        +-- ExpectationError (16)   a result of a sweep is not what --assert expects

Ctrl-C ends with 130, as shells expect. Every message says what happened and what to do next; what
became of the array is a field, which the command line says where an array is near.
"""

from __future__ import annotations

from enum import StrEnum


class ArrayState(StrEnum):
    """What became of the array, as an operator is told. No message says it in words of its own."""

    UNTOUCHED = "Nothing was sent to the array."
    NOT_TOUCHED = "The array was not touched."  # it may be another device's port
    BOARD_NOT_TOUCHED = "The board was not touched."
    FPGA_MAY_BE_EMPTY = "The FPGA may be empty now: it drives no pin, and the carrier's resistors hold the array off."
    DONE = "The array is off."  # the work was done; only its result is lost
    OFF = "The array is off; its cells keep what they hold."
    GOES_OFF = "The array goes off by itself when its watchdog runs out."
    UNKNOWN = "The array is off, or goes off when its watchdog runs out."
    OTHERS = "The array is as the other program has it, perhaps on."
    NOT_PULSED = "No cell was pulsed, and the array is off."
    PROGRAMMED = "The array is off and holds what was programmed."
    READ = "The array is off and holds what was read."
    FORMED = "The array is off; formed cells stay formed."


class OhmbenchError(Exception):
    """Base of all errors that ohmbench raises on purpose.

    Attributes:
        what: what happened.
        todo: what to do next.
        array: what became of the array. None until a bench that the error passes on its way out fills it in, which
            knows whether it was armed; the command line says it where an array is near.
    """

    exit_code = 1
    array: ArrayState | None = None

    def __init__(self, what: str, todo: str = "", *, array: ArrayState | None = None) -> None:
        super().__init__(what, todo)
        self.what = what
        self.todo = todo
        if array is not None:
            self.array = array

    def __str__(self) -> str:
        return f"{self.what} {self.todo}".rstrip()

    def told(self, array: ArrayState = ArrayState.UNTOUCHED) -> str:
        """What happened, what became of the array, and what to do next.

        Args:
            array: what became of it, if the error does not know better.
        """
        return f"{self.what} {self.array or array} {self.todo}".rstrip()


class InputError(OhmbenchError):
    """What was given makes no sense: an option, a file, a program, data."""


class BenchError(OhmbenchError):
    """The bench does not answer, is not in order, or turned the array off."""


class SimulationError(OhmbenchError):
    """The simulation, not an array: it cannot be built, or a model stopped it."""


class RecordError(OhmbenchError):
    """The lab's record, or what it says of an array's wear, forbids it."""


class OutcomeError(OhmbenchError):
    """All was done, and what came out is not what was asked for."""


class UsageError(InputError):
    """A flag or a value that makes no sense."""

    exit_code = 2


class PortError(BenchError):
    """The port does not exist, may not be opened, or is in use; `reason` says which in a few words."""

    exit_code = 3

    def __init__(self, what: str, todo: str = "", *, reason: str = "", array: ArrayState | None = None) -> None:
        super().__init__(what, todo, array=array)
        self.reason = reason


class ProtocolError(BenchError):
    """Something answers on the port, but not an ohmbench of this protocol version."""

    exit_code = 4


class LinkError(BenchError):
    """The link was lost, or frames stay damaged after all retries."""

    exit_code = 5


class ImageError(InputError):
    """A weight image is corrupt, or was made for another array."""

    exit_code = 6


class AssemblyError(InputError):
    """A pulse program does not assemble; the message names file, line and column."""

    exit_code = 7


class BuildError(SimulationError):
    """The simulator cannot be built or started."""

    exit_code = 8


class FaultError(BenchError):
    """The guard turned the array off."""

    exit_code = 9
    array = ArrayState.OFF


class NotConvergedError(OutcomeError):
    """Fewer cells than asked for ended in their window."""

    exit_code = 10


class DataError(InputError):
    """A data set, parameter file or network is missing or damaged."""

    exit_code = 11


class ModelError(SimulationError):
    """In the simulation a chip saw its datasheet violated, or the RTL broke an assertion: a defect of either, or of a
    carrier file."""

    exit_code = 12


class WearError(RecordError):
    """A cell would get more pulses in its life than its budget."""

    exit_code = 13


class StoreError(RecordError):
    """The record of runs cannot be read or written, or belongs to another array."""

    exit_code = 14


class FlashError(BenchError):
    """A bitstream is none, belongs to another board or FPGA, or cannot be loaded."""

    exit_code = 15
    array = ArrayState.BOARD_NOT_TOUCHED


class ExpectationError(OutcomeError):
    """A result of a sweep is not what --assert expects."""

    exit_code = 16


class CheckError(BenchError):
    """The self-test found something wrong with the carrier."""

    exit_code = 17


class InstrumentError(BenchError):
    """A power supply or a meter does not answer, or does not do what it is told."""

    exit_code = 18
