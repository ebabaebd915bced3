"""Build RTL with Verilator once and run cocotb tests on it.

# tests/rtl/crc32/test_crc32.py; the cocotb tests are in tb_crc32.py beside it
from tests.rtl.runner import run

def test_crc32() -> None:
    run("ohm_crc32", ["fpga/rtl/ohm_crc32.sv"], "tests.rtl.crc32.tb_crc32", parameters={"Width": 8})
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner

from ohmbench.support.rtl import rtl_files, rtl_folders, rtl_headers
from ohmbench.support.toolchain import verilator_environment

REPO = Path(__file__).resolve().parents[2]

WAIVERS = REPO / "fpga/lint/verilator.vlt"
# `make coverage`: builds of their own, which are several times slower, and what they count beside them.
COVERAGE = "OHMBENCH_COVERAGE" in os.environ
BUILDS = REPO / "build" / ("coverage" if COVERAGE else "rtl")
COVERAGE_ARGUMENTS = ["--coverage-line", "--coverage-toggle"] if COVERAGE else []
# In one file each: in several, the headers of Verilator are compiled for most of the time.
ARGUMENTS = ["-Wall", "--assert", "-O3", "--output-split", "0", "-CFLAGS", "-O2", *COVERAGE_ARGUMENTS]
SEED = 1


def run(
    module: str,
    sources: Sequence[str | Path],
    tests: str | Sequence[str],
    parameters: Mapping[str, int | str] | None = None,
    extra: Sequence[str] = (),
    carrier: str | None = None,
) -> Path:
    """Run the cocotb tests of one or several Python modules on one SystemVerilog module.

    - `sources`: paths from the repository's root, or bare names of the RTL. Its packages are put first.
    - `tests`: whole names of modules, `tests.rtl.seq.tb_seq_programs`; several share the one build.
    - `extra`: arguments of Verilator (`--timing`, `--trace`), and C or C++ files for DPI, from the repository's root.
      C is compiled as C99, exactly as the host's extension compiles it, not as C++ as Verilator would.
    - `carrier`: whose RTL it is; the default one's if not given.

    The build is in build/rtl/<module>-<digest> and is made again only when something in it changes. Returns the path
    of the xUnit file. The seed is fixed; COCOTB_RANDOM_SEED overrides it. Fails if a test fails or none ran.
    """
    parameters = dict(parameters or {})
    tests = [tests] if isinstance(tests, str) else list(tests)
    files = [WAIVERS, *(path for path in rtl_files(REPO, carrier) if path.stem.endswith("_pkg"))]
    files += [p for p in (_locate(source, carrier) for source in sources) if p not in files]
    key = repr((module, [str(p.relative_to(REPO)) for p in files], sorted(parameters.items()), list(extra)))
    build_dir = BUILDS / f"{module}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    build_dir.mkdir(parents=True, exist_ok=True)

    os.environ.update(verilator_environment())
    runner = get_runner("verilator")
    with _locked(build_dir):
        stamp, digest = build_dir / "built", _digest(files, extra, key, carrier)
        if not stamp.exists() or stamp.read_text() != digest:
            stamp.unlink(missing_ok=True)
            runner.build(
                sources=files,
                hdl_toplevel=module,
                parameters=parameters,
                build_args=[*ARGUMENTS, *_compiled(extra, build_dir)],
                includes=rtl_folders(REPO, carrier),
                build_dir=build_dir,
                timescale=("1ns", "1ps"),
            )
            stamp.write_text(digest)

    if str(REPO) not in sys.path:
        sys.path.insert(0, str(REPO))  # cocotb hands sys.path on to the simulator's Python
    name = "+".join(test.rpartition(".")[2] for test in tests)
    results = build_dir / f"{name}.xml"
    runner.test(
        hdl_toplevel=module,
        hdl_toplevel_lang="verilog",
        test_module=tests,
        build_dir=build_dir,
        test_dir=build_dir,
        results_xml=str(results),
        seed=os.environ.get("COCOTB_RANDOM_SEED", SEED),
    )
    if COVERAGE:
        (build_dir / "coverage.dat").replace(build_dir / f"{name}.dat")
    # runner.test() itself fails when a test does, but not when none ran
    executed = [case for case in ElementTree.parse(results).iter("testcase") if case.find("skipped") is None]
    assert executed, f"{', '.join(tests)}: no cocotb test ran on {module}"
    return results


def _locate(source: str | Path, carrier: str | None) -> Path:
    for candidate in (REPO / source, *(folder / source for folder in rtl_folders(REPO, carrier))):
        if candidate.is_file():
            return candidate.resolve()
    raise FileNotFoundError(f"{source}: neither in the repository nor in the RTL")


def _digest(files: Sequence[Path], extra: Sequence[str], key: str, carrier: str | None) -> str:
    """Of everything that a build depends on, headers beside the C files and SystemVerilog includes too."""
    paths = set(files) | set(rtl_headers(REPO, carrier))
    for source in (REPO / e for e in extra if (REPO / e).is_file()):
        paths |= {source, *source.parent.glob("*.h"), *source.parent.glob("*.def")}
    state = hashlib.sha256((key + repr(ARGUMENTS) + sys.version).encode())
    for path in sorted(paths):
        state.update(path.read_bytes())
    return state.hexdigest()


def _compiled(extra: Sequence[str], build_dir: Path) -> list[str]:
    """`extra` with C files replaced by their objects and other files by absolute paths: Verilator runs elsewhere."""
    arguments = []
    for argument in extra:
        path = REPO / argument
        if path.suffix == ".c":
            target = build_dir / f"{path.stem}.c.o"
            flags = ["-std=c99", "-O2", "-fPIC", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
            include = Path(_verilator_root()) / "include/vltstd"
            subprocess.run(["cc", *flags, f"-I{include}", "-c", path, "-o", target], check=True)
            arguments.append(str(target))
        else:
            arguments.append(str(path) if path.is_file() else argument)
    return arguments


def _verilator_root() -> str:
    answer = subprocess.run(["verilator", "--getenv", "VERILATOR_ROOT"], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Two test processes may want the same build at once."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
