"""Options of the simulator stand apart in each help, and are refused by name on a board."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.cli.command_line import make_parser
from ohmbench.cli.main import main
from ohmbench.cli.options import SIMULATOR_ONLY
from ohmbench.errors import UsageError

INSTEAD = {"array": "--serial", "faults": "--fault-map", "carrier_faults": "--carrier"}


def test_they_have_a_group_of_their_own_in_every_help() -> None:
    (commands,) = (action for action in make_parser()._actions if action.choices)
    assert isinstance(commands.choices, dict)
    seen = 0
    for name, parser in commands.choices.items():
        groups = {g.title: {a.dest for a in g._group_actions} for g in parser._action_groups}
        inside = groups.get("for the simulator", set())
        outside = set().union(*(dests for title, dests in groups.items() if title != "for the simulator"))
        if "baud" in outside:
            seen += 1
            assert inside == set(SIMULATOR_ONLY), name
        assert not outside & inside
    assert seen > 8


@pytest.mark.parametrize("name", SIMULATOR_ONLY)
def test_a_board_refuses_each_by_name_and_says_what_to_do(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    value = {"seed": "1", "device": "ideal", "line_faults": "flip=1e-4", "carrier_faults": "open=5"}.get(name)
    file = tmp_path / "file"
    file.write_text("{}")
    option = f"--{name.replace('_', '-')}"
    assert main(["read", "--port", str(tmp_path / "ttyUSB0"), option, value or str(file)]) == UsageError.exit_code
    said = capsys.readouterr().err
    assert f"{option} is for sim and twin" in said
    assert INSTEAD.get(name, "leave the option out") in said
