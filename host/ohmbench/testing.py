"""Your own cocotb tests of the whole bench: the FPGA's RTL, the carrier's chips and the array, driven by host code.

    import cocotb
    from ohmbench.testing import CocotbBench

    @cocotb.test()
    async def array_is_read(dut):
        bench = await CocotbBench.start(dut)
        codes = await bench.host(read_array, Recipe())

Host code runs unchanged: its bytes go through the UART's pins, and time in it is simulated time. `run` builds the
bench and runs the tests of a module. Needs the extra `test` (cocotb).
"""

from __future__ import annotations

import ctypes
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Concatenate, Literal, ParamSpec, Self, TypeVar
from xml.etree import ElementTree

import cocotb
import cocotb_tools.config
from cocotb.clock import Clock
from cocotb.simtime import get_sim_time
from cocotb.task import bridge, resume
from cocotb.triggers import ClockCycles, Event, FallingEdge, First, RisingEdge, Timer
from cocotb_tools.runner import get_runner

from ohmbench.bench.base import Bench
from ohmbench.bench.over_link import LinkBench
from ohmbench.errors import DataError, UsageError
from ohmbench.link.client import Link
from ohmbench.link.rate import DIVISORS
from ohmbench.link.transport import Transport
from ohmbench.model.array import ArrayModel, write_params_file
from ohmbench.model.simulator_build import TOP, WAVES, Flavour, build_flavour, silent
from ohmbench.model.waves import Waves
from ohmbench.progress import Say
from ohmbench.support.build_id import build_id
from ohmbench.support.guesses import did_you_mean
from ohmbench.tables import CLOCK_HZ, DEFAULT_BAUD

P = ParamSpec("P")
Result = TypeVar("Result")

_HALF_CLOCK_PS = 10_417  # 48 MHz
_CLOCK_PS = 2 * _HALF_CLOCK_PS
_RESET_CLOCKS = 16


def run(
    test_module: str,
    folder: str | Path = ".",
    *,
    testcase: str | None = None,
    waves: bool | Literal["armed"] = False,
    cell: tuple[int, int] = (0, 0),
    pulse: int | None = None,
    seed: int = 1,
    progress: Say = silent,
) -> Path:
    """Build the bench for cocotb, once, and run the tests of a Python module on it.

    Args:
        test_module: name of the module, importable from `folder` or sys.path.
        folder: where the tests run and leave results.xml and, with `waves`, dump.fst and dump.gtkw.
        testcase: one test only; a waveform is of all tests that run.
        waves: "armed": a waveform of what matters, while the bench is armed. True: of all of it, all the time, some
            megabytes a simulated millisecond.
        cell, pulse: what a waveform is of, as `ohmbench.model.waves.Waves` has it.
        seed: of Python's random numbers in the tests; COCOTB_RANDOM_SEED overrides it.

    Returns:
        Path of the xUnit file.

    Raises:
        BuildError: a tool is missing or the build fails.
        UsageError: there is no such module.
        SystemExit, AssertionError: a test has failed, or none ran.
    """
    folder = Path(folder).resolve()
    _require_module(test_module, folder)
    libraries = cocotb_tools.config.libs_dir
    link = f"-rdynamic -Wl,-rpath,{libraries} -L{libraries} -lcocotbvpi_verilator"
    arguments = ["--vpi", "--public-flat-rw", "--assert", "-LDFLAGS", link]
    main = Path(cocotb_tools.config.share_dir) / "lib/verilator/verilator.cpp"
    flavour = Flavour("cocotb", tuple(arguments), main)
    if waves:
        arguments += [*WAVES, "-CFLAGS", f"-I{main.parent}"]
        flavour = Flavour("cocotb-waves", tuple(arguments), Path("sim/cocotb/main.cpp"))
    executable = build_flavour(flavour, progress)
    of = Waves(folder / "dump.fst", armed=waves == "armed", cell=cell, pulse=pulse)
    results = folder / "results.xml"
    get_runner("verilator").test(
        hdl_toplevel=TOP,
        hdl_toplevel_lang="verilog",
        test_module=test_module,
        testcase=testcase,
        build_dir=executable.parent,
        test_dir=folder,
        results_xml=str(results),
        waves=bool(waves),
        plusargs=of.words if waves else [],
        seed=seed,
    )
    executed = [case for case in ElementTree.parse(results).iter("testcase") if case.find("skipped") is None]
    assert executed, f"{test_module}: no cocotb test ran"
    return results


def _require_module(name: str, folder: Path) -> None:
    """Before a build of a minute, and before cocotb ends without results."""
    first = name.partition(".")[0]
    if PathFinder.find_spec(first, [str(folder), *sys.path]) is None:
        there = [path.stem for path in folder.glob("*.py")]
        raise UsageError(
            f"There is no module {name} in {folder} or where Python looks{did_you_mean(name, there)}.",
            "Give the folder of the tests, or correct the name.",
        )


class CocotbBench:
    """The bench in a cocotb test.

    Attributes:
        dut: cocotb's handle of ohm_sim_top, for a look at any signal.
        array: the array model in this process; its `conductance` is what a perfect instrument would measure.
        bench: what `host` passes to host code.
    """

    def __init__(self, dut: Any, array: ArrayModel, bench: Bench) -> None:
        """Use `start`."""
        self.dut = dut
        self.array = array
        self.bench = bench

    @classmethod
    async def start(
        cls, dut: Any, *, params: Mapping[str, float] | None = None, seed: int = 1, baud: int = CLOCK_HZ // 4
    ) -> Self:
        """Start clock, array and session.

        The session begins at its rate, as if it had been raised before: to raise it takes half a million clocks, and
        is tested elsewhere.

        Args:
            params: parameters of the array model that differ from its defaults.
            seed: of the array.
            baud: rate of the link; the default is the fastest.

        Raises:
            UsageError: the FPGA's clock cannot be divided to `baud`.
        """
        divisor = round(CLOCK_HZ / baud) if baud > 0 else 0
        if divisor not in DIVISORS:
            raise UsageError(f"the FPGA cannot do {baud} baud.")
        array = _open_array(params or {}, seed)
        dut.uart_rx_i.value = 1
        dut.force_overcurrent_i.value = 0
        dut.build_id_i.value = build_id()
        dut.rst_ni.value = 0
        Clock(dut.clk_i, _CLOCK_PS, "ps").start()
        await ClockCycles(dut.clk_i, _RESET_CLOCKS)
        dut.rst_ni.value = 1
        await ClockCycles(dut.clk_i, _RESET_CLOCKS)
        dut.u_top.u_core.u_link.div_q.value = divisor
        transport = PinTransport(dut.uart_rx_i, dut.uart_tx_o, CLOCK_HZ / divisor)
        link = await bridge(Link)(transport, baud=transport.baud, clock=transport.clock)
        return cls(dut, array, LinkBench(link, "cocotb", "sim", rest=array.rest))

    async def host(
        self, function: Callable[Concatenate[Bench, P], Result], *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Run `function(bench, ...)`, ordinary blocking host code, while the simulation goes on."""
        return await bridge(function)(self.bench, *args, **kwargs)


def _open_array(params: Mapping[str, float], seed: int) -> ArrayModel:
    """A new array behind the simulated carrier of this process."""
    model = ctypes.CDLL(None)
    model.ohm_dpi_open.argtypes = [ctypes.c_char_p, ctypes.c_ulonglong]
    model.ohm_dpi_array.restype = ctypes.c_void_p
    with tempfile.TemporaryDirectory(prefix="ohmbench-") as folder:
        path = Path(folder) / "params"
        write_params_file(params, path)
        if model.ohm_dpi_open(bytes(path), seed):
            raise DataError("The array model refuses these parameters: they contradict each other.")
    return ArrayModel.at(model.ohm_dpi_array())


class PinTransport(Transport):
    """Carries the link's bytes through the UART's pins, for host code that runs under `cocotb.task.bridge`.

    Acts once for each run of equal bits sent and each bit received, never for each clock.

    Args:
        rx: cocotb's handle of the DUT's input.
        tx: of its output.
        baud: rate that both sides begin at.
    """

    def __init__(self, rx: Any, tx: Any, baud: float = DEFAULT_BAUD) -> None:
        self.name = "cocotb"
        self.baud = round(baud)
        self._rx = rx
        self._tx = tx
        self._now_s = 0.0
        self._to_send: deque[int] = deque()
        self._received = bytearray()
        self._wake, self._sent, self._arrived = Event(), Event(), Event()
        self._sent.set()
        cocotb.start_soon(self._send_forever())
        cocotb.start_soon(self._receive_forever())
        self._wait_for_bytes = resume(self._wait_for_bytes_async)
        self._queue = resume(self._queue_async)
        self._wait_until_sent = resume(self._wait_until_sent_async)

    def clock(self) -> float:
        """Simulated time in seconds."""
        return self._now_s

    def read(self, timeout_s: float) -> bytes:
        """See `Transport.read`."""
        if not self._received and timeout_s > 0:
            self._wait_for_bytes(timeout_s)
        data = bytes(self._received)
        self._received.clear()
        return data

    def write(self, data: bytes) -> None:
        """See `Transport.write`."""
        self._queue(data)

    def set_baud(self, baud: int) -> None:
        """See `Transport.set_baud`."""
        self._wait_until_sent()
        self.baud = baud

    def close(self) -> None:
        """See `Transport.close`; the pins stay as they are."""

    async def _wait_for_bytes_async(self, timeout_s: float) -> None:
        self._arrived.clear()
        await First(self._arrived.wait(), Timer(max(1, round(timeout_s * 1e12)), "ps"))
        self._now_s = get_sim_time("sec")

    async def _queue_async(self, data: bytes) -> None:
        self._to_send.extend(data)
        self._sent.clear()
        self._wake.set()

    async def _wait_until_sent_async(self) -> None:
        await self._sent.wait()
        # A real port never turns round faster: the FPGA still sends the stop bit of its last byte, of which the
        # first half has been seen here, and changes its own rate after that.
        await Timer(round(10 * self._bit_ps()), "ps")
        self._now_s = get_sim_time("sec")

    def _bit_ps(self) -> float:
        return _CLOCK_PS * CLOCK_HZ / self.baud

    async def _send_forever(self) -> None:
        while True:
            if not self._to_send:
                self._sent.set()
                self._wake.clear()
                await self._wake.wait()
            bits, bit_ps, sent = 0x200 | self._to_send.popleft() << 1, self._bit_ps(), 0
            while sent < 10:
                level, begun = bits >> sent & 1, sent
                while sent < 10 and bits >> sent & 1 == level:
                    sent += 1
                self._rx.value = level
                await Timer(round(sent * bit_ps) - round(begun * bit_ps), "ps")

    async def _receive_forever(self) -> None:
        while True:
            await FallingEdge(self._tx)
            bit_ps, byte = self._bit_ps(), 0
            await Timer(round(1.5 * bit_ps), "ps")
            for i in range(8):
                byte |= int(self._tx.value) << i
                await Timer(round(bit_ps), "ps")
            if not self._tx.value:  # a framing error; Linux hands on a 0, which ends the damaged frame
                byte = 0
                await RisingEdge(self._tx)
            self._received.append(byte)
            if byte == 0:  # the end of a frame: to wake the host for each byte would cost more than the bytes
                self._arrived.set()
