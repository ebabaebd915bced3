"""What the readers of people's own data have in common: what a file holds, before anybody says what it means."""

from __future__ import annotations

import io
import math
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 256 << 20
"""Of a file, and of what it unpacks to: MNIST in bytes five times."""
MAX_DIMENSIONS = 5
_NUMBERS = "buif"  # numpy's kinds: truth values, whole numbers, floating point


class OwnDataError(Exception):
    """What is wrong with a file, as the end of a sentence, and what to do about it, if that is known."""

    def __init__(self, problem: str, todo: str = "") -> None:
        super().__init__(problem)
        self.todo = todo


@dataclass(frozen=True, eq=False)
class Parts:
    """Inputs and labels as a file has them.

    Attributes:
        x: (n, ...) of one size; y: (n,), or (n, targets) of numbers with a fraction.
        test_x, test_y: the file's own test part; None: it has none, and `x` is all.
        of_bytes: whether the format can hold nothing but bytes, which then stand for shares of white.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    test_x: NDArray[Any] | None = None
    test_y: NDArray[Any] | None = None
    of_bytes: bool = False


def content_of_file(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        OwnDataError: it cannot be read, is no file, or is too large.
    """
    try:
        require(stat.S_ISREG(path.stat().st_mode), f"{path.name} is a folder or a device, not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise OwnDataError(f"{path.name}: {error.strerror or error}") from error
    require(len(data) <= MAX_BYTES, f"{path.name} is larger than {MAX_BYTES >> 20} MB", "Give fewer rows.")
    return data


def array_of_npy(data: bytes, name: str) -> NDArray[Any]:
    """The array in the bytes of a .npy file; nothing in it is executed, and no size that it claims is believed.

    Raises:
        OwnDataError: it holds Python objects or records, or is not as long as it says. Numpy raises others for damage.
    """
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    require(version in readers, f"{name} has .npy version {version[0]}.{version[1]}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of headers that Python 2 wrote
        shape, fortran, dtype = readers[version](file)
    require(
        dtype.kind != "O",
        f"{name} holds Python objects, which can run code when they are read and are not",
        "Save numbers, or text by astype(str).",
    )
    require(dtype.kind in _NUMBERS + "US" and dtype.itemsize > 0, f"{name} holds {dtype}, neither numbers nor text")
    body = len(data) - file.tell()
    require(
        all(length >= 0 for length in shape) and body == dtype.itemsize * math.prod(shape),
        f"{name} is not as long as its header says",
    )
    found = np.frombuffer(data, dtype, offset=file.tell())
    return found.reshape(shape, order="F" if fortran else "C")


def inputs_of(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Inputs (n, ...), checked: numbers that are finite and fit into single precision.

    Raises:
        OwnDataError: they are not.
    """
    require(array.dtype.kind in _NUMBERS, f"{name} holds {array.dtype}, not numbers")
    require(
        2 <= array.ndim <= MAX_DIMENSIONS and 0 not in array.shape,
        f"{name} has the shape {array.shape}, which is not (samples, ...) of 1 or more",
    )
    if array.dtype.kind == "f":
        array = array if array.dtype.itemsize in (4, 8) else array.astype(np.float64)
        _require_finite(array, name)
    return array.astype(np.uint8) if array.dtype.kind == "b" else array


def labels_of(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Labels (n,): int64 or text; or targets (n,) or (n, targets): float64.

    Raises:
        OwnDataError: they are none of these.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    kind = array.dtype.kind
    require(kind in _NUMBERS + "US", f"{name} holds {array.dtype}, neither numbers nor text")
    if kind == "f":
        require(array.ndim in (1, 2) and array.size > 0, f"{name} has the shape {array.shape}")
        found = array.astype(np.float64)
        _require_finite(found, name)
        return found
    require(
        array.ndim == 1,
        f"{name} has the shape {array.shape}, not one label a sample",
        "Of one-hot rows give numpy.argmax(y, axis=1).",
    )
    if kind in "US":
        return np.char.decode(array, "utf-8") if kind == "S" else array
    require(kind != "u" or not array.size or int(array.max()) < 1 << 63, f"{name} has labels beyond 64 bits")
    return array.astype(np.int64)


def _require_finite(array: NDArray[Any], name: str) -> None:
    largest = float(np.finfo(np.float32).max)
    low, high = float(array.min()), float(array.max())  # NaN if there is one
    if not (-largest <= low and high <= largest):
        bad = ~(np.isfinite(array) & (np.abs(array) <= largest))
        at = ", ".join(map(str, np.unravel_index(int(np.argmax(bad)), array.shape)))
        raise OwnDataError(
            f"{name} has {int(np.count_nonzero(bad))} values that are not finite numbers, the first at [{at}]",
            "Leave such rows out, or fill the gaps.",
        )


def require(condition: bool, problem: str, todo: str = "") -> None:
    """Raise OwnDataError unless the condition holds."""
    if not condition:
        raise OwnDataError(problem, todo)
