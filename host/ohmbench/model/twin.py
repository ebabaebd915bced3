"""The pulse processor as an instruction-set model in C (sim/twin), on the array model that the simulated chips use.

It executes the words that the FPGA executes and counts the clocks that the RTL counts: the same codes, the same
records and the same run time, bit for bit, without any RTL. tests/system/test_lockstep.py holds the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmbench import tables as t
from ohmbench.link.messages import Done, State, Why
from ohmbench.model._array import ffi, lib
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import CarrierModel
from ohmbench.support.array_types import Words
from ohmbench.tables import Fault, Mode, Rail

_ffi: Any = ffi
_lib: Any = lib


_SLICE = 1 << 18
"""Instructions from one look at signals, and at whoever takes the words, to the next: some 50 ms."""
SOME_ROWS = 1 << 10
"""The same for who may end a program that pulses: some rows of cells."""
_ROOM = 1 << 16
"""Words that a program may send in a slice."""
_OWN_PULSE = ArrayModel.pulse


@dataclass(frozen=True, eq=False)
class View:
    """What a program finds between two of its instructions.

    Attributes:
        pc: address of the next one.
        scalars, masks: (16,); vectors: (16, lanes), words of 32 bits.
        rails: DAC codes that they were last told, by `Rail`.
        mode, word_lines, bit_lines, columns: the lines that are set, masks.
        state: counts, and whether the guard has it armed.
    """

    pc: int
    scalars: npt.NDArray[np.uint16]
    masks: Words
    vectors: Words
    rails: npt.NDArray[np.uint16]
    mode: Mode
    word_lines: int
    bit_lines: int
    columns: int
    state: State


class Twin:
    """The pulse processor, its guard and its carrier over one array.

    Args:
        array: None for programs that do not touch it. One whose `pulse` is not the model's own has it called, with the
            lines of the carrier.
        board: the carrier's analogue side; None for an ideal one.
        kind: of carrier.

    Attributes:
        consumed: input vectors that the last program took.
        on_step: called after every instruction, and before the first, until it returns False.
    """

    on_step: Callable[[View], bool] | None = None

    def __init__(
        self, array: ArrayModel | None, board: CarrierModel | None = None, kind: str = t.DEFAULT_CARRIER
    ) -> None:
        self.array = array
        self.board = CarrierModel() if board is None else board
        self.consumed = 0
        self._failed: BaseException | None = None  # what a subclass's `pulse` raised
        twin = _lib.ohm_twin_new(t.CARRIERS[kind].number)
        if twin == _ffi.NULL:
            raise MemoryError
        self._twin = _ffi.gc(twin, _lib.ohm_twin_free)

    @property
    def pointer(self) -> Any:
        """The ohm_twin_t *, for C functions that take one."""
        return self._twin

    def state(self) -> State:
        """Counts since it was made; it has no clock that runs while a link is waited for."""
        s = _lib.ohm_twin_state(self._twin)
        return State(
            False, bool(s.armed), Fault(s.fault), s.run_cycles, 0, s.pulses, s.busy_cycles, s.reads, s.read_cycles, 0
        )

    def view(self) -> View:
        """The registers, rails and lines as they are."""
        scalars, masks, vectors = np.empty(16, np.uint16), np.empty(16, np.uint32), np.empty((16, t.LANES), np.uint32)
        rails, lines = np.empty(len(Rail), np.uint16), np.empty(5, np.uint32)
        arrays = (("uint16_t", scalars), ("uint32_t", masks), ("uint32_t", vectors), ("uint16_t", rails))
        buffers = [_ffi.from_buffer(f"{kind}[]", array) for kind, array in (*arrays, ("uint32_t", lines))]
        _lib.ohm_twin_look(self._twin, *buffers)
        pc, mode, wl, bl, columns = lines.tolist()
        return View(pc, scalars, masks, vectors, rails, Mode(mode), wl, bl, columns, self.state())

    def load(self, words: Sequence[int] | Words) -> None:
        """Write program words from address 0 on.

        Raises:
            ValueError: more than there are.
        """
        program = np.ascontiguousarray(words, np.uint32)
        if len(program) > t.PROGRAM_WORDS:
            raise ValueError(f"{len(program)} words; the program memory has {t.PROGRAM_WORDS}")
        _lib.ohm_twin_load(self._twin, _ffi.from_buffer("uint32_t[]", program), len(program))

    def write_vectors(self, address: int, vectors: npt.ArrayLike) -> None:
        """Write vector memory: uint32 (n, 32).

        Raises:
            ValueError: another shape, or beyond the end.
        """
        data = np.ascontiguousarray(vectors, np.uint32)
        if data.ndim != 2 or data.shape[1] != t.LANES or not 0 <= address <= t.MEMORY_VECTORS - len(data):
            raise ValueError(f"vectors of shape {data.shape} do not fit the memory at address {address}")
        _lib.ohm_twin_write_vectors(self._twin, address, _ffi.from_buffer("uint32_t[]", data), len(data))

    def write_register(self, register: int, value: int) -> bool:
        """As the frame `register`; False if the guard refuses."""
        return bool(_lib.ohm_twin_write_register(self._twin, register, value))

    def run(
        self,
        entry: int,
        args: Sequence[int] = (),
        inputs: npt.ArrayLike | None = None,
        on_words: Callable[[Words], None] = lambda words: None,
        slice_: int = _SLICE,
    ) -> tuple[Done, Words]:
        """Run a program from an entry address.

        Args are the values of r0, r1, ...; inputs what `vin` takes, unsigned (n, 32). on_words gets what the program
        sends by `vout` while it runs, every slice_ instructions, and ends it by raising. Returns how the program ended
        and all that it sent. A `vin` with nothing left ends as an abort.

        Raises:
            ValueError: inputs of another shape.
        """
        array = _ffi.NULL if self.array is None else self.array.pointer
        taken = np.ascontiguousarray(np.zeros((0, t.LANES)) if inputs is None else inputs, np.uint32)
        if taken.ndim != 2 or taken.shape[1] != t.LANES:
            raise ValueError(f"vin takes vectors of {t.LANES}, not {taken.shape}")
        room = np.empty(_ROOM, np.uint32)
        io, end, this = _ffi.new("ohm_twin_io_t *"), _ffi.new("ohm_twin_end_t *"), _ffi.new_handle(self)
        inputs_c, room_c = _ffi.from_buffer("uint32_t[]", taken), _ffi.from_buffer("uint32_t[]", room)
        io.inputs, io.input_count, io.outputs, io.room = inputs_c, len(taken), room_c, len(room)
        if self.array is not None and type(self.array).pulse is not _OWN_PULSE:
            io.on_pulse, io.context = _lib.ohm_python_pulse, this
        sent: list[Words] = []
        registers = [int(value) & 0xFFFF for value in args]
        registers += [0] * (16 - len(registers))
        _lib.ohm_twin_start(self._twin, array, self.board.pointer, io, entry, registers)
        ended, self._failed = False, None
        watch = None if self.on_step is None or not self.on_step(self.view()) else self.on_step
        try:
            while not ended:
                io.sent = 0
                ended = bool(_lib.ohm_twin_run(self._twin, slice_ if watch is None else 1, end))
                if watch is not None and not watch(self.view()):
                    watch = None
                sent.append(room[: io.sent].copy())
                if self._failed is not None:
                    raise self._failed
                if io.sent:
                    on_words(sent[-1])
        finally:  # Ctrl-C, too: a pulse that was counted is one that the cells have had
            if not ended:
                _lib.ohm_twin_abort(self._twin)
            self.consumed = io.consumed
        return Done(end.code, Why(end.why), Fault(end.fault), end.pc, end.cycles), np.concatenate(sent)


@_ffi.def_extern(name="ohm_python_pulse")  # type: ignore[untyped-decorator]
def _pulse(context: Any, *pulse: int) -> None:
    twin = _ffi.from_handle(context)
    try:
        twin.array.pulse(*pulse)
    except BaseException as error:  # C has no exceptions: kept until it returns
        twin._failed = error
