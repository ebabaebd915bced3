"""Own data in files of images: class folders of PNG, and IDX as MNIST has it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError
from ohmbench.network.idx import IdxError, read_idx
from ohmbench.network.mnist import CHECKSUMS, existing_file, missing_files
from ohmbench.network.own_parts import MAX_BYTES, OwnDataError, Parts, inputs_of, require
from ohmbench.support.array_types import IntArray

_PARTS = ("train", "test")
_MAX_CLASSES = 1000
_GREY_MODES = ("1", "L", "LA")
_COLOUR_MODES = ("P", "RGB", "RGBA", "PA")


def read_folder(folder: Path) -> Parts:
    """The four files of IDX; or class folders of PNG, perhaps within the folders train and test.

    Raises:
        OwnDataError: it holds neither, or what it holds is of no use.
        DataError: Pillow is not installed.
    """
    if len(missing_files(folder)) < len(CHECKSUMS):
        (x, y), (test_x, test_y) = (_idx_part(folder, name) for name in ("train", "t10k"))
        return Parts(x, y, test_x, test_y, of_bytes=True)
    names = _folders(folder)
    if sorted(names) == sorted(_PARTS):
        names, test_names = (_folders(folder / part) for part in _PARTS)
        for name in test_names:
            require(name in names, f"its folder test has a class {name}, its folder train has none")
        (x, y), (test_x, test_y) = _classes(folder / "train", names), _classes(folder / "test", test_names)
        return Parts(x, y, test_x, test_y, of_bytes=True)
    return Parts(*_classes(folder, names), of_bytes=True)


def read_idx_pair(path: Path) -> Parts:
    """Images, and their labels in the file beside them, whose name says labels and idx1.

    Raises:
        OwnDataError: one is missing or damaged.
    """
    labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    require(labels != path and labels.is_file(), f"there is no {labels.name} with the labels beside it")
    return Parts(*_idx(path, labels), of_bytes=True)


def _idx_part(folder: Path, part: str) -> tuple[NDArray[np.uint8], IntArray]:
    names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
    found = [existing_file(folder, name) for name in names]
    for name, path in zip(names, found, strict=True):
        require(path is not None, f"there is no {name} in it", "Give all four files.")
    images, labels = found
    assert images is not None
    assert labels is not None
    return _idx(images, labels)


def _idx(images: Path, labels: Path) -> tuple[NDArray[np.uint8], IntArray]:
    try:
        x = read_idx(images, 3)
    except IdxError as error:
        raise OwnDataError(f"{images.name}: {error}") from error
    try:
        y = read_idx(labels, 1)
    except IdxError as error:
        raise OwnDataError(f"{labels.name}: {error}") from error
    return inputs_of(x, images.name), y.astype(np.int64)


def _folders(folder: Path) -> list[str]:
    """Names of the folders in a folder, sorted."""
    try:
        found = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise OwnDataError(f"{folder.name}: {error.strerror or error}") from error
    require(bool(found), f"{folder.name} holds no folder for each class, nor files of IDX")
    require(len(found) <= _MAX_CLASSES, f"{folder.name} holds {len(found)} folders", f"Give up to {_MAX_CLASSES}.")
    return found


def _classes(folder: Path, names: list[str]) -> tuple[NDArray[np.uint8], NDArray[Any]]:
    """Images (n, rows, columns) if all are grey, else (n, 3, rows, columns), and the names of their folders.

    Folders called by whole numbers give whole numbers.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise DataError(
            f"Images in {folder} are PNG, which Pillow reads, and it is not installed.",
            "Install it: pip install 'ohmbench[images]'; or give the images as .npz.",
        ) from error
    images: list[NDArray[np.uint8]] = []
    labels: list[str] = []
    total, size = 0, None
    for name in names:
        try:
            files = sorted(p for p in (folder / name).iterdir() if p.suffix.lower() == ".png")
        except OSError as error:
            raise OwnDataError(f"{name}: {error.strerror or error}") from error
        require(bool(files), f"{folder.name}/{name} holds no PNG")
        for path in files:
            try:
                with Image.open(path, formats=["PNG"]) as image:
                    size = size or image.size
                    require(
                        image.size == size,
                        f"{name}/{path.name} has {image.size[0]}x{image.size[1]} pixels, others {size[0]}x{size[1]}",
                        "Scale the images to one size.",
                    )
                    grey = image.mode in _GREY_MODES
                    require(
                        grey or image.mode in _COLOUR_MODES,
                        f"{name}/{path.name} has more than 8 bits a pixel ({image.mode})",
                        "Save it with 8 bits.",
                    )
                    total += math.prod(size) * (1 if grey else 3)
                    require(total <= MAX_BYTES, f"its images are larger than {MAX_BYTES >> 20} MB", "Give fewer.")
                    images.append(np.asarray(image.convert("L" if grey else "RGB"), np.uint8))
            except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
                raise OwnDataError(f"{name}/{path.name} is not a PNG, or a damaged one ({error})") from error
            labels.append(name)
    if any(image.ndim == 3 for image in images):
        require(
            3 * len(images) * math.prod(size or ()) <= MAX_BYTES, f"its images are larger than {MAX_BYTES >> 20} MB"
        )
        coloured = [image if image.ndim == 3 else np.repeat(image[:, :, None], 3, 2) for image in images]
        x = np.stack(coloured).transpose(0, 3, 1, 2)
    else:
        x = np.stack(images)
    whole = all(name.isascii() and name.isdigit() and len(name) < 10 for name in names)
    return x, np.array([int(name) for name in labels], np.int64) if whole else np.array(labels)
