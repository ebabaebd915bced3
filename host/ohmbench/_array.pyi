"""What cffi compiles: the C functions of sim/array in lib, without types."""

from __future__ import annotations

from typing import Any

ffi: Any
lib: Any
