"""The command line."""

from __future__ import annotations

from ohmbench.cli.main import main

__all__ = ["main"]
