"""The proofs, their checkers and docs/formal.md name the same promises, and each mutant still fits the RTL."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from ohmbench.support.scripts import load_script

REPO = Path(__file__).resolve().parents[3]

prove = load_script(REPO / "fpga/formal/prove.py")
PROOFS = prove.load()
PROMISES = [(proof, promise) for proof in PROOFS for promise in proof.promises]


def test_document_names_the_promises() -> None:
    text = "".join((REPO / "docs" / page).read_text() for page in ("formal.md", "guard.md"))
    rows = re.findall(r"^\| .+ \| (\w+) \| (\w+_A) \|$", text, re.MULTILINE)
    assert sorted(rows) == sorted((proof.name, promise.assertion) for proof, promise in PROMISES)


@pytest.mark.parametrize(("proof", "promise"), PROMISES, ids=[f"{a.name}-{b.assertion}" for a, b in PROMISES])
def test_promise_is_in_its_checker_and_has_mutants_that_fit(proof: object, promise: object) -> None:
    text = "".join(prove.source(file, proof.carrier).read_text() for file in proof.files)  # type: ignore[attr-defined]
    for name in (promise.assertion, promise.cover):  # type: ignore[attr-defined]
        assert re.search(rf"\b{name}\b", text)
    assert promise.mutants  # type: ignore[attr-defined]
    for mutant in promise.mutants:  # type: ignore[attr-defined]
        assert mutant.file in proof.files  # type: ignore[attr-defined]
        assert prove.source(mutant.file, proof.carrier).read_text().count(mutant.find) == 1


def test_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(prove, "TOOLS", ("no-such-solver",))
    assert prove.main([]) == 1
    assert "no-such-solver" in capsys.readouterr().err


def test_an_unreached_cover_is_not_taken_for_a_reached_one() -> None:
    log = """engine_0: ##   0:01:24  Reached cover statement in step 62 at ohm_guarded: u_check.Rises_C
engine_0: ##   0:02:13  Unreached cover statement at ohm_guarded: u_guard.ResetPulse_C
summary:   reached cover statement ohm_guarded.\\u_check.Pulse_C at  step 64
summary: unreached cover statements:
summary:   ohm_guarded.\\u_guard.ResetPulse_C at"""
    assert prove.reached(log) == {"Rises_C", "Pulse_C"}


@pytest.mark.slow
def test_make_formal() -> None:
    done = subprocess.run(["make", "formal"], cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((REPO / "build/formal/summary.json").read_text())
    assert summary["proved"] == summary["covered"] == summary["promises"]
    assert summary["mutants_rejected"] == summary["mutants"]
