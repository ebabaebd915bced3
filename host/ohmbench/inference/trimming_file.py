"""The file of a trimming (.ohmt), and what it belongs to: an image's content, an array, its programming, and a time.

An archive as `ohmbench.support.archive` has it, so that loading executes nothing. Corrections of one array make another
one worse, and those of an array that was programmed again are of errors that are gone: so who uses them asks first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ohmbench.errors import DataError
from ohmbench.inference.trimming import Trimming
from ohmbench.mapping.image import MAX_LINES, WeightImage
from ohmbench.mapping.tile import MAX_LAYERS, MAX_WIDTH
from ohmbench.support.archive import Archive, ArchiveError, integer, objects, open_archive, pack_archive, read_archive
from ohmbench.support.files import write_result
from ohmbench.support.guesses import cannot_read

SCHEMA = 2
"""2 has lost cells; files of schema 1 have none."""
_WHAT = "trimming"
_TABLES = ("gain", "common", "lane_raw", "lane_trimmed")
_CLOCKS_APART = timedelta(minutes=5)
"""So far the clocks of two machines of a lab may be apart."""
_MAX_TEXT = 200


@dataclass(frozen=True, eq=False)
class OwnedTrimming:
    """A trimming and what it belongs to.

    Attributes:
        image_sha256: of the weight image's file.
        serial: of the array; None for an array without a record, on which it can only be used at once.
        runs: numbers in the record of the runs that programmed the arrays of the image, by the image's number.
        at: when it was fitted.
        dataset, content: what it was fitted to, as `Dataset` has them.
    """

    trimming: Trimming
    image_sha256: str
    serial: str | None
    runs: dict[int, int]
    at: datetime
    dataset: str
    content: str

    def require(self, image: WeightImage, sha256: str, serial: str | None) -> None:
        """Refuse to use it for another image, on another array, or before it was made.

        Raises:
            DataError: it belongs to others.
        """
        again = "Trim again: `ohmbench infer --trim N` or `ohmbench trim`."
        if self.image_sha256 != sha256 or not self.trimming.fits(image):
            raise DataError("The trimming is of another weight image.", again)
        if self.serial is None or self.serial != serial:
            raise DataError(
                f"The trimming is of {_array(self.serial)}, and {_array(serial)} is in the socket: it would correct "
                "errors that this array does not have.",
                again,
            )
        if self.at > datetime.now(UTC) + _CLOCKS_APART:
            raise DataError(
                f"The trimming was made at {self.at:%Y-%m-%d %H:%M} UTC, which is in the future.",
                "Set the clock of this machine, or trim again.",
            )

    def to_bytes(self) -> bytes:
        """The bytes of the file."""
        trimming = self.trimming
        header = {
            "format": f"ohmbench {_WHAT}",
            "schema": SCHEMA if len(trimming.lost) else 1,
            "image_sha256": self.image_sha256,
            "serial": self.serial,
            "at": self.at.isoformat(),
            "dataset": self.dataset,
            "dataset_content": self.content,
            "inputs": trimming.inputs,
            "tiles": trimming.gain.shape[0],
            "columns": trimming.gain.shape[1],
            "layers": [{"outputs": len(part)} for part in trimming.offsets],
        }
        floats: dict[str, NDArray[Any]] = {name: getattr(trimming, name) for name in _TABLES}
        for number, offset in enumerate(trimming.offsets):
            floats[f"layer{number}_offset"] = offset
            floats[f"layer{number}_raw"] = trimming.layer_raw[number]
            floats[f"layer{number}_trimmed"] = trimming.layer_trimmed[number]
        runs = np.array(sorted(self.runs.items()), "<i8").reshape(-1, 2)
        if len(trimming.lost):
            floats["missing"] = trimming.missing
        whole = {"runs": runs}
        if len(trimming.lost):
            whole["lost"] = trimming.lost.astype("<i8")
        return pack_archive(header, whole | {name: np.asarray(a, "<f8") for name, a in floats.items()})

    def save(self, path: Path) -> None:
        """Write the file; an old one is replaced only when the new one is complete.

        Raises:
            UsageError: the folder is missing or not writable.
        """
        write_result(path, self.to_bytes())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises:
        DataError: it is missing, damaged, or from a newer ohmbench.
        """
        try:
            data = read_archive(path)
        except ArchiveError as error:
            raise _refused(path, str(error)) from error
        except OSError as error:
            raise _refused(path, cannot_read(path, error)) from error
        return cls.from_bytes(data, path)

    @classmethod
    def from_bytes(cls, data: bytes, name: str | Path = "from the record") -> Self:
        """The trimming of a file's bytes, checked.

        Raises:
            DataError: as `load`.
        """
        try:
            with open_archive(data, _WHAT, SCHEMA) as archive:
                return cls(**_assemble(archive))
        except ArchiveError as error:
            raise _refused(name, str(error)) from error
        except Exception as error:
            raise _refused(name, f"the file is damaged ({type(error).__name__}: {error})") from error


def _assemble(archive: Archive) -> dict[str, Any]:
    header = archive.header
    tiles, columns = integer(header, "tiles", 1, MAX_LINES * MAX_LINES), integer(header, "columns", 1, MAX_LINES)
    outputs = [integer(head, "outputs", 1, MAX_WIDTH) for head in objects(header, "layers", MAX_LAYERS)]
    of_layers = {
        part: tuple(archive.array(f"layer{i}_{part}", "<f8", count) for i, count in enumerate(outputs))
        for part in ("offset", "raw", "trimmed")
    }
    tables = {name: archive.array(name, "<f8", tiles, columns) for name in _TABLES}
    numbers = [*tables.values(), *(array for arrays in of_layers.values() for array in arrays)]
    if not all(np.isfinite(array).all() for array in numbers):
        raise ArchiveError("it holds a number that is not finite")
    trimming = Trimming(
        **tables,
        offsets=of_layers["offset"],
        layer_raw=of_layers["raw"],
        layer_trimmed=of_layers["trimmed"],
        inputs=integer(header, "inputs", 1, 1 << 40),
        **_lost_cells(archive, tiles, columns),
    )
    runs = {int(image): int(run) for image, run in archive.array("runs", "<i8", None, 2)}
    at = datetime.fromisoformat(_text(header, "at"))
    if at.tzinfo is None:
        raise ArchiveError("its time has no time zone")
    serial = None if header.get("serial") is None else _text(header, "serial")
    texts = {
        "image_sha256": _text(header, "image_sha256"),
        "dataset": _text(header, "dataset"),
        "content": _text(header, "dataset_content"),
    }
    return {"trimming": trimming, "serial": serial, "runs": runs, "at": at, **texts}


def _lost_cells(archive: Archive, tiles: int, columns: int) -> dict[str, NDArray[Any]]:
    if archive.header["schema"] < 2:
        return {}
    lost = archive.array("lost", "<i8", None, 3)
    missing = archive.array("missing", "<f8", len(lost))
    if not ((lost >= 0) & (lost < (tiles, MAX_LINES, columns))).all() or not np.isfinite(missing).all():
        raise ArchiveError("its lost cells are none of the image's")
    return {"lost": lost, "missing": missing}


def _text(header: dict[str, Any], name: str) -> str:
    said = header.get(name)
    if not isinstance(said, str) or len(said) > _MAX_TEXT:
        raise ArchiveError(f"its {name} is not text of up to {_MAX_TEXT} characters")
    return said


def _array(serial: str | None) -> str:
    return "an array without a serial number" if serial is None else f"array {serial}"


def _refused(name: str | Path, reason: str) -> DataError:
    return DataError(f"Cannot load the {_WHAT} {name}: {reason}.", "Make it with `ohmbench trim`.")
