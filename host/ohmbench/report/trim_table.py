"""What trimming wins back, as a table in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ohmbench.support.files import write_result


def save_table(found: Mapping[str, Any], path: Path) -> None:
    """Write the table; an old file is replaced only when the new one is complete.

    Args:
        found: as `ohmbench.measure.trim.measure_trim` returns it.

    Raises:
        UsageError: the folder is missing or not writable.
    """
    write_result(path, table(found).encode())


def table(found: Mapping[str, Any]) -> str:
    """The table as text."""
    lines = [
        "| time after programming | raw | trimmed at once | trimmed again |",
        "| --- | --- | --- | --- |",
        f"| none | {_of(found, 'raw')} | {_of(found, 'trimmed')} | |",
    ]
    lines += [
        f"| {rest['after_s']:g} s | {_of(rest, 'raw')} | {_of(rest, 'first')} | {_of(rest, 'again')} |"
        for rest in found["rests"]
    ]
    shares = [
        f"After {rest['after_s']:g} s trimming again wins back {100 * rest['won_back']:.0f} % of what the array as it "
        f"is loses, and {100 * rest['won_back_of_drift']:.0f} % of what the rest took from the first trimming."
        for rest in found["rests"]
    ]
    return (
        "# Trimming\n\n"
        "Made by `ohmbench measure trim`; [trimming](../trimming.md) says what it does. Points of accuracy below exact "
        f"integers ({100 * found['accuracy_integers']:.2f} %), mean and worst of {found['arrays']} arrays: "
        f"{found['network']} in {found['weight_bits']}-bit weights on all {found['test_images']:,} test images of "
        f"MNIST, fitted to {found['inputs']:,} training images in {found['bench_time_s']:.2f} s of bench time. "
        f"Simulated ({found['rung']}), default device.\n\n" + "\n".join(lines) + "\n\n" + "\n".join(shares) + "\n"
    )


def _of(values: Mapping[str, Any], name: str) -> str:
    return f"{values[f'loss_{name}_mean']:.2f}, {values[f'loss_{name}_worst']:.2f}"
