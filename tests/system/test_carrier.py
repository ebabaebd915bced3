"""A carrier with faults in the simulator: the twin's codes bit for bit, and a self-test that names each of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.system.command_line import as_json, refused, run
from tests.system.lockstep import agree

from ohmbench.bench.base import Bench
from ohmbench.bench.opening import SimulatedArray, open_bench
from ohmbench.bench.twin import TwinBench
from ohmbench.errors import CheckError, DataError, UsageError
from ohmbench.isa import assemble
from ohmbench.model.array import ArrayModel
from ohmbench.model.carrier import SimulatedCarrier
from ohmbench.record.database import FILE_NAME
from ohmbench.tables import READ_MAX_MS, Control, Rail, Register

FAULTS = "gain-spread=0.02,offset-spread=5,swap=3:9,rail=bl_set:0.9,rail=wl_set:1.1,noisy=4:3,open=7,dead=8,missing=2"

ONE_FAULT = {
    "open=5": "open column",
    "swap=3:7": "swapped columns",
    "dead=9": "dead ADC channel",
    "rail=bl_set:0.95": "rail",
    "missing=4": "missing reference",
    "noisy=12:5": "noisy converter",
}

MONITOR = """
.arg gap r0
        li      r14, 0
        li      r15, 32
        mandn   m1, m0, m0
        li      r4, 0xff                ; every monitor
        mlo     m3, r4
        mhi     m3, r14
        lines   read, m1, m1, m3
        li      r4, 1000
        rail    bl_set, r4
        sync
        li      r4, 3000
        rail    bl_set, r4
        wait    r0                      ; the frame to the DAC is on its way
        sense   v0
        vout    v0, r15
        halt    0
"""


def monitored(bench: Bench) -> list[np.ndarray]:
    """A rail seen through its monitor while it moves."""
    words = []
    for gap in (0, 10, 20, 21, 22, 23, 24, 30):
        bench.write_register(Register.CONTROL, Control.CLEAR_FAULT | Control.CLEAR_COUNTS)
        for rail in Rail:
            bench.write_register(Register.MAX_RAIL + rail, 4000)
        bench.write_register(Register.MAX_READ, READ_MAX_MS)
        bench.write_register(Register.WATCHDOG, 10_000)
        bench.write_register(Register.CONTROL, Control.ARM)
        words.append(bench.execute(assemble(MONITOR), {"gap": gap}).words)
    return words


def test_a_carrier_with_faults_agrees() -> None:
    """Random programs, and rails through their monitors to the clock at which their DAC moves."""
    spec = SimulatedCarrier.parse(FAULTS)
    twin = TwinBench(ArrayModel({}, 7), spec.open())
    with open_bench("sim", array=SimulatedArray(seed=7, carrier=spec)) as sim:
        for there, here in zip(monitored(sim), monitored(twin), strict=True):
            np.testing.assert_array_equal(there, here)
        for seed in range(60):
            agree(sim, twin, seed)


def test_selftest_on_the_simulator(executable: Path, tmp_path: Path) -> None:
    report = tmp_path / "check.html"
    text = "open=2,dead=21,missing=30,swap=10:14,rail=sl_inhibit:0.95,noisy=17:5"
    done = run("selftest", "--port", "sim", "--carrier-faults", text, "--report", report)
    assert done.returncode == CheckError.exit_code
    for name in ("column 2", "column 10", "column 14", "column 17", "column 21", "column 30", "rail sl_inhibit"):
        assert name in done.stdout
    assert "7 faults" in done.stdout
    assert report.exists()
    assert report.with_suffix(".json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("faults", ONE_FAULT)
def test_each_fault_alone_on_the_simulator(faults: str, executable: Path) -> None:
    done = run("selftest", "--port", "sim", "--carrier-faults", faults)
    assert done.returncode == CheckError.exit_code
    lines = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert lines
    assert all(line.startswith(f"{ONE_FAULT[faults]}:") for line in lines)


def test_calibrated_results_say_so(tmp_path: Path) -> None:
    bench = ("--port", "twin", "--device", "ideal", "--carrier-faults", "gain-spread=0.02,offset-spread=5")
    own = {"OHMBENCH_LAB": str(tmp_path)}
    before = as_json("read", *bench, **own)
    assert before["calibration"].startswith("none")
    found = as_json("calibrate", *bench, **own)
    assert found["instrument"] == "reference resistors"
    after = as_json("read", *bench, **own)
    assert after["calibration"].startswith("of 20")
    true = np.array(as_json("read", "--port", "twin", "--device", "ideal", **own)["usiemens"])
    errors = [np.abs(np.array(result["usiemens"]) - true).max() for result in (before, after)]
    assert errors[0] > 1.5
    assert errors[1] < 0.5


def test_safe_needs_neither_the_carriers_file_nor_the_record(tmp_path: Path) -> None:
    carrier, record = tmp_path / "carrier.toml", tmp_path / FILE_NAME
    carrier.write_text("rows = [1]\n")
    record.write_bytes(b"no record")
    damaged = ("--port", "twin", "--carrier", carrier)
    assert as_json("safe", *damaged, OHMBENCH_LAB=str(tmp_path)) == {"safe": True}
    refused(DataError.exit_code, "read", *damaged, OHMBENCH_LAB=str(tmp_path))


def test_a_carrier_file(tmp_path: Path) -> None:
    order = np.random.default_rng(1).permutation(32).tolist()
    path = tmp_path / "shuffled.toml"
    path.write_text(f'name = "shuffled"\nrows = {order}\ncolumns = {order[::-1]}\n')
    shuffled = ("--port", "twin", "--carrier-faults", f"wired-as={path}")
    assert as_json("selftest", *shuffled, "--carrier", path)["good"]
    wrong = run("selftest", *shuffled)
    assert wrong.returncode == CheckError.exit_code
    assert "swapped columns" in wrong.stdout
    path.write_text("rows = [1]\n")
    assert "rows does not name each" in refused(DataError.exit_code, "info", "--port", "twin", "--carrier", path)
    assert "There are open=" in refused(UsageError.exit_code, "info", "--port", "twin", "--carrier-faults", "shut=3")
