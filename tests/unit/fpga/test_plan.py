"""fpga/tables/testplan.toml: every test that it names is there, every feature has one, every module is in it."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ohmbench.support.rtl import carrier_names, rtl_files

REPO = Path(__file__).resolve().parents[3]
UNITS: list[dict[str, Any]] = tomllib.loads((REPO / "fpga/tables/testplan.toml").read_text())["unit"]
FEATURES = [(unit["name"], feature) for unit in UNITS for feature in unit["feature"]]


def is_cocotb_test(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).startswith("cocotb.test")


def functions(pattern: str) -> set[str]:
    """`file.function` of each test: cocotb tests in tb_*.py, pytest tests in test_*.py."""
    found = set()
    for path in (REPO / "tests").rglob(pattern):
        for node in ast.parse(path.read_text()).body:
            is_cocotb = isinstance(node, ast.AsyncFunctionDef) and any(map(is_cocotb_test, node.decorator_list))
            is_pytest = isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            if is_cocotb or is_pytest:
                found.add(f"{path.stem}.{node.name}")
    return found


def promises() -> set[str]:
    proofs = tomllib.loads((REPO / "fpga/formal/proofs.toml").read_text())["proof"]
    return {f"{proof['name']}/{promise['assertion']}" for proof in proofs for promise in proof.get("promise", [])}


KNOWN = functions("tb_*.py") | functions("test_*.py") | promises()


@pytest.mark.parametrize(("unit", "feature"), FEATURES, ids=[f"{unit}-{f['does'][:40]}" for unit, f in FEATURES])
def test_feature_has_tests_and_they_exist(unit: str, feature: dict[str, Any]) -> None:
    assert feature["tests"]
    assert sorted(set(feature["tests"]) - KNOWN) == []


def test_every_module_is_in_the_plan() -> None:
    planned = [module for unit in UNITS for module in unit["modules"]]
    paths = {path for carrier in carrier_names(REPO) for path in rtl_files(REPO, carrier)}
    there = {path.stem for path in paths if not path.stem.endswith("_pkg")}  # carriers have drivers of one name
    assert sorted(planned) == sorted(there)
