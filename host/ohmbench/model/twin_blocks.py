"""A program that streams inputs, on the twin, its inputs in blocks on several cores: the same bits as in one go.

What a block gives depends on what came before it only by the clock and by how often the array was read, since the
model's noise is a hash of that count. A blind run, in which nothing is converted, knows both sooner: it goes ahead, and
each block starts from a copy of its state. That holds for programs that fire no pulse, compare no codes (the blind run
ends there), and keep of a block's codes only what belongs to the inputs on their way, as mvm.useq does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import Event
from typing import Any

import numpy as np
import numpy.typing as npt

from ohmbench import tables as t
from ohmbench.link.messages import Done, Why
from ohmbench.model._array import ffi, lib
from ohmbench.model.twin import Twin
from ohmbench.support.array_types import Words
from ohmbench.tables import Fault

_ffi: Any = ffi
_lib: Any = lib

BLOCK = 2048
"""Inputs: some 20 ms."""
_SLICE = 1 << 16
"""Instructions from one look at whether to stop to the next."""
_ROOM = 1 << 16


@dataclass(eq=False)
class _Run:
    """A copy of a twin with its array and board in the middle of a program, over inputs of its own.

    C code runs without Python's lock, so that threads run at once.
    """

    twin: Any
    array: Any
    board: Any
    io: Any
    inputs: Words
    room: Words
    end: Any
    has_ended: bool = False

    @classmethod
    def of(cls, twin: Any, array: Any, board: Any, inputs: Words, *, room: int, pause_at: int, is_blind: bool) -> _Run:
        array = _owned(_lib.ohm_array_copy(array, is_blind), _lib.ohm_array_free)
        board = _owned(_lib.ohm_board_copy(board), _lib.ohm_board_free)
        io, space = _ffi.new("ohm_twin_io_t *"), np.empty(room, np.uint32)
        io.inputs, io.input_count = _ffi.from_buffer("uint32_t[]", inputs), len(inputs)
        io.outputs, io.room, io.pause_at = _ffi.from_buffer("uint32_t[]", space), room, pause_at
        twin = _owned(_lib.ohm_twin_copy(twin, array, board, io, is_blind), _lib.ohm_twin_free)
        return cls(twin, array, board, io, inputs, space, _ffi.new("ohm_twin_end_t *"))

    def go(self, stop: Event, *, is_kept: bool) -> None:
        """Run until it pauses, ends or is to stop; is_kept: the words that it sends."""
        while not (self.has_ended or self.io.is_paused or stop.is_set()):
            if not is_kept:
                self.io.sent = 0
            self.has_ended = bool(_lib.ohm_twin_run(self.twin, _SLICE, self.end))

    @property
    def words(self) -> Words:
        return self.room[: self.io.sent]


def _owned(pointer: Any, free: Any) -> Any:
    if pointer == _ffi.NULL:
        raise MemoryError
    return _ffi.gc(pointer, free)


def _edges(count: int, block: int) -> list[int]:
    """Where blocks begin, and the end. The last has two inputs at least: one alone would end the block before it."""
    return [*range(0, max(count - 1, 1), block), count]


def run_in_blocks(
    twin: Twin,
    entry: int,
    args: Sequence[int],
    inputs: npt.ArrayLike,
    on_words: Callable[[Words], None],
    *,
    each: int,
    cores: int,
    block: int = BLOCK,
) -> Done | None:
    """As `Twin.run` of a program as the module says.

    Args:
        each: words that it sends for an input, the first of them when it has taken the next one.
        cores: threads.

    Returns:
        How it ended; twin and array are as after `Twin.run`. None where nothing has changed: it would not have ended
        well, and has to be run in one go.
    """
    taken = np.ascontiguousarray(inputs, np.uint32)
    assert twin.array is not None
    registers = [int(value) & 0xFFFF for value in args]
    registers += [0] * (16 - len(registers))
    pointers = (twin.pointer, twin.array.pointer, twin.board.pointer)
    ahead = _Run.of(*pointers, taken, room=_ROOM, pause_at=0, is_blind=True)
    _lib.ohm_twin_start(ahead.twin, ahead.array, ahead.board, ahead.io, entry, registers)
    stop = Event()
    runs: list[tuple[_Run, Future[None]]] = []
    with ThreadPoolExecutor(cores) as pool:
        try:
            for first, last in pairwise(_edges(len(taken), block)):
                more = last < len(taken)
                run = _Run.of(
                    ahead.twin,
                    ahead.array,
                    ahead.board,
                    taken[first : last + more],
                    room=(last - first + 2) * each + t.LANES,
                    pause_at=last - first + 1 if more else 0,
                    is_blind=False,
                )
                runs.append((run, pool.submit(run.go, stop, is_kept=True)))
                ahead.io.pause_at, ahead.io.is_paused = last if more else 0, 0
                ahead.go(stop, is_kept=False)
                if ahead.has_ended == more:
                    return None
            if ahead.end.why != Why.HALT:
                return None
            for number, (run, future) in enumerate(runs):
                future.result()
                before = each if number else 0  # what the input before the block sends, which was not seen here
                assert run.io.sent == before + each * (len(run.inputs) - (not run.has_ended)), "a block lost its way"
                on_words(run.words[before:].copy())
        finally:
            stop.set()
    final = runs[-1][0]
    assert final.has_ended, "a block lost its way"
    assert final.end.cycles == ahead.end.cycles, "blocks lost their way"
    _lib.ohm_twin_follow(twin.pointer, final.twin)
    _lib.ohm_array_follow(twin.array.pointer, final.array)
    twin.consumed = len(taken)
    end = final.end
    return Done(end.code, Why(end.why), Fault(end.fault), end.pc, end.cycles)
