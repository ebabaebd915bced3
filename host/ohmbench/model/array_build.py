"""Builds ohmbench.model._array, the array model of sim/array and the twin of sim/twin, as an extension in C.

Setuptools runs it from the repository root (cffi_modules = ["host/ohmbench/model/array_build.py:ffibuilder"]); run by
hand, ``python -P host/ohmbench/model/array_build.py`` builds in place, next to this file.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from cffi import FFI

SOURCES = {
    "array": ("array", "board", "cell", "params", "random", "state", "wires", "dpi"),
    "twin": ("twin", "commands", "guard", "carrier", "scan", "lanes"),
}
HEADERS = (
    "array/ohm_params.h",
    "array/ohm_array.h",
    "array/ohm_board.h",
    "array/ohm_dpi.h",
    "array/ohm_random.h",
    "array/ohm_wires.h",
    "twin/ohm_twin.h",
)


def _declarations(header: str) -> str:
    """What cffi needs of a header: its declarations without preprocessor lines and comments."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    text = re.sub(r"typedef struct \{.*?\} ohm_params_t;", "typedef struct { ...; } ohm_params_t;", text, flags=re.S)
    text = re.sub(r"static inline ([^{]*?)\s*\{[^}]*\}", r"\1;", text)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    return re.sub(r"^OHM_(BEGIN|END)$", "", text, flags=re.M)


def make_builder(root: str) -> FFI:
    """The builder, with the C sources found from root ('' or a path that ends in a separator)."""
    folder = f"{root}sim"
    ffi = FFI()
    for name in HEADERS:
        ffi.cdef(_declarations(Path(folder, name).read_text(encoding="utf-8")))
    ffi.cdef(
        'extern "Python" void ohm_python_pulse(void *, int, uint32_t, uint32_t, uint16_t, uint16_t, uint16_t, uint32_t,'
        " uint64_t);"
    )
    ffi.set_source(
        "ohmbench.model._array",
        "".join(f'#include "{name}"\n' for name in HEADERS),
        sources=[f"{folder}/{part}/ohm_{name}.c" for part, names in SOURCES.items() for name in names],
        include_dirs=[folder, f"{folder}/array"],
        # No fused multiply-adds: the simulator must get the same bits. Hidden: a simulator that exports its own
        # copy of these functions must not replace them.
        extra_compile_args=["-O2", "-ffp-contract=off", "-fvisibility=hidden"],
    )
    return ffi


def build_in_place(root: Path) -> Path:
    """Compiles under build/ and puts the extension next to this file; returns its path."""
    work = root / "build" / "array"
    work.mkdir(parents=True, exist_ok=True)
    built = Path(make_builder(f"{root}{os.sep}").compile(tmpdir=str(work)))
    # cffi compiles against the stable ABI: the name that setuptools gives it, so that there is one file, not two
    suffix = ".abi3.so" if os.name == "posix" else built.suffix
    target = root / "host" / "ohmbench" / "model" / f"_array{suffix}"
    # a new file, not new bytes in the old one: a process that has it loaded keeps its own
    fresh = target.with_suffix(".new")
    shutil.copy(built, fresh)
    fresh.replace(target)
    return target


if __name__ == "__main__":
    print(build_in_place(Path(__file__).resolve().parents[3]))
else:
    ffibuilder = make_builder("")
