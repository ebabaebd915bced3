"""What images that went through an array came to, as the record has it: accuracies and confusions, and a line."""

from __future__ import annotations

from typing import Any

from ohmbench.inference.exact import classes_of
from ohmbench.network.data import share_right
from ohmbench.report.results import confusion
from ohmbench.support.array_types import FloatArray, IntArray


def recognised(name: str, labels: IntArray, raw: FloatArray, trimmed: FloatArray | None = None) -> dict[str, Any]:
    """Numbers of a data set's images, or of the first of them.

    Args:
        labels: (n,) of all images; raw, trimmed: outputs (k, ...) of the first k.
    """
    numbers: dict[str, Any] = {"dataset": name, "images": len(raw), "images_of": len(labels)}
    for which, outputs in (("", raw), ("_trimmed", trimmed)):
        if outputs is not None:
            classes, some = classes_of(outputs), labels[: len(outputs)]
            numbers |= {f"accuracy{which}": share_right(classes, some)}
            numbers |= {f"confusion{which}": confusion(some, classes).tolist()}
    return numbers


def line(numbers: dict[str, Any]) -> str:
    """The numbers of all images in words."""
    said = f"{100 * numbers['accuracy']:.2f} % of {numbers['images']} inputs of {numbers['dataset']} recognised"
    if "accuracy_trimmed" in numbers:
        said += f" raw, {100 * numbers['accuracy_trimmed']:.2f} % trimmed"
    return said
