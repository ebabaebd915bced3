"""One's own slips are guessed: one changed, lost or swapped letter in commands, options, keys and values."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ohmbench.carrier.carrier import _KEYS as CARRIER_KEYS
from ohmbench.carrier.carrier import _LIMITS as LIMITS
from ohmbench.carrier.carrier import Carrier
from ohmbench.cli.command_line import COMMANDS, make_parser
from ohmbench.cli.main import main
from ohmbench.compress.methods import METHODS, method_named
from ohmbench.errors import OhmbenchError
from ohmbench.experiments.registry import load, names
from ohmbench.gateware.boards import board_names, load_board
from ohmbench.instruments.supply_file import SupplyFile
from ohmbench.mapping.image import WeightImage
from ohmbench.model.array import default_params, load_params
from ohmbench.model.carrier import KINDS, SimulatedCarrier
from ohmbench.model.line_faults import LineFaults
from ohmbench.network.nets import NETS, net_named
from ohmbench.network.own_data import read_own_data
from ohmbench.programming.recipe import Recipe, _defaults
from ohmbench.programming.recipe_file import RECIPES
from ohmbench.sweep.config import KEYS, SweepConfig

Ask = Callable[[str, Path], object]


def slip(word: str, draw: random.Random) -> str:
    """The word with one letter changed, lost, or swapped with the next."""
    places = [i for i, letter in enumerate(word) if letter.isalnum()]
    i = draw.choice(places)
    match draw.randrange(3):
        case 0:
            return word[:i] + draw.choice(string.ascii_lowercase) + word[i + 1 :]
        case 1 if len(places) > 2:
            return word[:i] + word[i + 1 :]
        case _:
            j = min(i, len(word) - 2)
            return word[:j] + word[j + 1] + word[j] + word[j + 2 :]


def _file(text: str, ask: Callable[[Path], object]) -> Ask:
    def with_file(name: str, folder: Path) -> object:
        path = folder / "file.toml"
        path.write_text(text.replace("NAME", name))
        return ask(path)

    return with_file


def _beside(ask: Callable[[Path], object]) -> Ask:
    """A file that is not there, in a folder with others."""

    def with_files(name: str, folder: Path) -> object:
        beside = folder / "beside"
        beside.mkdir(exist_ok=True)
        for other in ("wine.toml", "program.toml", "wine.ohmw", "digits.ohmw", "wine.csv", "grapes.csv"):
            (beside / other).touch()
        return ask(beside / name)

    return with_files


def _options() -> list[str]:
    """Of `read`, which needs no other."""
    (commands,) = (action for action in make_parser()._actions if action.choices)
    assert isinstance(commands.choices, dict)
    return [name for name in commands.choices["read"]._option_string_actions if name.startswith("--")]


ASKED: dict[str, tuple[Iterable[str], Ask]] = {
    "command": (COMMANDS, lambda name, _: main([name])),
    "option": (_options(), lambda name, _: main(["read", name, "x"])),
    "port": (["twin", "sim"], lambda name, _: main(["read", "--port", name])),
    "recipe": ([path.stem for path in RECIPES.glob("*.toml")], lambda name, _: Recipe.load(name)),
    "key of a recipe": (_defaults(), _file("NAME = 1\n", Recipe.load)),
    "key of a sweep": (KEYS, _file("[[grid]]\nNAME = 1\n", SweepConfig.load)),
    "parameter": (default_params(), _file("NAME = 1\n", load_params)),
    "net": ([net.name for net in NETS], lambda name, _: net_named(name)),
    "method": (METHODS, lambda name, _: method_named(name)),
    "experiment": (names(), lambda name, _: load(name)),
    "fault of the carrier": (KINDS, lambda name, _: SimulatedCarrier.parse(f"{name}=1")),
    "key of a carrier": (CARRIER_KEYS, _file("NAME = 1\n", Carrier.load)),
    "limit of a carrier": (LIMITS, _file("[limits]\nNAME = 1\n", Carrier.load)),
    "key of a supply": (["address", "output"], _file("NAME = 1\n", SupplyFile.load)),
    "key of its output": (
        ["channel", "volts", "limit_a"],
        _file('address = "x"\n[[output]]\nNAME = 1\n', SupplyFile.load),
    ),
    "board": (board_names(), lambda name, _: load_board(name)),
    "file of text": (["wine.toml", "program.toml"], _beside(Carrier.load)),
    "weight image": (["wine.ohmw", "digits.ohmw"], _beside(WeightImage.load)),
    "data": (["wine.csv", "grapes.csv"], _beside(lambda path: read_own_data(str(path)))),
    "fault of the line": (["flip", "lose", "insert", "double", "skew"], lambda name, _: LineFaults.parse(f"{name}=0")),
}


def said(ask: Ask, name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    try:
        ask(name, folder)
    except OhmbenchError as error:
        return str(error)
    except SystemExit:
        pass
    return capsys.readouterr().err


def test_slips_are_guessed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = random.Random(19)
    wrong, total = [], 0
    while total < 200:
        kind = list(ASKED)[total % len(ASKED)]
        known, ask = ASKED[kind]
        word = draw.choice(list(known))
        typed = slip(word, draw)
        # argparse takes the beginning of an option for it; a slip to another name is no slip that anybody could see
        if typed in known or (kind == "option" and any(name.startswith(typed) for name in known)):
            continue
        total += 1
        text = said(ask, typed, tmp_path, capsys)
        if f"did you mean '{word}'" not in text:
            wrong.append((kind, word, typed, text[:120]))
    assert len(wrong) <= 0.05 * total, wrong


def test_what_is_not_alike_is_not_guessed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("xylophone", "q"):
        text = said(ASKED["method"][1], name, tmp_path, capsys)
        assert "did you mean" not in text
        assert "There is no method" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('window_usiemens = "8"', 'window_usiemens = "8" is text, not a number'),
        ("rounds = 2.5", "rounds = 2.5 is a number, not a whole number"),
        ("single_cell = 1", "single_cell = 1 is a whole number, not true or false"),
        ("set = 3", "set = 3 is a whole number, not a table"),
        ("window_usiemes = 8", "window_usiemes is not a key of a recipe (did you mean 'window_usiemens'?)"),
    ],
)
def test_a_wrong_type_is_said_with_the_value(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(OhmbenchError) as refused:
        Recipe.load(path)
    assert message in str(refused.value)


def test_a_usage_error_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["program"])
    assert ended.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "ohmbench program: error: the following arguments are required: image. Nothing was sent to the array.",
        "usage: ohmbench program [options] image",
        "ohmbench program --help says more",
    ]


def test_parameters_are_listed_with_units_and_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", "--params"]) == 0
    text = capsys.readouterr().out
    for name in default_params():
        assert any(line.startswith(f"{name} =") and "#" in line for line in text.splitlines()), name
    assert main(["sweep"]) == 2
