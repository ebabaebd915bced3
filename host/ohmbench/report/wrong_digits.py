"""The test images that came out wrong, as small pictures."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np

from ohmbench.support.array_types import IntArray

MOST_SHOWN = 200


@dataclass(frozen=True)
class WrongPicture:
    """A test image, its PNG in base64, and what the network said it was."""

    number: int
    png: str
    label: int
    said: int


@dataclass(frozen=True)
class WrongPictures:
    """Some of the wrong ones of `images` test images."""

    shown: list[WrongPicture]
    wrong: int
    images: int


def wrong_pictures(pictures: IntArray, labels: IntArray, predictions: IntArray) -> WrongPictures:
    """The first MOST_SHOWN wrong ones of images (n, height, width) of 0..255, with label and answer."""
    wrong = np.flatnonzero(labels != predictions)
    shown = [
        WrongPicture(int(at), base64.b64encode(_png(pictures[at])).decode(), int(labels[at]), int(predictions[at]))
        for at in wrong[:MOST_SHOWN]
    ]
    return WrongPictures(shown, len(wrong), len(labels))


def _png(picture: IntArray) -> bytes:
    """A picture (height, width) of 0..255, dark on white (RFC 2083: a filter byte, 0, before each row)."""
    height, width = picture.shape
    rows = np.pad((255 - picture).astype(np.uint8), ((0, 0), (1, 0)))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    ]
    chunks = [struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
