"""The array model: a 32x32 1T1R ReRAM array with its carrier's converters, in C (sim/array), from Python.

The twin and the simulator call the same C code, so they read the same codes. What comes out is simulated, never
measured.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmbench.errors import DataError
from ohmbench.model._array import ffi, lib
from ohmbench.model.one_table import require_one_table
from ohmbench.support.array_types import FloatArray, IntArray, Mask
from ohmbench.support.files import replace_file
from ohmbench.support.guesses import did_you_mean
from ohmbench.support.mapped_file import MappedFile
from ohmbench.support.numbers import is_number
from ohmbench.support.text_files import TextFileError, read_toml
from ohmbench.tables import COLUMNS, ROWS, Mode

log = logging.getLogger(__name__)

_ffi: Any = ffi
_lib: Any = lib
_INDEX: dict[str, int] = {
    _ffi.string(_lib.ohm_params_name(index)).decode(): index for index in range(_lib.ohm_params_count())
}

OF_THE_CARRIER = ("tia_ohm", "adc_lsb_v", "dac_full_scale_v", "clock_hz")
"""Parameters whose defaults are the carrier's table's."""

DEFAULT_SEED = 1
"""Of an array behind a bench, twin or simulator, that no seed is given for."""

PRESETS = Path(__file__).resolve().parent / "presets"


def default_params() -> dict[str, float]:
    """All parameters of the model with their defaults, which are preset a."""
    params = _ffi.new("ohm_params_t *")
    _lib.ohm_params_default(params)
    return {name: _lib.ohm_params_get(params, index) for name, index in _INDEX.items()}


def describe_params() -> dict[str, tuple[str, str]]:
    """Unit and source of every parameter's default."""
    return {
        name: (_ffi.string(_lib.ohm_params_unit(i)).decode(), _ffi.string(_lib.ohm_params_source(i)).decode())
        for name, i in _INDEX.items()
    }


def load_params(preset: str | Path) -> dict[str, float]:
    """Parameters from a preset's name (a, c, ideal) or a TOML file of lines `name = number`.

    What the file does not name has its default.

    Raises:
        DataError: no such preset or file, not TOML, an unknown name, or a value that is no number or out of range.
    """
    path = Path(preset)
    names = sorted(file.stem for file in PRESETS.glob("*.toml"))
    todo = f"Give a .toml file or one of the presets: {', '.join(names)}."
    if path.suffix != ".toml":
        if str(preset) not in names:
            raise DataError(f"There is no preset {preset}{did_you_mean(str(preset), names)}.", todo)
        path = PRESETS / f"{preset}.toml"
    try:
        given = read_toml(path)
    except TextFileError as error:
        raise DataError(f"Cannot read the parameters {path}: {error}.", todo) from error
    _checked(given, str(path))
    return default_params() | {name: float(value) for name, value in given.items()}


def write_params_file(params: Mapping[str, float], path: str | Path) -> None:
    """Write parameters as the simulator reads them: lines `name value`.

    Raises:
        DataError: an unknown name or a value out of range.
        OSError: the file cannot be written.
    """
    _checked(params, "parameters")
    text = "".join(f"{name} {float(value)!r}\n" for name, value in params.items())
    replace_file(Path(path), text.encode())


def write_faults_file(kinds: ArrayLike, path: str | Path) -> None:
    """Write kinds (32, 32), as for `ArrayModel.inject`, as the simulator reads them: lines `row column kind`.

    Raises:
        DataError: another shape, or no such kind.
        OSError: the file cannot be written.
    """
    checked = _checked_kinds(kinds)
    lines = [f"{row} {column} {checked[row, column]}\n" for row, column in np.argwhere(checked).tolist()]
    replace_file(Path(path), "".join(lines).encode())


def _checked_kinds(kinds: ArrayLike) -> IntArray:
    values = np.asarray(kinds)
    if values.shape != (ROWS, COLUMNS) or not np.issubdtype(values.dtype, np.integer):
        raise DataError(f"Kinds of cells are integers, ({ROWS}, {COLUMNS}) of them, not {values.dtype} {values.shape}.")
    unknown = values[(values < 0) | (values > _lib.OHM_CELL_WEAK)]
    if unknown.size:
        raise DataError(f"{unknown[0]} is not a kind of cell (0 to {_lib.OHM_CELL_WEAK}).")
    return values.astype(np.int64)


def _checked(params: Mapping[str, Any], where: str) -> Any:
    """ohm_params_t of the defaults and params."""
    require_one_table()
    struct = _ffi.new("ohm_params_t *")
    _lib.ohm_params_default(struct)
    for name, value in params.items():
        if name not in _INDEX:
            raise DataError(
                f"{where}: {name} is not a parameter of the array model{did_you_mean(name, _INDEX)}.",
                "`ohmbench sweep --params` lists them.",
            )
        if not is_number(value):
            raise DataError(f"{where}: {name} = {value!r} is not a finite number.")
        if _lib.ohm_params_set(struct, name.encode(), float(value)):
            low = _lib.ohm_params_low(_INDEX[name])
            raise DataError(f"{where}: {name} = {value} is below {low:g}, the lowest value that makes sense.")
    return struct


class ArrayModel:
    """One simulated array.

    Codes are 16-bit DAC codes (volts = code / 65536 * DAC_FULL_SCALE_V), masks have bit i for line i, and now_clocks
    is the sequencer's run time in clocks of 48 MHz. A value that does not fit its width raises OverflowError.
    The same seed, parameters and calls give the same results, whatever the order of calls that concern other cells.

    Args:
        params: parameters that differ from preset a; or a preset's name or TOML file, as for `load_params`.
        seed: 64 bits; stands for one physical array.

    Raises:
        DataError: as `load_params`, or parameters that contradict each other.
    """

    _finalizer: weakref.finalize[Any, Any] | None = None  # of an array in a file

    def __init__(self, params: Mapping[str, float] | str | Path | None = None, seed: int = 0) -> None:
        given = _given(params)
        array = _lib.ohm_array_new(_checked(given, "parameters"), seed)
        if array == _ffi.NULL:
            raise DataError("parameters: more than 100 % of the cells are bad, or g_low_usiemens > g_high_usiemens.")
        self._array = _ffi.gc(array, _lib.ohm_array_free)

    @classmethod
    def open(
        cls,
        path: str | Path,
        params: Mapping[str, float] | str | Path | None = None,
        seed: int | None = None,
    ) -> Self:
        """The array that lives in a file; a new one if there is no such file.

        The file is mapped into memory: what happens to the array is in the file at once, and a process that is
        killed loses nothing, save that the pulse it was at may have reached some of its cells and not the others.
        The simulator's --state is the same file. now_clocks counts from 0 again; bench time goes on from where
        it was. One process at a time has the file, for as long as the array is not closed; another one waits up
        to two seconds and is refused. (Not on Windows: there, two processes share the array and spoil it.)

        Args:
            params: as for the class. Parameters of a file that exists hold; those given here must agree with them.
            seed: likewise; a new array without one has DEFAULT_SEED.

        Raises:
            DataError: as the class; or the file cannot be made, is another program's or another version's, is
                damaged, is in use, or holds an array of another seed or of other parameters than given.
        """
        given = _given(params)
        # First: parameters that make no sense must not leave a file behind.
        fresh = cls(given, DEFAULT_SEED if seed is None else seed)
        file = MappedFile(Path(path), fresh.save, "array")
        try:
            buffer = _ffi.from_buffer("char[]", file.memory, require_writable=True)
            try:
                model = cls.__new__(cls)
                model._array = _attached(buffer, path)
                model._require(path, given, seed)
                model._warn_of_another_carrier(path, given)
            except BaseException:
                _ffi.release(buffer)
                raise
        except BaseException:
            file.close()
            raise
        model._finalizer = weakref.finalize(model, _detach, model._array, buffer, file)
        return model

    def _require(self, path: str | Path, given: Mapping[str, float], seed: int | None) -> None:
        """Raise if this array, kept in a file, is not the one that the caller describes."""
        own = self.params
        differ = [f"{name} {own[name]:g}, not {value:g}" for name, value in given.items() if own[name] != value]
        if seed is not None and seed != self.seed:
            differ.insert(0, f"seed {self.seed}, not {seed}")
        if differ:
            more = f" and {len(differ) - 3} more" if len(differ) > 3 else ""
            raise DataError(
                f"{path}: this array has {'; '.join(differ[:3])}{more}. An array keeps its seed and parameters for "
                "life.",
                "Leave them out to use it as it is, or name another file for a new array.",
            )

    def _warn_of_another_carrier(self, path: str | Path, given: Mapping[str, float]) -> None:
        """An array in a file keeps the converters that it was made with; the carrier's table may have changed since."""
        own, table = self.params, default_params()
        differ = [f"{name} {own[name]:g}, not {table[name]:g}" for name in OF_THE_CARRIER if own[name] != table[name]]
        if differ and not any(name in given for name in OF_THE_CARRIER):
            log.warning(
                "%s: this array was made with another carrier than the table in fpga/carriers describes: %s. It reads "
                "as it did there. Name another file for an array on the present carrier.",
                path,
                "; ".join(differ),
            )

    def close(self) -> None:
        """Let go of the file of an array from `open`; the array cannot be used after that. Else, nothing."""
        if self._finalizer is not None:
            self._finalizer()
            self._array = None

    @classmethod
    def at(cls, address: int) -> Self:
        """The array at an address in this process, such as what ohm_dpi_array() returns in a simulator.

        It stays the simulator's: it must outlive this object.
        """
        require_one_table()
        model = cls.__new__(cls)
        model._array = _ffi.cast("ohm_array_t *", address)
        return model

    @property
    def pointer(self) -> Any:
        """The ohm_array_t *, for C functions that take one."""
        return self._array

    @property
    def params(self) -> dict[str, float]:
        """All parameters."""
        struct = _lib.ohm_array_params(self._array)
        return {name: _lib.ohm_params_get(struct, index) for name, index in _INDEX.items()}

    @property
    def seed(self) -> int:
        return int(_lib.ohm_array_seed(self._array))

    def pulse(
        self,
        mode: Mode | int,
        wl: int,
        col: int,
        line_code: int,
        inhibit_code: int,
        wl_code: int,
        width_clocks: int,
        now_clocks: int,
    ) -> None:
        """Fire one pulse at the columns of `col` in every row of `wl`.

        Mode.SET: bit line at line_code, source lines of `col` at 0, the others at inhibit_code; cells there switch
        too if the difference is above a threshold. Mode.RESET: source lines of `col` at line_code, everything else
        at 0. Any other mode fires nothing.
        """
        _lib.ohm_array_pulse(
            self._array, int(mode), wl, col, line_code, inhibit_code, wl_code, width_clocks, now_clocks
        )

    def sense(self, wl: int, bl: int, bl_code: int, wl_code: int, now_clocks: int) -> NDArray[np.int16]:
        """ADC codes (32,) of all columns, with rows `wl` on and bit lines `bl` at bl_code, the others at 0."""
        codes = np.empty(COLUMNS, np.int16)
        _lib.ohm_array_sense(self._array, wl, bl, bl_code, wl_code, now_clocks, _ffi.from_buffer("int16_t[]", codes))
        return codes

    def mvm(self, bl_masks: ArrayLike, wl: int, bl_code: int, wl_code: int, now_clocks: ArrayLike) -> NDArray[np.int16]:
        """Codes (n, 32) of n senses, bit for bit what `sense` gives one after the other.

        Args:
            bl_masks: bit line masks (n,).
            now_clocks: a number, or one (n,) for each sense.
        """
        masks = np.ascontiguousarray(bl_masks, np.uint32)
        clocks = np.ascontiguousarray(np.broadcast_to(np.asarray(now_clocks, np.uint64), masks.shape))
        codes = np.empty((masks.size, COLUMNS), np.int16)
        if masks.ndim != 1:
            raise ValueError(f"bl_masks has shape {masks.shape}; expected (n,)")
        if masks.size:
            _lib.ohm_array_mvm(
                self._array,
                _ffi.from_buffer("uint32_t[]", masks),
                masks.size,
                wl,
                bl_code,
                wl_code,
                _ffi.from_buffer("uint64_t[]", clocks),
                _ffi.from_buffer("int16_t[]", codes),
            )
        return codes

    def conductance(self, now_clocks: int | None = None) -> FloatArray:
        """True conductances (32, 32) in siemens, without read noise and wires; at the latest clock if none is given."""
        siemens = np.empty((ROWS, COLUMNS))
        now = self.clock if now_clocks is None else now_clocks
        _lib.ohm_array_conductances(self._array, now, _ffi.from_buffer("double[]", siemens))
        return siemens

    def set_conductance(self, siemens: ArrayLike) -> None:
        """Put every cell at a conductance (32, 32) in siemens, bounded by the window; NaN leaves a cell as it is.

        Cells become formed and rest (no relaxation before their next pulse). Stuck cells stay stuck, weak ones weak.
        """
        values = np.asarray(siemens, np.float64)
        if values.shape != (ROWS, COLUMNS):
            raise ValueError(f"conductances have shape {values.shape}; the array has ({ROWS}, {COLUMNS})")
        for row, col in np.argwhere(~np.isnan(values)).tolist():
            _lib.ohm_array_set_conductance(self._array, row, col, values[row, col])

    def pulses(self) -> NDArray[np.uint32]:
        """Pulses that each cell (32, 32) has had, disturbing ones included."""
        counts = [[_lib.ohm_array_pulses(self._array, row, col) for col in range(COLUMNS)] for row in range(ROWS)]
        return np.array(counts, np.uint32)

    def stuck(self) -> Mask:
        """Cells (32, 32) that never switch."""
        return np.isin(self.kinds(), [_lib.OHM_CELL_STUCK_LOW, _lib.OHM_CELL_STUCK_HIGH])

    def formed(self) -> Mask:
        """Cells (32, 32) that are not fresh from the fab."""
        return ~np.isin(self.kinds(), [_lib.OHM_CELL_UNFORMED])

    def kinds(self) -> NDArray[np.uint8]:
        """What each cell (32, 32) is: 0 good, 1 stuck low, 2 stuck high, 3 unformed, 4 weak (SET bound scaled by
        the parameter weak_set_factor)."""
        kinds = [[_lib.ohm_array_kind(self._array, row, col) for col in range(COLUMNS)] for row in range(ROWS)]
        return np.array(kinds, np.uint8)

    def inject(self, kinds: ArrayLike) -> None:
        """Make cells what the map (32, 32) says, in numbers as from `kinds`; 0 leaves a cell as it is.

        A stuck cell is at its end of the window and stays there; an unformed one, formed before or not, must be
        formed (again). Faults that the parameters' fractions have put there stay.

        Raises:
            DataError: another shape, or no such kind; no cell was changed.
        """
        checked = _checked_kinds(kinds)
        for row, column in np.argwhere(checked).tolist():
            _lib.ohm_array_set_kind(self._array, row, column, int(checked[row, column]))

    @property
    def clock(self) -> int:
        """Latest now_clocks that a pulse or a sense has named."""
        return int(_lib.ohm_array_clock(self._array))

    def rest(self, seconds: float) -> None:
        """Let bench time pass with the power off: cells relax, and now_clocks stands still.

        Raises:
            DataError: not a time from 0 on, or more than some 3000 years since the array was new.
        """
        if _lib.ohm_array_rest(self._array, seconds):
            raise DataError(f"The array cannot rest for {seconds} s.", "Give a time from 0 to 1e10 s.")

    def save(self) -> bytes:
        """All that the array is, as the bytes of a file for `open`."""
        buffer = _ffi.new("char[]", _lib.ohm_array_size())
        _lib.ohm_array_save(self._array, buffer)
        return bytes(_ffi.buffer(buffer))


def _given(params: Mapping[str, float] | str | Path | None) -> Mapping[str, float]:
    return load_params(params) if isinstance(params, str | Path) else params or {}


def _attached(buffer: Any, path: str | Path) -> Any:
    """ohm_array_t over a file's bytes."""
    problem = {
        -1: ("is not the state of an array", "Name another file."),
        -2: (
            "is the state of an array of another version of ohmbench, or of another kind of machine",
            "Use the version that made it, or name another file and program that array.",
        ),
        -3: ("is damaged", "Remove it, and program the new array that will be made."),
    }
    status = _lib.ohm_array_check(buffer, len(buffer))
    if status:
        what, todo = problem[status]
        raise DataError(f"{path}: the file {what}. It was not changed.", todo)
    array = _lib.ohm_array_attach(buffer)
    if array == _ffi.NULL:
        raise MemoryError
    return array


def _detach(array: Any, buffer: Any, file: MappedFile) -> None:
    _lib.ohm_array_free(array)
    _ffi.release(buffer)
    file.close()
