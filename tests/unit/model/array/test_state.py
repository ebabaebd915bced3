"""Parameters and presets, the DPI face, and that the C is C99 and C++ without warnings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cffi import FFI
from ohmbench.model._array import ffi, lib

from ohmbench import tables as t
from ohmbench.bench.base import dac_code
from ohmbench.errors import DataError
from ohmbench.model.array import ArrayModel, default_params, describe_params, load_params, write_params_file
from ohmbench.tables import Mode

ALL = 0xFFFF_FFFF
READ, GATE = dac_code(0.2), dac_code(3.0)
FLAGS = ["-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-fsyntax-only"]


def test_defaults_are_preset_a_and_the_carrier() -> None:
    params = default_params()
    assert load_params("a") == params
    carrier = [params[name] for name in ("clock_hz", "dac_full_scale_v", "adc_lsb_v", "tia_ohm")]
    assert carrier == [t.CLOCK_HZ, t.DAC_FULL_SCALE_V, t.ADC_LSB_V, t.TIA_OHM]
    assert (t.ROWS, t.COLUMNS) == (32, 32)
    assert all(unit and source for unit, source in describe_params().values())


def test_preset_c_is_scaled_from_a() -> None:
    a, c = load_params("a"), load_params("c")
    factors = {"uS": 40 / 230, "1/(uS us)": 230 / 40}
    for name, (unit, _) in describe_params().items():
        if name.startswith("relax") or name == "unformed_usiemens":
            continue
        assert c[name] == pytest.approx(a[name] * factors.get(unit, 1.0), rel=1e-3), name


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("colour = 1.0", "colour"),
        ("set_d2d = -0.1", "set_d2d"),
        ("set_d2d = nan", "set_d2d"),
        ("clock_hz = inf", "clock_hz"),
        ("set_d2d = true", "set_d2d"),
        ('set_d2d = "0.1"', "set_d2d"),
        ("[set_d2d]\nvalue = 1", "set_d2d"),
    ],
)
def test_bad_preset_is_named(tmp_path: Path, text: str, key: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(DataError, match=rf"mine\.toml.*{key}"):
        load_params(file)


def test_missing_and_damaged_presets(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a, c, ideal"):
        load_params("nothing")
    file = tmp_path / "mine.toml"
    file.write_text("set_d2d 0.1")
    with pytest.raises(DataError, match="not a TOML file"):
        load_params(file)


def test_parameters_that_contradict_each_other() -> None:
    with pytest.raises(DataError, match="100 %"):
        ArrayModel({"stuck_low_fraction": 0.6, "unformed_fraction": 0.6})
    with pytest.raises(DataError, match="100 %"):
        ArrayModel({"stuck_high_fraction": 0.6, "weak_fraction": 0.6})
    with pytest.raises(DataError, match="g_low"):
        ArrayModel({"g_low_usiemens": 300.0})
    with pytest.raises(DataError, match="colour"):
        ArrayModel({"colour": 1.0})


@pytest.fixture
def dpi(tmp_path: Path) -> Path:
    """The process-wide instance with preset C; its parameter file."""
    file = tmp_path / "params.txt"
    write_params_file(load_params("c"), file)
    assert lib.ohm_dpi_open(str(file).encode(), 7) == 0
    return file


def test_dpi_is_the_same_array(dpi: Path) -> None:
    twin = ArrayModel("c", seed=7)
    lib.ohm_dpi_pulse(2, ALL, 0xFF, dac_code(2.0), dac_code(2.0), dac_code(2.0), 48, 1000)
    twin.pulse(Mode.SET, ALL, 0xFF, dac_code(2.0), dac_code(2.0), dac_code(2.0), 48, 1000)
    codes = ffi.new("short[32]")
    for wl in (ALL, 1 << 3, 0):
        lib.ohm_dpi_sense(wl, ALL, READ, GATE, 10**8, codes)
        assert list(codes) == twin.sense(wl, ALL, READ, GATE, 10**8).tolist()
    seen = ArrayModel.at(int(ffi.cast("uintptr_t", lib.ohm_dpi_array())))
    assert seen.save() == twin.save()


@pytest.mark.parametrize("line", ["set_d2d", "colour 1", "set_d2d x", "set_d2d -1", "set_d2d 0.1 0.2", "set_d2d nan"])
def test_dpi_refuses_a_bad_parameter_file(dpi: Path, line: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = lib.ohm_dpi_array()
    dpi.write_text(f"# comment\n\n{line}\n")
    assert lib.ohm_dpi_open(str(dpi).encode(), 7) == -1
    assert f"{dpi}:3" in capfd.readouterr().err
    assert lib.ohm_dpi_array() == before
    assert lib.ohm_dpi_open(str(dpi.with_name("absent")).encode(), 7) == -1
    assert "absent" in capfd.readouterr().err


def test_dpi_opens_with_the_defaults() -> None:
    assert lib.ohm_dpi_open(ffi.NULL, 3) == 0
    assert ArrayModel.at(int(ffi.cast("uintptr_t", lib.ohm_dpi_array()))).save() == ArrayModel(seed=3).save()


@pytest.mark.parametrize(("compiler", "standard"), [("gcc", ["-std=c99"]), ("g++", ["-x", "c++", "-std=c++17"])])
def test_sources_compile_without_a_warning(root: Path, compiler: str, standard: list[str]) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    sources = sorted(file for part in ("array", "twin") for file in (root / "sim" / part).glob("*.c"))
    assert len(sources) >= 11
    for source in sources:
        flags = [*FLAGS, f"-I{root}/sim/array"]
        done = subprocess.run([compiler, *standard, *flags, str(source)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("flags", [["-O0"], ["-O3", "-march=native"]])
def test_other_builds_give_the_same_bits(root: Path, tmp_path: Path, flags: list[str]) -> None:
    """-march=native has fused multiply-adds where the processor has them; -ffp-contract=off keeps them out."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")
    library = tmp_path / "libarray.so"
    sources = [str(path) for path in sorted((root / "sim/array").glob("*.c"))]
    subprocess.run(
        ["gcc", "-std=c99", "-ffp-contract=off", *flags, "-shared", "-fPIC", "-o", str(library), *sources, "-lm"],
        check=True,
    )
    other = FFI()
    other.cdef(
        "int ohm_dpi_open(const char *params_file, unsigned long long seed); void *ohm_dpi_array(void);"
        "void ohm_dpi_pulse(int mode, unsigned wl, unsigned col, int line_code, int inhibit_code, int wl_code,"
        " int width_clocks, unsigned long long now);"
        "void ohm_dpi_sense(unsigned wl, unsigned bl, int bl_code, int wl_code, unsigned long long now, short *codes);"
        "void ohm_array_save(void *a, void *buffer);"
    )
    foreign: Any = other.dlopen(str(library))
    assert foreign.ohm_dpi_open(other.NULL, 5) == 0
    array = ArrayModel(seed=5)
    codes = other.new("short[32]")
    random = np.random.default_rng(1)
    for step in range(200):
        now = step**4 * 1000
        wl, col = (int(mask) for mask in random.integers(0, 2**32, 2))
        line, inhibit, gate = (int(code) for code in random.integers(0, 40000, 3))
        for pulse in (array.pulse, foreign.ohm_dpi_pulse):
            pulse(2 + step % 2, wl, col, line, inhibit, gate, 1 + step, now)
        for lines in (wl, 1 << step % 32):
            foreign.ohm_dpi_sense(lines, col, READ, GATE, now + 10**7, codes)
            assert list(codes) == array.sense(lines, col, READ, GATE, now + 10**7).tolist()
    state = other.new("char[]", lib.ohm_array_size())
    foreign.ohm_array_save(foreign.ohm_dpi_array(), state)
    assert bytes(other.buffer(state)) == array.save()
