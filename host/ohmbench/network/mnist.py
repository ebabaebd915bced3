"""MNIST, from the four IDX files that it has always come as: in a folder, or downloaded on request.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", 1998; the IDX format is
described there too. Data sets in the same files, such as Fashion-MNIST, load from a folder as well.
"""

from __future__ import annotations

import hashlib
import os
import urllib.request
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError, UsageError
from ohmbench.network.data import Dataset
from ohmbench.network.idx import MAX_BYTES, IdxError, content_of, read_idx, unpacked
from ohmbench.progress import OnProgress
from ohmbench.support.array_types import FloatArray, IntArray
from ohmbench.support.files import replace_file
from ohmbench.support.home import in_home
from ohmbench.support.user_folders import cache_folder

ENVIRONMENT = "OHMBENCH_MNIST"
"""Environment variable that names the folder of the files."""

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)

# SHA-256 of the contents, not of the gzip files: those differ with who packed them.
CHECKSUMS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}

CLASSES = 10
_CHUNK_BYTES = 1 << 18
_CHUNK_IMAGES = 5000
_TIMEOUT_S = 30.0


def load_mnist(
    folder: str | Path | None = None,
    *,
    shape: tuple[int, int] = (28, 28),
    crop: int | None = None,
    input_bits: int = 4,
    download: bool = False,
    progress: OnProgress | None = None,
) -> Dataset:
    """60,000 images to train with and 10,000 to test with, as integers of `input_bits` bits.

    Args:
        folder: of the four files, with or without .gz. None: the folder that OHMBENCH_MNIST names, else the one that
            `download_mnist` fills.
        shape: rows and columns after averaging over equal areas: (14, 14) is the mean of 2x2 pixels, 196 inputs.
        crop: side of the square that is cut from the middle before that; 20 holds every digit. None: all 28.
        download: fetch what is missing in the folder.

    Raises:
        DataError: a file is missing, damaged, or does not fit the others; or the download failed.
        UsageError: an impossible shape, crop or number of bits.
    """
    if not 1 <= input_bits <= 8:
        raise UsageError(f"MNIST has 8 bits a pixel, so an input can have 1 to 8 bits, not {input_bits}.")
    found = mnist_folder() if folder is None else in_home(folder)
    if download:
        download_mnist(found, progress)
    sets = _read_sets(found)
    sides = sets[0][0].shape[1:]
    side = min(sides) if crop is None else crop
    if not (1 <= side <= min(sides) and all(1 <= new <= side for new in shape)):
        raise UsageError(
            f"Cannot cut {side}x{side} from {sides[0]}x{sides[1]} and average it to {shape[0]}x{shape[1]}."
        )
    (train_x, train_y), (test_x, test_y) = ((_pooled(x, side, shape, input_bits), y) for x, y in sets)
    return Dataset("mnist", train_x, train_y, test_x, test_y, input_bits)


def mnist_provenance(shape: tuple[int, int], crop: int | None = None) -> dict[str, str | int]:
    """What a provenance has to say of MNIST, so that `ohmbench.mapping.data_sets` loads it as it was trained on."""
    return {"dataset": "mnist", "shape": f"{shape[0]}x{shape[1]}", **({} if crop is None else {"crop": crop})}


def mnist_bytes(folder: str | Path | None = None) -> Dataset:
    """The images as they are: uint8 (n, 784); folder as `load_mnist` has it.

    Raises:
        DataError: a file is missing, damaged, or does not fit the others.
    """
    found = mnist_folder() if folder is None else in_home(folder)
    (train_x, train_y), (test_x, test_y) = _read_sets(found)
    return Dataset("mnist", train_x.reshape(len(train_x), -1), train_y, test_x.reshape(len(test_x), -1), test_y, 8)


def _read_sets(folder: Path) -> list[tuple[NDArray[np.uint8], IntArray]]:
    """Training and test set, of images of one size."""
    sets = [_read_set(folder, name) for name in ("train", "t10k")]
    sides = sets[0][0].shape[1:]
    if sets[1][0].shape[1:] != sides:
        raise _damaged(folder, f"its test images are not {sides[0]}x{sides[1]} pixels as its training images are")
    return sets


def mnist_folder() -> Path:
    """The folder that OHMBENCH_MNIST names, else ohmbench/mnist in the user's cache folder (XDG_CACHE_HOME)."""
    named = os.environ.get(ENVIRONMENT)
    return in_home(named) if named else _download_folder()


def _download_folder() -> Path:
    return cache_folder() / "mnist"


def download_mnist(folder: str | Path | None = None, progress: OnProgress | None = None) -> Path:
    """Fetch the files that the folder lacks, check each against its SHA-256, and return the folder: 12 MB.

    Raises:
        DataError: no mirror answers, what they send is not MNIST, or the folder cannot be written.
    """
    target = mnist_folder() if folder is None else in_home(folder)
    for name in missing_files(target):
        data = _fetch(name, progress or (lambda work, done, total: None))
        try:
            target.mkdir(parents=True, exist_ok=True)
            replace_file(target / f"{name}.gz", data)
        except OSError as error:
            raise DataError(
                f"Cannot write MNIST to {target}: {error.strerror or error}.", "Give a folder that you may write."
            ) from error
    return target


def _fetch(name: str, progress: OnProgress) -> bytes:
    """A gzip file whose content has the right checksum, from the first mirror that has it."""
    problems = []
    for mirror in MIRRORS:
        try:
            data = _download(f"{mirror}{name}.gz", f"download {name}", progress)
            if hashlib.sha256(unpacked(data)).hexdigest() == CHECKSUMS[name]:
                return data
            problems.append(f"{mirror}: the checksum is wrong")
        except (OSError, ValueError, IdxError) as error:
            problems.append(f"{mirror}: {error}")
    raise DataError(
        f"Cannot download {name}: {'; '.join(problems)}.",
        f"Try again, or get the four files elsewhere and set {ENVIRONMENT} to their folder.",
    )


def _download(url: str, work: str, progress: OnProgress) -> bytes:
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:
        total = int(answer.headers.get("Content-Length") or 0)
        data = bytearray()
        while chunk := answer.read(_CHUNK_BYTES):
            data += chunk
            if len(data) > MAX_BYTES:
                raise ValueError("it sends too much")
            progress(work, len(data), max(total, len(data)))
    if len(data) < total:
        raise ValueError(f"it broke off after {len(data)} of {total} bytes")
    return bytes(data)


def missing_files(folder: Path) -> list[str]:
    """Which of the four files a folder lacks under any of the names that they go by."""
    return [name for name in CHECKSUMS if existing_file(folder, name) is None]


def existing_file(folder: Path, name: str) -> Path | None:
    """The file under one of the names that it goes by, or None."""
    spellings = (name, name.replace("-idx", ".idx"))
    return next((f for s in spellings for f in (folder / s, folder / f"{s}.gz") if f.is_file()), None)


def _read_set(folder: Path, name: str) -> tuple[NDArray[np.uint8], IntArray]:
    """Images (n, rows, columns) and labels (n,) of one of the two sets."""
    images = _read_idx(folder, f"{name}-images-idx3-ubyte", 3)
    labels = _read_idx(folder, f"{name}-labels-idx1-ubyte", 1)
    if len(images) != len(labels):
        raise _damaged(folder, f"{name} has {len(images)} images and {len(labels)} labels")
    if 0 in images.shape:
        raise _damaged(folder, f"{name} has no images")
    if int(labels.max()) >= CLASSES:
        at = int(np.argmax(labels >= CLASSES))
        raise _damaged(folder, f"label {at} of {name} is {labels[at]}, not 0 to {CLASSES - 1}")
    return images, labels.astype(np.int64)


def _read_idx(folder: Path, name: str, dimensions: int) -> NDArray[np.uint8]:
    path = existing_file(folder, name)
    if path is None:
        raise DataError(
            f"There is no {name}(.gz) in {folder}.",
            f"Set {ENVIRONMENT} to the folder of the four files of MNIST, or fetch them: python -c "
            "'from ohmbench.network.mnist import download_mnist; download_mnist()'",
        )
    try:
        return read_idx(path, dimensions)
    except IdxError as error:
        raise _damaged(path, str(error), name) from error


def _damaged(path: Path, problem: str, name: str | None = None) -> DataError:
    """The error. To delete a file is advised only where it was downloaded and is not what was sent then."""
    if name is not None and path.parent == _download_folder() and _is_another(path, CHECKSUMS[name]):
        todo = "It was downloaded, and its checksum is not that of MNIST any more: delete it, and it is fetched again."
    else:
        todo = f"Look where it came from; {ENVIRONMENT} names the folder of the four files."
    return DataError(f"Cannot use {path}: {problem}.", todo)


def _is_another(path: Path, checksum: str) -> bool:
    """Whether a file's content has another SHA-256; one that cannot be unpacked has."""
    try:
        return hashlib.sha256(content_of(path)).hexdigest() != checksum
    except IdxError:
        return path.is_file()


def _pooled(images: NDArray[np.uint8], side: int, shape: tuple[int, int], input_bits: int) -> IntArray:
    """Integers (n, inputs): the middle of each image, averaged over equal areas, rounded half up."""
    top, left = ((length - side) // 2 for length in images.shape[1:])
    vertical, horizontal = (_overlaps(side, new) for new in shape)
    full_scale = 255 * side * side  # what a white area adds up to
    steps = (1 << input_bits) - 1
    pooled = np.empty((len(images), shape[0] * shape[1]), np.int64)
    for start in range(0, len(images), _CHUNK_IMAGES):
        part = images[start : start + _CHUNK_IMAGES, top : top + side, left : left + side].astype(np.float64)
        # whole numbers, so that floating point, which has the fast products, is exact
        sums = (vertical @ (part @ horizontal.T)).reshape(len(part), -1).astype(np.int64)
        pooled[start : start + len(part)] = (2 * sums * steps + full_scale) // (2 * full_scale)
    return pooled


def _overlaps(old: int, new: int) -> FloatArray:
    """(new, old): length that new cell k and old pixel i share on a line of old * new units; rows add up to old."""
    first, last = np.arange(new)[:, None] * old, np.arange(1, new + 1)[:, None] * old
    begin, end = np.arange(old) * new, np.arange(1, old + 1) * new
    shared = np.minimum(last, end) - np.maximum(first, begin)
    return np.asarray(np.maximum(shared, 0), np.float64)
