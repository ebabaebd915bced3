"""Run the simulator: the bench's own RTL in Verilator, behind a pty that any serial program opens.

with Simulator() as simulator:
    transport = SerialTransport(simulator.port)
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ohmbench.errors import BuildError, DataError, LinkError, ModelError, OhmbenchError, UsageError
from ohmbench.model.line_faults import LineFaults
from ohmbench.model.simulator_build import build, silent
from ohmbench.model.waves import Waves
from ohmbench.progress import Say
from ohmbench.support.build_id import build_id
from ohmbench.support.files import temporary_folder
from ohmbench.tables import TABLE_DIGEST

__all__ = ["ArrayPower", "Simulator", "Speed", "build", "replay"]

_START_S = 20.0
_STOP_S = 5.0
_LOG_LINES = 15


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


@dataclass(frozen=True)
class ArrayPower:
    """Whether the carrier's switches and DACs are out of reset, as their pins show it. Times in clocks since the start.

    since: when that changed last, up to 512 clocks late. now: the time of this answer. heard: when bytes were last put
    on the host's side of the line.
    """

    on: bool
    since: int
    now: int
    heard: int


def _start(executable: Path, kind: str | None = None) -> list[str]:
    return [str(executable), "--build-id", f"{build_id(None, kind):08x}", "--tables", f"{TABLE_DIGEST:08x}"]


def replay(record: Path, *, seed: int = 1, executable: Path | None = None) -> Speed:
    """Run a recorded session again on the same model, with no pty, as fast as it goes.

    Raises:
        LinkError: the FPGA sent other bytes than in the recorded session.
    """
    with temporary_folder() as folder:
        speed = Path(folder) / "speed.json"
        command = [*_start(executable or build()), "--seed", str(seed), "--replay", str(record), "--cps", str(speed)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
        if done.returncode:
            raise LinkError(f"The recorded session does not replay: {done.stderr.strip()}")
        return Speed(**json.loads(speed.read_text(encoding="utf-8")))


class Simulator:
    """A running simulator; leaving the context ends it, and so does the end of this process, however it comes.

    Args:
        params: file of the array model's parameters, lines `name value`.
        seed: of the array's randomness; 1 for a new array if not given.
        state: file that the array lives in, made if absent, the same as for `ArrayModel.open`; an array in a file has
            its own parameters and seed, with which those given here must agree.
        faults: file of cells to spoil, as `write_faults_file` writes it.
        carrier: file of what the carrier is off by, as `SimulatedCarrier.write` writes it.
        rest_s: bench time that passes with the power off, in seconds, before the start.
        line_faults: what is wrong with the serial line; see also `spoil_line`.
        record: file to record the host's side of the session in, for `--replay`.
        waves: what to write a waveform of, and where.
        executable: what `build` returned; built if not given.
        kind: of carrier, a folder of fpga/carriers; None for the default.
        progress: as for `build`.

    Raises:
        BuildError: it cannot be built or does not start.
        DataError: one of the array's files is missing, damaged, in use, or contradicts what else is given.
        ModelError: on leaving the context, if a chip model saw its datasheet violated or the RTL broke an assertion.
    """

    port: str

    def __init__(
        self,
        *,
        params: Path | None = None,
        seed: int | None = None,
        state: Path | None = None,
        faults: Path | None = None,
        carrier: Path | None = None,
        rest_s: float = 0.0,
        line_faults: LineFaults | None = None,
        record: Path | None = None,
        waves: Waves | None = None,
        executable: Path | None = None,
        kind: str | None = None,
        progress: Say = silent,
    ) -> None:
        self._folder = temporary_folder()
        self._speed_file = Path(self._folder.name) / "speed.json"
        built = executable or build(progress, waves=waves is not None, carrier=kind)
        command = [*_start(built, kind), "--with-parent"]
        command += [] if seed is None else ["--seed", str(seed)]
        command += ["--rest-s", repr(float(rest_s))]
        command += [] if line_faults is None else ["--line-faults", str(line_faults)]
        files = {
            "params": params,
            "state": state,
            "faults": faults,
            "carrier": carrier,
            "record": record,
            "waves": None if waves is None else waves.file,
            "cps": self._speed_file,
        }
        for option, file in files.items():
            if file is not None:
                command += [f"--{option}", str(file)]
        command += [] if waves is None else [*waves.words, *([] if kind is None else [f"+carrier={kind}"])]
        self._state = state
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
        line = self._read_line(_START_S)
        if line is None:
            raise BuildError(f"The simulator named no port within {_START_S:.0f} s.{self._said()} Try --port twin.")
        if not line:
            if self._process.wait() == DataError.exit_code:
                raise DataError(f"The simulated array cannot be used.{self._said()}")
            raise BuildError(f"The simulator ended before it named its port.{self._said()}")
        return line.split()[-1]

    def _read_line(self, patience_s: float) -> str | None:
        """What it says to us: a line with its end; empty if it has ended, None if it is silent."""
        assert self._process.stdout is not None
        line, deadline = b"", time.monotonic() + patience_s
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._process.stdout], [], [], left)[0]:
                return None
            part = os.read(self._process.stdout.fileno(), 256)
            if not part:
                return ""
            line += part
        return line.decode()

    def check(self) -> None:
        """Raises if the simulator has ended by itself.

        Raises:
            ModelError: a chip model saw its datasheet violated, or the RTL broke an assertion.
            LinkError: it ended for another reason.
        """
        code = self._process.poll()
        if code is None:
            return
        if code == ModelError.exit_code:
            raise ModelError(
                f"The simulation stopped.{self._said()} On a board this could have damaged a chip or the array: the "
                "RTL, or the carrier's table, has a defect.",
                "Please report it with the program that you ran.",
            )
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        array = "array is lost" if self._state is None else f"array is in {self._state}, as it was then"
        raise LinkError(f"The simulator ended by itself ({how}).{self._said()} The simulated {array}.", "Start again.")

    def rest(self, seconds: float) -> None:
        """Let bench time pass with the array off, which must be so; no clock is simulated for it.

        Raises:
            DataError: not a time from 0 on, or more than some 3000 years since the array was new.
            ModelError, LinkError: as `check`.
        """
        if self._order(f"rest {float(seconds)!r}") != "rested":
            raise DataError(f"The array cannot rest for {seconds} s.", "Give a time from 0 to 1e10 s.")

    def spoil_line(self, faults: LineFaults) -> None:
        """From now on the line has these faults, and no others; `LineFaults()` mends it.

        Raises:
            ModelError, LinkError: as `check`.
        """
        answer = self._order(f"line {faults}")
        if answer != "line":
            raise UsageError(f"The simulator refuses the line faults {faults}: {answer}. The line is as it was.")

    def array_power(self) -> ArrayPower:
        """Whether the array is on, and since when.

        Raises:
            ModelError, LinkError: as `check`.
        """
        _, state, *times = self._order("array").split()
        return ArrayPower(state == "on", *map(int, times))

    def _order(self, order: str) -> str:
        """What it answers to an order."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it has ended, which the answer tells
            os.write(self._process.stdin.fileno(), f"{order}\n".encode())
        answer = self._read_line(_STOP_S)
        if answer == "":
            self._process.wait()
            self.check()
        if not answer:
            raise LinkError(
                f"The simulator does not answer; it may have done what it was asked ({order}) or not.",
                "Stop it and start again.",
            )
        return answer.rstrip("\n")

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
                raise LinkError("The simulator does not answer.", "Stop it and start again.")
            time.sleep(0.002)
        return Speed(**json.loads(self._speed_file.read_text(encoding="utf-8")))

    def stop(self) -> None:
        """End the simulator. Stopping twice does nothing."""
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
