"""Bench for a 32x32 ReRAM crossbar array: network in, programmed and measured array out.

The names below are the public face; each is loaded when it is first used, so that `import ohmbench` takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_FACE = {
    "ArrayState": "errors",
    "AssemblyError": "errors",
    "Bench": "bench.base",
    "BuildError": "errors",
    "CellRecords": "record.cell_records",
    "CheckError": "errors",
    "CrossbarClassifier": "compress.estimator",
    "DataError": "errors",
    "ExpectationError": "errors",
    "FaultError": "errors",
    "FlashError": "errors",
    "ImageError": "errors",
    "ImportedNetwork": "network.imported",
    "Inference": "inference.on_bench",
    "InstrumentError": "errors",
    "Limits": "bench.base",
    "LinkError": "errors",
    "ModelError": "errors",
    "NotConvergedError": "errors",
    "OhmbenchError": "errors",
    "PortError": "errors",
    "ProtocolError": "errors",
    "Rail": "tables",
    "Recipe": "programming.recipe",
    "SimulatedArray": "bench.opening",
    "StoreError": "errors",
    "UsageError": "errors",
    "WearError": "errors",
    "WeightImage": "mapping.image",
    "assemble_file": "isa",
    "clocks": "bench.base",
    "count": "mapping.counting",
    "dac_code": "bench.base",
    "from_onnx": "importing.onnx_file",
    "from_sklearn": "importing.sklearn_models",
    "from_torch": "importing.torch_modules",
    "load_firmware": "isa",
    "map_compressed": "mapping.mapper",
    "open_bench": "bench.opening",
    "program_image": "programming.run",
    "quantise_network": "importing.quantise",
    "read_array": "programming.programmer",
}
"""Where each name is; __init__.pyi says the same to type checkers."""

__all__ = ["__version__", *_FACE]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value = _version()
    elif name in _FACE:
        value = getattr(import_module(f"ohmbench.{_FACE[name]}"), name)
    else:
        raise AttributeError(f"module 'ohmbench' has no attribute {name!r}")
    globals()[name] = value
    return value


def _version() -> str:
    """As it was installed, which is where tags of git are read; an editable install keeps it until the next one."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("ohmbench")
    except PackageNotFoundError:
        return "0+not.installed"


def __dir__() -> list[str]:
    return sorted(__all__)
