"""Serial numbers: one form at the door, and known arrays under another name are not begun again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ohmbench.errors import UsageError
from ohmbench.lab.identity import admit, canonical_serial, nearest
from ohmbench.lab.setup import Setup
from ohmbench.progress import Progress
from ohmbench.record.store import Store


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "record.sqlite"
    with Store.open(path) as store:
        for serial in ("W3-17", "Q-900"):
            store.array(serial, "1T1R", 2, 2, 1000)
    return path


@pytest.mark.parametrize(
    "typed",
    ["W3-17", "W3-17 ", "\tW3-17", "W3-17\r\n", "W3\u201117", "W3\u221217", "\u00a0W3-17", "\uff373-17"],
)
def test_one_form(typed: str) -> None:
    assert canonical_serial(typed) == "W3-17"
    assert Setup("/dev/nothing", serial=typed).serial == "W3-17"


def test_composed_and_decomposed_letters_are_one() -> None:
    assert canonical_serial("gro\u0308\u00dfe") == canonical_serial("gr\u00f6\u00dfe") == "gr\u00f6\u00dfe"


@pytest.mark.parametrize(
    "typed", ["", " ", "a\x1b[2J", "a\tb", "a\u200bb", "die\udcff", "a" * 129, "a\0", "<b>", "\u202e"]
)
def test_what_is_no_serial_number(typed: str) -> None:
    with pytest.raises(UsageError, match="serial number") as error:
        canonical_serial(typed)
    assert str(error.value).isprintable()


def said_of(serial: str, record: Path, *, is_simulated: bool = False, is_new: bool = False) -> str:
    said: list[str] = []
    admit(serial, record, is_simulated=is_simulated, is_new=is_new, say=said.append)
    return "".join(said)


def test_a_known_array_is_said_with_its_wear(record: Path) -> None:
    assert "array W3-17, known since 20" in said_of("W3-17", record)
    assert "0 pulses, 0 % of its budget of 1000" in said_of("W3-17", record)


@pytest.mark.parametrize("typed", ["w3-17", "W3 17", "W3_17", "w 3.17"])
@pytest.mark.parametrize("is_new", [False, True])
@pytest.mark.parametrize("is_simulated", [False, True])
def test_another_case_blank_or_hyphen_is_the_known_array(
    typed: str, is_new: bool, is_simulated: bool, record: Path
) -> None:
    with pytest.raises(UsageError, match="It has W3-17, which differs only in case") as error:
        said_of(typed, record, is_new=is_new, is_simulated=is_simulated)
    assert str(record) in str(error.value)


def test_other_numbers_of_the_same_digits(record: Path) -> None:
    for typed in ("W31-7", "W317"):
        with pytest.raises(UsageError, match="It has W3-17, which differs only"):
            said_of(typed, record, is_simulated=True)
        assert "new in the record" in said_of(typed, record, is_new=True)


def test_an_unknown_array_of_a_board_is_asked_about(record: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not know array W3-18. Similar names: W3-17. .*--new-array"):
        said_of("W3-18", record)
    assert "array W3-18 is new in the record" in said_of("W3-18", record, is_new=True)
    assert "similar names: W3-17" in said_of("W3-18", record, is_simulated=True)
    with pytest.raises(UsageError, match="does not know array X"):
        said_of("X", tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()


def test_nearest() -> None:
    assert nearest("W3-17", ["W3-71", "W3-18", "W4-18", "W44-19", "W3-17"]) == ["W3-18", "W3-71", "W4-18"]


def test_a_board_is_asked_before_its_record_is_made(tmp_path: Path) -> None:
    setup = Setup("/dev/nothing", serial="W3-17", lab=tmp_path / "lab")
    with pytest.raises(UsageError, match="--new-array"), setup.record(Progress(quiet=True)):
        pass
    assert not (tmp_path / "lab").exists()
