"""Data that people bring: one reader for all formats, the split, and the scale of inputs. docs/your-own-data.md.

Nothing that is read is executed, and every size is bounded before it is believed.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError, UsageError
from ohmbench.network.data import CONTENT_DIGITS, Dataset
from ohmbench.network.own_arrays import read_csv, read_npy, read_npz
from ohmbench.network.own_images import read_folder, read_idx_pair
from ohmbench.network.own_parts import OwnDataError, Parts, require
from ohmbench.support.array_types import FloatArray, Index, IntArray, Mask
from ohmbench.support.guesses import cannot_read, did_you_mean
from ohmbench.support.home import in_home

FORMATS = (
    "an .npz, two files x.npy,y.npy, a CSV with a header, a folder of class folders of PNG, or IDX (see "
    "docs/your-own-data.md)"
)
SCALE_LOW, SCALE_HIGH = "scale_low", "scale_high"
"""Where the provenance of a network that was trained here on own data has `Scaling`."""
MAX_CLASSES = 1000
_MIN_ROWS = 10  # of a data set that something is trained on
_TABLE_FEATURES = 256  # a table with more is one of pixels, or as good as that
_SPLIT_SEED = 2026
_TEST_PART = 5  # one in so many
_CHUNK_ROWS = 4096
_FAR = 0.01  # share of values that may be far outside


@dataclass(frozen=True, eq=False)
class OwnData:
    """What people's files hold, checked.

    Attributes:
        name: of the file; a folder's ends in "/".
        x: (n, ...) of bytes, whole numbers or floating point.
        y: int64 (n,), places in `classes`; or float64 (n,) or (n, targets) if there are no classes.
        classes: names of the classes, sorted, numbers by their value.
        numbers: the classes as the file has them, where they are whole numbers.
        tests: so many of the last rows are the file's own test part; None: it has none.
        of_bytes: whether the format can hold nothing but bytes, which then stand for shares of white.
    """

    name: str
    x: NDArray[Any]
    y: NDArray[Any]
    classes: tuple[str, ...]
    numbers: IntArray | None
    tests: int | None
    of_bytes: bool

    @cached_property
    def content(self) -> str:
        """Hash of inputs, labels and parts: the same data in another format have the same."""
        found = hashlib.sha256(repr((self.x.shape, self.y.shape, self.classes, self.tests)).encode())
        for start in range(0, len(self.x), _CHUNK_ROWS):
            found.update(np.ascontiguousarray(self.x[start : start + _CHUNK_ROWS], "<f4").data)
        found.update(np.ascontiguousarray(self.y, "<i8" if self.classes else "<f8").data)
        return found.hexdigest()[:CONTENT_DIGITS]

    def own_parts(self) -> tuple[Index, Index]:
        """Rows to train on, and to test on: the file's own parts; without any, nothing and all."""
        first = 0 if self.tests is None else len(self.x) - self.tests
        return _shuffled(first), np.arange(first, len(self.x))

    def split(self) -> tuple[Index, Index]:
        """As `own_parts`, but without any a fifth of each class is to test on, always the same."""
        if self.tests is not None:
            return self.own_parts()
        order = _shuffled(len(self.x))
        test: Mask = np.zeros(len(order), np.bool_)
        groups = self.y[order] if self.classes else np.zeros(len(order), np.int64)
        for number in np.unique(groups):
            of_class = np.flatnonzero(groups == number)
            test[of_class[: round(len(of_class) / _TEST_PART)]] = True
        return order[~test], order[test]


def _shuffled(count: int) -> Index:
    return np.random.default_rng(_SPLIT_SEED).permutation(count)


def read_own_data(given: str) -> OwnData:
    """Read `--data`: a file, a folder, or two files with a comma between them.

    Raises:
        UsageError: there is no such file, or no format is known by its name.
        DataError: it is damaged, too large, or no use as data; or Pillow is missing for PNG.
    """
    try:
        return _checked(*_read(given))
    except OwnDataError as error:
        raise DataError(f"Cannot use the data {given}: {error}.", error.todo or f"Data are {FORMATS}.") from error
    except (DataError, UsageError):
        raise
    except MemoryError as error:
        raise DataError(f"Cannot use the data {given}: they do not fit into memory.", "Give fewer rows.") from error
    except Exception as error:
        # zipfile, zlib and numpy raise a dozen unrelated types for damaged bytes; numpy's texts would say: allow pickle
        raise DataError(
            f"Cannot use the data {given}: the file is damaged, or of another kind.", f"Data are {FORMATS}."
        ) from error


def _read(given: str) -> tuple[str, Parts]:
    path = in_home(Path(given))
    if path.is_dir():
        return f"{path.resolve().name}/", read_folder(path)
    if not path.exists() and given.count(",") == 1 and given.endswith(".npy"):
        x, y = (in_home(Path(part)) for part in given.split(","))
        return x.name, read_npy(x, y)
    if not path.exists():
        why = cannot_read(path, FileNotFoundError(errno.ENOENT, "there is no such file"))
        raise UsageError(
            f"No data set is called {given}{did_you_mean(given, ('digits', 'mnist'))}, and {why}.",
            f"Give digits, mnist, {FORMATS}.",
        )
    readers = {".npz": read_npz, ".csv": read_csv, ".tsv": read_csv}
    if path.suffix.lower() in readers:
        return path.name, readers[path.suffix.lower()](path)
    if "images" in path.name and "idx3" in path.name:
        return path.name, read_idx_pair(path)
    if path.suffix == ".npy":
        raise UsageError(f"{given} holds inputs or labels alone.", "Give both files: --data x.npy,y.npy.")
    raise UsageError(f"ohmbench cannot read {given}.", f"Data are {FORMATS}.")


def _checked(name: str, parts: Parts) -> OwnData:
    x, y, tests = parts.x, parts.y, None
    if parts.test_x is not None and parts.test_y is not None:
        sizes, kinds = (parts.test_x.shape[1:], x.shape[1:]), (parts.test_y.dtype.kind, y.dtype.kind)
        require(sizes[0] == sizes[1], f"its test inputs are {sizes[0]} each, those to train on {sizes[1]}")
        require(
            kinds[0] == kinds[1] and parts.test_y.shape[1:] == y.shape[1:],
            "its test labels are of another kind than those to train on",
        )
        tests = len(parts.test_x)
        counts = (len(parts.test_x), len(parts.test_y))
        require(counts[0] == counts[1], f"it has {counts[0]} test inputs and {counts[1]} labels for them")
        require(len(x) == len(y), f"it has {len(x)} inputs to train on and {len(y)} labels for them")
        x, y = np.concatenate([x, parts.test_x]), np.concatenate([y, parts.test_y])
    require(len(x) == len(y), f"it has {len(x)} inputs and {len(y)} labels")
    if y.dtype.kind == "f":
        return OwnData(name, x, y, (), None, tests, parts.of_bytes)
    classes, places = np.unique(y, return_inverse=True)
    require(
        len(classes) <= MAX_CLASSES,
        f"it has {len(classes)} different labels",
        f"Give up to {MAX_CLASSES} classes; targets to be computed as floating point.",
    )
    names = tuple(map(str, classes.tolist()))
    numbers = classes if classes.dtype.kind == "i" else None
    return OwnData(name, x, places.reshape(-1).astype(np.int64), names, numbers, tests, parts.of_bytes)


@dataclass(frozen=True, eq=False)
class Scaling:
    """What becomes 0 and 1 of the inputs of a network that is trained here.

    Attributes:
        low, high: float64 (features,), of a table; or (1,), of images: bytes, of more dimensions, or of more than 256
            features.
    """

    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, train_x: NDArray[Any]) -> Self:
        """The lowest and the highest values of the inputs to train on, rounded to what a provenance keeps."""
        is_table = train_x.ndim == 2 and train_x.dtype != np.uint8 and train_x.shape[1] <= _TABLE_FEATURES
        found = (f(train_x, axis=0) if is_table else f(train_x).reshape(1) for f in (np.min, np.max))
        return cls(*(_numbers(_text(values)) for values in found))

    @classmethod
    def from_provenance(cls, said: Mapping[str, Any]) -> Self | None:
        """None if there is none.

        Raises:
            DataError: it makes no sense.
        """
        if SCALE_LOW not in said:
            return None
        try:
            low, high = (_numbers(str(said.get(key))) for key in (SCALE_LOW, SCALE_HIGH))
        except ValueError as error:
            raise DataError("The provenance's scale of inputs is not a list of numbers.") from error
        if low.shape != high.shape or not np.isfinite([low, high]).all():
            raise DataError("The provenance's scale of inputs makes no sense.")
        return cls(low, high)

    def provenance(self) -> dict[str, str]:
        return {SCALE_LOW: _text(self.low), SCALE_HIGH: _text(self.high)}

    def integers(self, x: NDArray[Any], bits: int) -> IntArray:
        """Inputs (n, ...) as int64 (n, features), 0..2^bits - 1; what is outside is cut off, a constant feature is 0.

        Raises:
            DataError: there are other numbers of features, or more than 1 % are far outside.
        """
        flat = x.reshape(len(x), -1)
        if len(self.low) not in (1, flat.shape[1]):
            raise DataError(f"The data have {flat.shape[1]} features, the network was trained on {len(self.low)}.")
        span = self.high - self.low
        top = (1 << bits) - 1
        found, far = np.empty(flat.shape, np.int64), 0
        for start in range(0, len(flat), _CHUNK_ROWS):
            part = slice(start, start + _CHUNK_ROWS)
            scaled = (flat[part].astype(np.float64) - self.low) / np.where(span > 0, span, np.inf)
            far += int(np.count_nonzero((scaled < -1) | (scaled > 2)))
            found[part] = np.rint(np.clip(scaled, 0.0, 1.0) * top)
        if far > _FAR * flat.size:
            raise DataError(
                f"{100 * far / flat.size:.1f} % of the values are far outside of those that the network was trained "
                f"on: {span_text(flat)} where {span_text(self.low, self.high)} is meant.",
                "Scale both parts of the data in the same way.",
            )
        return found


def span_text(low: NDArray[Any], high: NDArray[Any] | None = None) -> str:
    """0..255: what values go from and to."""
    return f"{float(low.min()):.4g}..{float((low if high is None else high).max()):.4g}"


def _text(values: NDArray[Any]) -> str:
    return " ".join(f"{value:.9g}" for value in np.asarray(values, np.float64).tolist())


def _numbers(text: str) -> FloatArray:
    return np.array([float(part) for part in text.split()], np.float64)


def trained_here(own: OwnData, bits: int, scaling: Scaling | None = None) -> tuple[Dataset, Scaling]:
    """Own data as a network takes them that is trained here.

    Args:
        scaling: None: that of the part to train on.

    Raises:
        DataError: they have no classes, too few rows, or a test part of another scale.
    """
    if not own.classes:
        raise DataError(
            f"The targets in {own.name} are numbers in floating point, and `ohmbench train` makes classifiers.",
            "Give labels as whole numbers or text.",
        )
    train, test = own.split()
    if len(own.classes) < 2 or len(train) < _MIN_ROWS or not len(test):
        raise DataError(
            f"{own.name} has {len(train)} rows to train on and {len(test)} to test on, of {len(own.classes)} classes.",
            f"Give {_MIN_ROWS} or more of two classes or more.",
        )
    scaling = scaling or Scaling.of(own.x[train])
    x = scaling.integers(own.x[train], bits), scaling.integers(own.x[test], bits)
    return Dataset(own.name, x[0], own.y[train], x[1], own.y[test], bits, own.classes, own.content), scaling
