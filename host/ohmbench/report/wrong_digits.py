"""The test images that came out wrong, as small pictures."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

from ohmbench.support.array_types import IntArray

MOST_SHOWN = 200


def wrong_pictures(pictures: IntArray, labels: IntArray, predictions: IntArray) -> str:
    """HTML of the first MOST_SHOWN wrong ones of images (n, height, width) of 0..255, with label and answer."""
    wrong = np.flatnonzero(labels != predictions)
    figures = [
        f'<figure><img src="data:image/png;base64,{base64.b64encode(_png(pictures[at])).decode()}" width="56" '
        f'height="56" alt="test image {at}"><figcaption>{labels[at]}, said {predictions[at]}</figcaption></figure>'
        for at in wrong[:MOST_SHOWN]
    ]
    shown = "" if len(wrong) <= MOST_SHOWN else f" The first {MOST_SHOWN} are shown."
    return f"""<p>{len(wrong)} of {len(labels)}: what it is, and what the network said.{shown}</p>
<div class="digits">{"".join(figures)}</div>"""


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
