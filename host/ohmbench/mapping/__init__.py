"""From a compressed network to 32x32 weight images."""

from __future__ import annotations

from ohmbench.mapping.mapper import map_compressed

__all__ = ["map_compressed"]
