"""What pyproject.toml cannot say: the compiled array model and codec, and the repository's folders as package data."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
# found again by ohmbench.support.resources.resource_root()
DATA = ["firmware", "fpga/rtl", "fpga/boards", "fpga/carriers", "fpga/tables", "fpga/lint", "sim"]


class BuildWithData(build_py):
    """Copies the data folders into the wheel; an editable install reads them where they are."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / "ohmbench/_data"
        shutil.rmtree(target, ignore_errors=True)
        for folder in DATA:
            shutil.copytree(HERE / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__", "build"))


setup(
    cmdclass={"build_py": BuildWithData},
    cffi_modules=["host/ohmbench/model/array_build.py:ffibuilder"],
    ext_modules=[
        Extension(
            "ohmbench.link._codec",
            ["host/ohmbench/link/codec_module.c", "host/ohmbench/link/ohm_codec.c"],
            define_macros=[("Py_LIMITED_API", "0x030b0000")],
            py_limited_api=True,
            extra_compile_args=[] if os.name == "nt" else ["-O2", "-fvisibility=hidden"],
            optional=True,  # codec.py does without it, only slower
        )
    ],
    # cffi compiles against the stable ABI: one wheel for every Python from 3.11 on
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
