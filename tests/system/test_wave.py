"""`ohmbench wave` and waves of cocotb tests: what is in the file, how large it is, and the picture in the docs."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
from tests.system.command_line import as_json, refused
from tests.waveforms import read_fst

from ohmbench.model.simulator import build
from ohmbench.programming.recipe import Recipe
from ohmbench.support.scripts import load_script
from ohmbench.testing import run

REPO = Path(__file__).resolve().parents[2]
CLOCK_PS = 2 * 10_417
CELL = (4, 7)
MOST_BYTES = 20_000_000
MOST_S = 30

pytestmark = pytest.mark.skipif(
    not Path("/usr/include/lz4.h").exists(), reason="waveforms need the headers of lz4 (liblz4-dev)"
)


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build(waves=True)


def test_a_programmed_cell(tmp_path: Path) -> None:
    begun = time.monotonic()
    made = as_json("wave", "--cell", "4,7", "-o", tmp_path / "pulse.fst")
    assert time.monotonic() - begun < MOST_S
    file = Path(made["file"])
    assert made["size_bytes"] == file.stat().st_size <= MOST_BYTES
    assert made["in_window"]
    wave = read_fst(file)
    pulses = wave.high("set_en")
    assert len(pulses) == made["set_pulses"] > 0
    assert {end - begin for begin, end in pulses} == {round(Recipe().set.us * 48) * CLOCK_PS}
    # the cell sees the pulse, and its conductance moves with it
    for begin, _ in pulses:
        assert wave.at("u_probe.cell_v", begin) == wave.at("u_probe.bl_set_v", begin) > 0.7
        assert wave.at("u_probe.cell_wl_v", begin) == pytest.approx(3.0, abs=1e-4)
        usiemens = wave.at("u_probe.cell_usiemens", begin)
        assert wave.at("u_probe.cell_ua", begin) == pytest.approx(usiemens * wave.at("u_probe.cell_v", begin))
    assert wave["u_probe.cell_pulses"][-1][1] == made["set_pulses"] + made["reset_pulses"]
    assert wave["u_probe.cell_usiemens"][-1][1] == pytest.approx(made["usiemens"], rel=0.05)  # wires take some
    # off at its end, and only written while armed
    assert wave["armed_o"][-1][1] == 0
    assert wave.begin_ps > wave["armed_o"][0][0] - 100 * CLOCK_PS
    assert all(wave.at(f"u_probe.{rail}_v", wave.end_ps) == 0 for rail in ("bl_set", "sl_inhibit", "wl_set"))


def test_every_signal_of_the_save_file_is_in_the_waveform(tmp_path: Path) -> None:
    made = as_json("wave", "--cell", "31,0", "--level", "1", "-o", tmp_path / "low.fst")
    saved = Path(made["save_file"]).read_text()
    assert f'[dumpfile] "{tmp_path.resolve()}/low.fst"' in saved
    signals = re.findall(r"^TOP\.ohm_sim_top\.(.*)$", saved, re.M)
    assert len(signals) > 30
    wave = read_fst(Path(made["file"]))
    missing = {re.sub(r"\[\d+:\d+\]$", "", name) for name in signals} - set(wave.signals)
    assert not missing
    assert sum(len(wave[re.sub(r"\[\d+:\d+\]$", "", name)]) > 1 for name in signals) > 15


def test_one_pulse_alone(tmp_path: Path) -> None:
    made = as_json("wave", "--cell", "4,7", "--pulse", "2", "-o", tmp_path / "second.fst")
    assert made["size_bytes"] < 200_000
    wave = read_fst(Path(made["file"]))
    (second, *third) = wave.high("set_en")
    assert second[1] - second[0] == round(Recipe().set.us * 48) * CLOCK_PS
    assert not third
    assert [value for _, value in wave["u_probe.cell_pulses"]] == [1, 2]
    said = refused(11, "wave", "--cell", "4,7", "--pulse", "77", "-o", tmp_path / "none.fst")
    assert "no pulse 77" in said


def test_a_program_of_ones_own(tmp_path: Path) -> None:
    program = tmp_path / "train.useq"
    program.write_text(
        ".entry main\n.arg row r0\n.arg width r1\nmain:\n mone m1, r0\n mone m2, r2\n lines set, m1, m1, m2\n"
        " pulse r1\n pulse r1\n lines off, m1, m1, m1\n halt 7\n"
    )
    rails = [f"--rail={name}" for name in ("bl_set=0.8", "sl_inhibit=0.8", "wl_set=3")]
    line = ("wave", program, "--arg", "row=9", "--arg", "width=0.5us", *rails, "--pulse-us", "0.5", "--pulses", "2")
    made = as_json(*line, "--cell", "9,0", "-o", tmp_path / "own.fst")
    assert made["code"] == 7
    wave = read_fst(Path(made["file"]))
    assert [end - begin for begin, end in wave.high("set_en")] == [24 * CLOCK_PS] * 2
    assert wave["u_probe.cell_pulses"][-1][1] == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--port", "twin"), "Waveforms are of the simulator"),
        (("--cell", "4"), "is not ROW,COL"),
        (("--cell", "4,32"), "32 is not 0 to 31"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    assert message in refused(2, "wave", *options, "-o", tmp_path / "x.fst")
    assert not (tmp_path / "x.fst").exists()


def _is_the_picture(name: str, folder: Path) -> bool:
    script = load_script(REPO / "docs/img/pulse.py")
    picture = getattr(script, name)
    made = as_json("wave", *picture.wave, "-o", folder / "pulse.fst", timeout_s=500)
    return bool(script.draw(picture, script.changes(picture, Path(made["file"]))) == picture.file.read_text())


def test_the_picture_in_the_docs_is_of_this_model(tmp_path: Path) -> None:
    assert _is_the_picture("REFERENCE", tmp_path), "python docs/img/pulse.py makes it again"


@pytest.mark.slow
@pytest.mark.timeout(600)  # another carrier's simulator is built for it
def test_so_is_the_x1s_and_its_save_file_names_what_is_there(tmp_path: Path) -> None:
    assert _is_the_picture("X1", tmp_path), "python docs/img/pulse.py makes it again"
    wave = read_fst(tmp_path / "pulse.fst")
    signals = re.findall(r"^TOP\.ohm_sim_top\.(.*)$", (tmp_path / "pulse.gtkw").read_text(), re.M)
    missing = {re.sub(r"\[\d+:\d+\]$", "", name) for name in signals} - set(wave.signals)
    assert {"scan_tm", "scan_dl", "u_probe.vcc_set_v"} <= set(signals)
    assert not missing
    for begin, end in wave.high("u_probe.cell_pulsed"):
        assert end - begin == round(Recipe().set.us * 48) * CLOCK_PS
        assert wave.at("u_probe.cell_v", begin) == wave.at("u_probe.vcc_set_v", begin) > 0.7
        assert wave.at("scan_tm", begin) == wave.at("scan_dr", begin) == 1


TEST = """
import cocotb
import numpy as np
from ohmbench import Recipe, program_image
from ohmbench.testing import CocotbBench

@cocotb.test()
async def one_cell(dut):
    bench = await CocotbBench.start(dut, seed=3)
    opened = int(dut.u_top.u_core.clock_cycles_q.value)
    assert opened < 30_000, opened  # half a million with the rate raised
    levels, mask = np.zeros((32, 32), np.uint8), np.zeros((32, 32), bool)
    levels[4, 7], mask[4, 7] = 15, True
    assert (await bench.host(program_image, levels, mask, 15, Recipe())).inside[4, 7]
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_waves_of_a_cocotb_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wave_test.py").write_text(TEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    run("wave_test", waves="armed", cell=CELL)
    assert (tmp_path / "dump.fst").stat().st_size < MOST_BYTES
    wave = read_fst(tmp_path / "dump.fst")
    pulses = wave.high("set_en")
    assert {end - begin for begin, end in pulses} == {round(Recipe().set.us * 48) * CLOCK_PS}
    assert wave["u_probe.cell_pulses"][-1][1] == len(pulses) > 0
    assert np.diff([value for _, value in wave["u_probe.cell_usiemens"]])[0] > 50
    assert "\nohm_sim_top.u_probe.cell_v\n" in (tmp_path / "dump.gtkw").read_text()
