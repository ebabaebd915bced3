"""Names of kinds of carriers: with hyphens as people write them, with underscores as keys of tables.CARRIERS."""

from __future__ import annotations


def written(kind: str) -> str:
    """As people write a key: x1-scan of x1_scan."""
    return kind.replace("_", "-")


def key_of(name: str) -> str:
    """The key of a name, whether there is such a kind or not."""
    return name.replace("-", "_")
