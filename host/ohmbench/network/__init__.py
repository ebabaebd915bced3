"""Networks in floating point, and the data that they are trained on."""

from __future__ import annotations

from ohmbench.network.network import Network

__all__ = ["Network"]
