"""Bench for a 32x32 ReRAM crossbar array: network in, programmed and measured array out."""

from __future__ import annotations

__version__ = "0.1.0"
