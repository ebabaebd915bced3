"""Own data: every format gives the same, and what is no data is refused before it costs anything."""

from __future__ import annotations

import io
import random
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.fuzz import mutate

from ohmbench.errors import DataError, OhmbenchError, UsageError
from ohmbench.network import own_parts
from ohmbench.network.own_data import SCALE_LOW, OwnData, Scaling, read_own_data, trained_here

RNG = np.random.default_rng(3)
TABLE = RNG.normal(5, 30, (60, 3)).astype(np.float32).astype(np.float64)
KINDS = np.arange(60) // 20
IMAGES = RNG.integers(0, 256, (60, 4, 5), np.uint8)


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def csv(path: Path, x: NDArray[Any], y: Any, label: str = "label", first: bool = False, comma: str = ",") -> Path:
    names, rows = [f"f{i}" for i in range(x.shape[1])], [[*map(repr, row)] for row in x.tolist()]
    place = 0 if first else len(names)
    for row, value in zip([names, *rows], [label, *map(str, y)], strict=True):
        row.insert(place, value)
    path.write_text("\n".join(comma.join(row) for row in [names, *rows]) + "\n")
    return path


def idx(path: Path, array: NDArray[Any]) -> Path:
    head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    path.write_bytes(head + array.astype(np.uint8).tobytes())
    return path


def pngs(folder: Path, images: NDArray[Any], labels: Any) -> Path:
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{number:03}.png")
    return folder


def same(found: OwnData, expected: OwnData) -> None:
    np.testing.assert_array_equal(found.x, expected.x)
    np.testing.assert_array_equal(found.y, expected.y)
    assert (found.classes, found.tests, found.content) == (expected.classes, expected.tests, expected.content)


@pytest.fixture
def table(tmp_path: Path) -> OwnData:
    return read_own_data(str(npz(tmp_path / "table.npz", x=TABLE, y=KINDS)))


def test_a_table_is_the_same_in_every_format(table: OwnData, tmp_path: Path) -> None:
    assert (table.name, table.classes, table.tests) == ("table.npz", ("0", "1", "2"), None)
    np.testing.assert_array_equal(table.x, TABLE)
    np.save(tmp_path / "x.npy", np.asfortranarray(TABLE))
    np.save(tmp_path / "y.npy", KINDS.astype(np.uint8)[:, None])
    given = [
        f"{tmp_path / 'x.npy'},{tmp_path / 'y.npy'}",
        npz(tmp_path / "capital.npz", X=TABLE, y=KINDS.astype(str), names=np.array(["a", "b", "c"])),
        csv(tmp_path / "last.csv", TABLE, KINDS, "kind"),
        csv(tmp_path / "first.csv", TABLE, KINDS, "Target", first=True),
        csv(tmp_path / "semicolons.csv", TABLE, KINDS, "class", comma=";"),
    ]
    for one in map(str, given):
        same(read_own_data(one), table)


def test_images_are_the_same_in_every_format(tmp_path: Path) -> None:
    expected = read_own_data(str(npz(tmp_path / "i.npz", x=IMAGES, y=KINDS)))
    folder = tmp_path / "idx"
    folder.mkdir()
    images = idx(folder / "my-images-idx3-ubyte", IMAGES)
    idx(folder / "my-labels-idx1-ubyte", KINDS)
    same(read_own_data(str(images)), expected)
    found = read_own_data(str(pngs(tmp_path / "png", IMAGES, KINDS)))
    same(found, expected)
    assert (found.name, found.of_bytes, expected.of_bytes) == ("png/", True, False)


def test_parts_of_the_file_are_kept(tmp_path: Path) -> None:
    parts = {"x_train": IMAGES[:40], "y_train": KINDS[:40], "x_test": IMAGES[40:], "y_test": KINDS[40:]}
    expected = read_own_data(str(npz(tmp_path / "i.npz", **parts)))
    assert expected.tests == 20
    folder = tmp_path / "idx"
    folder.mkdir()
    for part, name in (("train", "train"), ("t10k", "test")):
        idx(folder / f"{part}-images-idx3-ubyte", parts[f"x_{name}"])
        idx(folder / f"{part}-labels-idx1-ubyte", parts[f"y_{name}"])
    same(read_own_data(str(folder)), expected)
    train, test = expected.split()
    np.testing.assert_array_equal(test, np.arange(40, 60))
    assert sorted(train) == list(range(40))


def test_colours_are_channels_first(tmp_path: Path) -> None:
    colours = RNG.integers(0, 256, (4, 6, 5, 3), np.uint8)
    folder = pngs(tmp_path / "png", colours, ["cat", "cat", "dog", "dog"])
    Image.fromarray(colours[0, :, :, 0]).save(folder / "dog/9.png")  # grey among them
    found = read_own_data(str(folder))
    assert found.classes == ("cat", "dog")
    np.testing.assert_array_equal(found.x[:4], colours.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(found.x[4], np.repeat(colours[:1, :, :, 0], 3, 0))


def test_train_and_test_folders(tmp_path: Path) -> None:
    pngs(tmp_path / "data/train", IMAGES[:40], [f"k{k}" for k in KINDS[:40]])
    pngs(tmp_path / "data/test", IMAGES[:20], [f"k{k}" for k in KINDS[10:30]])
    found = read_own_data(str(tmp_path / "data"))
    assert (found.tests, found.classes) == (20, ("k0", "k1"))
    pngs(tmp_path / "data/test", IMAGES[:1], ["other"])
    with pytest.raises(DataError, match="its folder test has a class other"):
        read_own_data(str(tmp_path / "data"))


def test_png_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = pngs(tmp_path / "png", IMAGES[:2], [0, 1])
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match=r"Pillow.*pip install 'ohmbench\[images\]'"):
        read_own_data(str(folder))


def test_labels_are_numbers_text_or_targets(tmp_path: Path) -> None:
    ordered = read_own_data(str(csv(tmp_path / "a.csv", TABLE, np.where(KINDS > 0, 10, 9))))
    assert ordered.classes == ("9", "10")  # by value, not by letters
    named = read_own_data(str(csv(tmp_path / "b.csv", TABLE, np.array(["oak", "ash", "elm"])[KINDS])))
    assert named.classes == ("ash", "elm", "oak")
    assert named.numbers is None
    targets = read_own_data(str(csv(tmp_path / "c.csv", TABLE, TABLE[:, 0] / 7)))
    assert targets.classes == ()
    np.testing.assert_allclose(targets.y, TABLE[:, 0] / 7)


def test_content_says_what_is_in_a_file(table: OwnData, tmp_path: Path) -> None:
    x, y = TABLE.copy(), KINDS.copy()
    x[3, 1] += 1e-4
    y[0] = 1
    others = [
        npz(tmp_path / "a.npz", x=x, y=KINDS),
        npz(tmp_path / "b.npz", x=TABLE, y=y),
        npz(tmp_path / "c.npz", x=TABLE, y=KINDS + 1),
        npz(tmp_path / "d.npz", x=TABLE[:, None], y=KINDS),
        npz(tmp_path / "e.npz", x_train=TABLE[:40], y_train=KINDS[:40], x_test=TABLE[40:], y_test=KINDS[40:]),
    ]
    contents = {read_own_data(str(path)).content for path in others} | {table.content}
    assert len(contents) == len(others) + 1


def test_the_split_is_a_fifth_of_each_class_always_the_same(table: OwnData) -> None:
    train, test = table.split()
    assert sorted([*train, *test]) == list(range(60))
    assert np.bincount(table.y[test]).tolist() == [4, 4, 4]
    np.testing.assert_array_equal(test, table.split()[1])
    assert len(set(table.y[train[:10]])) > 1  # not in the file's order, which is by class
    assert len(table.own_parts()[0]) == 0


def test_tables_are_scaled_by_feature_and_images_together(table: OwnData, tmp_path: Path) -> None:
    data, scaling = trained_here(table, 4)
    train = TABLE[table.split()[0]]
    np.testing.assert_allclose(scaling.low, train.min(0), rtol=1e-7)
    assert (data.train_x.min(0).tolist(), data.train_x.max(0).tolist()) == ([0] * 3, [15] * 3)
    assert (data.test_x.min() >= 0, data.test_x.max() <= 15, data.content) == (True, True, table.content)
    again = Scaling.from_provenance(scaling.provenance())
    assert again is not None
    np.testing.assert_array_equal(trained_here(table, 4, again)[0].test_x, data.test_x)
    images = read_own_data(str(npz(tmp_path / "i.npz", x=IMAGES, y=KINDS)))
    assert trained_here(images, 4)[1].low.shape == (1,)
    with pytest.raises(DataError, match="have 20 features, the network was trained on 3"):
        scaling.integers(IMAGES, 4)
    for damaged in ("a b c", "1 nan", "", "1"):
        with pytest.raises(DataError, match="scale of inputs"):
            Scaling.from_provenance({SCALE_LOW: damaged, "scale_high": "1 2"})


def test_a_constant_feature_is_nothing(tmp_path: Path) -> None:
    x = np.concatenate([TABLE, np.full((60, 1), 7.0)], axis=1)
    data, _ = trained_here(read_own_data(str(npz(tmp_path / "a.npz", x=x, y=KINDS))), 4)
    assert not data.train_x[:, 3].any()


def test_a_test_part_of_another_scale_is_refused(tmp_path: Path) -> None:
    parts = {"x_train": IMAGES[:40] / 255, "y_train": KINDS[:40], "x_test": IMAGES[40:], "y_test": KINDS[40:]}
    with pytest.raises(DataError, match=r"% of the values are far outside.*\.\.25\d where .*\.\.1 is meant"):
        trained_here(read_own_data(str(npz(tmp_path / "a.npz", **parts))), 4)


def test_what_cannot_be_trained_on(tmp_path: Path) -> None:
    for x, y, said in (
        (TABLE, KINDS / 1.5, "makes classifiers"),
        (TABLE, KINDS * 0, "of 1 classes"),
        (TABLE[:8], KINDS[:8] + np.arange(8) % 2, "rows to train on"),
    ):
        with pytest.raises(DataError, match=said):
            trained_here(read_own_data(str(npz(tmp_path / "a.npz", x=x, y=y))), 4)


def spoiled(at: int, value: float) -> NDArray[Any]:
    x = TABLE.copy()
    x[at, 2] = value
    return x


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": spoiled(7, np.nan), "y": KINDS}, r"x has 1 values that are not finite numbers, the first at \[7, 2\]"),
        ({"x": spoiled(0, -np.inf), "y": KINDS}, "not finite numbers"),
        ({"x": spoiled(0, 1e300), "y": KINDS}, "not finite numbers"),
        ({"x": TABLE, "y": np.where(KINDS, np.nan, 1.0)}, "y has 40 values that are not finite"),
        ({"x": TABLE, "y": KINDS[:59]}, "60 inputs and 59 labels"),
        ({"x": TABLE[:0], "y": KINDS[:0]}, "has the shape"),
        ({"x": TABLE[:, 0], "y": KINDS}, "has the shape"),
        ({"x": TABLE + 1j, "y": KINDS}, "neither numbers nor text"),
        ({"x": TABLE.astype(str), "y": KINDS}, "not numbers"),
        ({"x": TABLE, "y": np.eye(3, dtype=int)[KINDS]}, "one-hot"),
        ({"x": np.zeros((1200, 2)), "y": np.arange(1200)}, "1200 different labels"),
        ({"a": TABLE, "b": KINDS}, r"it has a, b\. Give x and y; or x_train"),
        ({"x_train": TABLE, "y_train": KINDS}, "it has x_train, y_train"),
        (
            {"x_train": TABLE, "y_train": KINDS, "x_test": TABLE[:, :2], "y_test": KINDS},
            r"test inputs are \(2,\) each, those to train on \(3,\)",
        ),
        ({"x_train": TABLE, "y_train": KINDS, "x_test": TABLE, "y_test": KINDS.astype(str)}, "another kind"),
        ({"x_train": TABLE, "y_train": KINDS, "x_test": TABLE, "y_test": KINDS[:5]}, "60 test inputs and 5 labels"),
    ],
)
def test_what_is_no_data_is_refused(arrays: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=said):
        read_own_data(str(npz(tmp_path / "a.npz", **arrays)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,label\n1,x\n2\n", "line 3 has 1 columns, its header 2"),
        ("a,label\n1,x\nred,y\n", "line 3 has 'red' in column 'a', which is not a number"),
        ("a,label\n,x\n", "line 2 has '' in column 'a'"),
        ("a,label\n1,\n", "line 2 has no label"),
        ("a,label\n1,x\nnan,y\n", "not finite numbers"),
        ("1,2\n3,4\n", "its first line holds numbers, not names"),
        ("a\n1\n", "fewer than two columns"),
        ("", "fewer than two columns"),
        ("a,label\n", "no rows"),
        ("y,label\n1,2\n", "2 of its columns are called"),
        ("a,label\n" + "1" * 200_000 + ",2\n", "line 2: field larger"),
    ],
)
def test_a_table_that_makes_no_sense(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        read_own_data(str(tmp_path / "a.csv"))


class _Runs:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("/tmp/ohmbench-was-executed"),))


def test_nothing_is_executed(tmp_path: Path) -> None:
    bad = np.array([_Runs()] * 60, dtype=object)
    for arrays in ({"x": TABLE, "y": bad}, {"x": bad[:, None], "y": KINDS}):
        with pytest.raises(DataError, match=r"Python objects.*astype\(str\)"):
            read_own_data(str(npz(tmp_path / "a.npz", **arrays)))
    assert not Path("/tmp/ohmbench-was-executed").exists()


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = io.BytesIO()
    np.lib.format.write_array_header_1_0(huge, {"descr": "<f8", "fortran_order": False, "shape": (1 << 40, 8)})
    with zipfile.ZipFile(tmp_path / "claims.npz", "w") as archive:
        archive.writestr("x.npy", huge.getvalue())
        archive.writestr("y.npy", huge.getvalue())
    with pytest.raises(DataError, match="x is not as long as its header says"):
        read_own_data(str(tmp_path / "claims.npz"))
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(300 << 20))
        archive.writestr("y.npy", b"")
    with pytest.raises(DataError, match="its arrays are larger than 256 MB"):
        read_own_data(str(tmp_path / "bomb.npz"))
    monkeypatch.setattr(own_parts, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="is larger than"):
        read_own_data(str(csv(tmp_path / "a.csv", TABLE, KINDS)))


def test_files_that_are_not_there_or_of_no_kind(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    np.save(tmp_path / "x.npy", TABLE)
    for name, said in (
        ("wine.npz", "No data set is called wine.npz, and there is no such file"),
        (str(tmp_path / "notes.txt"), "ohmbench cannot read"),
        (str(tmp_path / "x.npy"), "Give both files"),
    ):
        with pytest.raises(UsageError, match=said):
            read_own_data(name)
    for name, said in (
        (str(tmp_path), "holds no folder for each class"),
        (f"{tmp_path}/x.npy,{tmp_path}/y.npy", "y.npy: No such file"),
        (str(idx(tmp_path / "a-images-idx3-ubyte", IMAGES)), "no a-labels-idx1-ubyte"),
    ):
        with pytest.raises(DataError, match=said):
            read_own_data(name)


def test_images_of_no_use(tmp_path: Path) -> None:
    folder = pngs(tmp_path / "png", IMAGES[:2], [0, 1])
    (folder / "1/b.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    with pytest.raises(DataError, match=r"1/b.png is not a PNG, or a damaged one"):
        read_own_data(str(folder))
    Image.fromarray(IMAGES[0][:2]).save(folder / "1/b.png")
    with pytest.raises(DataError, match=r"1/b.png has 5x2 pixels, others 5x4"):
        read_own_data(str(folder))
    Image.fromarray(IMAGES[0].astype(np.uint16) * 100).save(folder / "1/b.png")
    with pytest.raises(DataError, match="more than 8 bits a pixel"):
        read_own_data(str(folder))


@settings(deadline=None, max_examples=150)
@given(seed=st.integers(0, 1 << 32), kind=st.sampled_from(["npz", "csv", "idx", "npy"]))
def test_a_spoiled_file_is_read_or_refused(seed: int, kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("spoiled")
    if kind == "npz":
        path = npz(folder / "a.npz", x=TABLE, y=KINDS)
    elif kind == "csv":
        path = csv(folder / "a.csv", TABLE[:9], KINDS[:9])
    elif kind == "npy":
        np.save(folder / "x.npy", TABLE)
        np.save(folder / "y.npy", KINDS)
        path = folder / "x.npy"
    else:
        idx(folder / "a-labels-idx1-ubyte", KINDS)
        path = idx(folder / "a-images-idx3-ubyte", IMAGES)
    spoil = {"npz": mutate.of_archive, "csv": mutate.of_text}.get(kind, mutate.of_bytes)
    path.write_bytes(spoil(path.read_bytes(), random.Random(seed)))
    try:
        found = read_own_data(f"{path},{folder / 'y.npy'}" if kind == "npy" else str(path))
    except OhmbenchError:
        return
    assert len(found.x) == len(found.y)
    assert np.isfinite(found.x).all()
    assert found.content
