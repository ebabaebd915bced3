"""MNIST: reading IDX files, their damage, averaging, and downloading from a server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import struct
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ohmbench.errors import DataError, UsageError
from ohmbench.network import idx as idx_files
from ohmbench.network import mnist
from ohmbench.network.mnist import ENVIRONMENT, download_mnist, load_mnist, mnist_folder
from ohmbench.network.nets import load_split, net_named, validation_images

TRAIN, TEST = "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"
TRAIN_LABELS, TEST_LABELS = "train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"


def idx(array: np.ndarray[Any, Any]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def contents(train: int = 7, test: int = 5, side: int = 28) -> dict[str, bytes]:
    """The four files of a small set of random images."""
    rng = np.random.default_rng(4)
    files = {}
    for images, labels, count in ((TRAIN, TRAIN_LABELS, train), (TEST, TEST_LABELS, test)):
        files[images] = idx(rng.integers(0, 256, (count, side, side)).astype(np.uint8))
        files[labels] = idx(rng.integers(0, 10, count).astype(np.uint8))
    return files


def write(folder: Path, files: dict[str, bytes], *, packed: bool = False) -> Path:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / (f"{name}.gz" if packed else name)).write_bytes(gzip.compress(data) if packed else data)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "set", contents())


@pytest.mark.parametrize("packed", [False, True])
def test_files_load_plain_and_packed(tmp_path: Path, packed: bool) -> None:
    files = contents()
    data = load_mnist(write(tmp_path / "set", files, packed=packed), input_bits=8)
    assert data.name == "mnist"
    assert data.input_bits == 8
    np.testing.assert_array_equal(data.train_x.ravel(), np.frombuffer(files[TRAIN], np.uint8, offset=16))
    np.testing.assert_array_equal(data.test_x.ravel(), np.frombuffer(files[TEST], np.uint8, offset=16))
    np.testing.assert_array_equal(data.train_y, np.frombuffer(files[TRAIN_LABELS], np.uint8, offset=8))
    np.testing.assert_array_equal(data.test_y, np.frombuffer(files[TEST_LABELS], np.uint8, offset=8))
    assert data.train_x.shape == (7, 784)
    assert {a.dtype for a in (data.train_x, data.train_y, data.test_x, data.test_y)} == {np.dtype(np.int64)}


def test_other_spelling_of_the_names(folder: Path) -> None:
    before = load_mnist(folder)
    for name in list(folder.iterdir()):
        name.rename(folder / name.name.replace("-idx", ".idx"))
    np.testing.assert_array_equal(load_mnist(folder).test_x, before.test_x)


def test_mean_of_2x2_pixels(folder: Path) -> None:
    pixels = np.frombuffer(contents()[TEST], np.uint8, offset=16).reshape(5, 28, 28).astype(float)
    mean = pixels.reshape(5, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(5, 196)
    data = load_mnist(folder, shape=(14, 14), input_bits=8)
    np.testing.assert_array_equal(data.test_x, np.floor(mean + 0.5))
    four = load_mnist(folder, shape=(14, 14))
    np.testing.assert_array_equal(four.test_x, np.floor(mean * 15 / 255 + 0.5))


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.uint8, (3, 28, 28)),
    st.integers(1, 28).flatmap(lambda c: st.tuples(st.just(c), st.integers(1, c), st.integers(1, c))),
    st.integers(1, 8),
)
def test_averages_are_over_equal_areas(images: Any, sizes: tuple[int, int, int], bits: int) -> None:
    side, rows, columns = sizes
    first = (28 - side) // 2
    cut = images[:, first : first + side, first : first + side].astype(np.int64)
    # every pixel split into rows x columns equal parts, each new pixel made of side x side of them
    fine = cut.repeat(rows, axis=1).repeat(columns, axis=2).reshape(3, rows, side, columns, side)
    exact = fine.sum(axis=(2, 4)).reshape(3, -1) * ((1 << bits) - 1) / (255 * side * side)
    got = mnist._pooled(images, side, (rows, columns), bits)
    assert (np.abs(got - exact) <= 0.5 + 1e-9).all()
    assert got.min() >= 0
    assert got.max() <= (1 << bits) - 1


def test_crop_takes_the_middle(tmp_path: Path) -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 4:24, 4:24] = 255
    files = {TRAIN: idx(image), TEST: idx(image)} | dict.fromkeys(
        [TRAIN_LABELS, TEST_LABELS], idx(np.zeros(1, np.uint8))
    )
    data = load_mnist(write(tmp_path / "set", files), crop=20, shape=(12, 8), input_bits=4)
    assert data.test_x.tolist() == [[15] * 96]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_bits": 9}, "1 to 8"),
        ({"input_bits": 0}, "1 to 8"),
        ({"crop": 29}, "Cannot cut 29x29"),
        ({"crop": 0}, "Cannot cut 0x0"),
        ({"crop": 20, "shape": (21, 8)}, "average it to 21x8"),
        ({"shape": (0, 8)}, "average it to 0x8"),
    ],
)
def test_impossible_requests(folder: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_mnist(folder, **arguments)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (TRAIN, None, f"no {TRAIN}"),
        (TEST_LABELS, None, f"no {TEST_LABELS}"),
        (TRAIN, b"", "fewer than its header"),
        (TRAIN, idx(np.zeros((7, 28, 28), np.uint8))[:-1], "5503 bytes, and its header says 5504"),
        (TRAIN, idx(np.zeros((7, 28, 28), np.uint8)) + b"x", "5505 bytes, and its header says 5504"),
        (TRAIN, bytes([0, 0, 8, 3]) + b"\xff" * 12, "16 bytes, and its header says 79228162458924105385300197391"),
        (TRAIN, b"PK\3\4" + bytes(40), "begins with 504b0304, not 00000803: it is a zip archive"),
        (TRAIN_LABELS, idx(np.zeros((7, 1, 1), np.uint8)), "begins with 00000803, not 00000801"),
        (TRAIN_LABELS, idx(np.zeros(6, np.uint8)), "train has 7 images and 6 labels"),
        (TEST_LABELS, idx(np.array([0, 1, 10, 3, 4], np.uint8)), "label 2 of t10k is 10, not 0 to 9"),
        (TEST, idx(np.zeros((5, 14, 14), np.uint8)), "test images are not 28x28"),
        (TEST, idx(np.zeros((5, 0, 28), np.uint8)), "t10k has no images"),
    ],
)
def test_damage_is_named(folder: Path, name: str, data: bytes | None, message: str) -> None:
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)
    with pytest.raises(DataError, match=message) as caught:
        load_mnist(folder)
    assert caught.value.todo.startswith(("Look where it came from", "Set OHMBENCH_MNIST to"))
    assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-20], "break off"),
        (lambda data: data[: len(data) // 2], "break off"),
        (lambda data: b"not gzip" + data, "begins with 6e6f7420"),
        (lambda data: data[:100] + bytes([data[100] ^ 0xFF]) + data[101:], "Error -3"),
        (lambda data: data + b"more", "damaged gzip"),
        (lambda data: gzip.compress(data), "packed with gzip twice"),
        (lambda data: b"BZh91AY&SY" + data, "bzip2"),
        (lambda data: b"<!DOCTYPE html><title>Not found</title>", "a web page"),
    ],
)
def test_damaged_gzip(tmp_path: Path, change: Any, message: str) -> None:
    folder = write(tmp_path / "set", contents(), packed=True)
    path = folder / f"{TRAIN}.gz"
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=message):
        load_mnist(folder)


def test_content_that_unpacks_without_end_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idx_files, "MAX_BYTES", 1 << 16)
    (folder / TRAIN).unlink()
    (folder / f"{TRAIN}.gz").write_bytes(gzip.compress(bytes(1 << 20)))
    with pytest.raises(DataError, match="too large"):
        load_mnist(folder)


@pytest.mark.parametrize(
    "repack",
    [
        lambda data: data,  # a browser unpacked it and kept the name
        lambda data: b"".join(gzip.compress(data[at : at + 1000]) for at in range(0, len(data), 1000)),
        lambda data: gzip.compress(data) + bytes(512),  # padding, as on tapes
    ],
)
def test_a_file_is_judged_by_its_content(tmp_path: Path, repack: Any) -> None:
    folder = write(tmp_path / "set", contents(), packed=True)
    before = load_mnist(folder)
    for name, data in contents().items():
        (folder / f"{name}.gz").write_bytes(repack(data))
    np.testing.assert_array_equal(load_mnist(folder).train_x, before.train_x)


def test_a_packed_file_under_a_plain_name(folder: Path) -> None:
    before = load_mnist(folder)
    (folder / TRAIN).write_bytes(gzip.compress(contents()[TRAIN]))
    np.testing.assert_array_equal(load_mnist(folder).train_x, before.train_x)


def test_only_a_download_that_is_not_what_was_sent_is_to_be_deleted(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    path = download_mnist() / f"{TRAIN}.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"break off.*checksum is not that of MNIST any more: delete it"):
        load_mnist()
    elsewhere = write(tmp_path / "mine", contents(), packed=True) / f"{TRAIN}.gz"
    elsewhere.write_bytes(path.read_bytes())
    with pytest.raises(DataError, match=r"break off.*Look where it came from"):
        load_mnist(elsewhere.parent)
    assert path.exists()


def test_home_in_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder.parent))
    monkeypatch.setenv(ENVIRONMENT, "~/set")
    assert load_mnist().test_x.shape == (5, 784)
    monkeypatch.setenv(ENVIRONMENT, "~nosuchuser/set")
    with pytest.raises(UsageError, match="no home folder for ~nosuchuser"):
        load_mnist()


def test_folder_from_environment_or_cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    assert mnist_folder() == folder / "cache/ohmbench/mnist"
    with pytest.raises(DataError, match=f"Set {ENVIRONMENT}"):
        load_mnist()
    monkeypatch.setenv(ENVIRONMENT, str(folder))
    assert load_mnist().test_x.shape == (5, 784)


@pytest.mark.parametrize(("count", "kept"), [(240_000, 10_000), (60_000, 10_000), (12_000, 2000), (6000, 1000)])
def test_validation_images(count: int, kept: int) -> None:
    assert validation_images(count) == kept


def test_a_set_too_small_to_train_on_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"7 training images. A sixth of them, 1, .* Give a set of 6000 or more"):
        load_split(net_named("196-10"), folder)


class _Server(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the packed set, served over HTTP as the only mirror."""
    folder = write(tmp_path / "mirror", contents(), packed=True)
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in contents().items()}
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Server, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setattr(mnist, "MIRRORS", (f"http://127.0.0.1:{server.server_port}/",))
        monkeypatch.setattr(mnist, "CHECKSUMS", sums)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield folder
        server.shutdown()
        thread.join()


def test_download(mirror: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    target = tmp_path / "new/deeper"
    data = load_mnist(target, download=True, progress=lambda *step: seen.append(step))
    np.testing.assert_array_equal(data.train_x, load_mnist(mirror).train_x)
    last = {work: (done, total) for work, done, total in seen}
    assert last[f"download {TRAIN}"] == ((mirror / f"{TRAIN}.gz").stat().st_size,) * 2
    assert len(last) == 4
    seen.clear()
    assert download_mnist(target, lambda *step: seen.append(step)) == target
    assert seen == []  # nothing is fetched twice


def test_download_falls_back_to_the_next_mirror(mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mirror / "bad").mkdir()
    write(mirror / "bad", contents(train=8), packed=True)
    good = mnist.MIRRORS[0]
    monkeypatch.setattr(mnist, "MIRRORS", (f"{good}absent/", f"{good}bad/", good))
    assert load_mnist(tmp_path / "new", download=True).train_x.shape == (7, 784)


def test_download_that_fails_leaves_nothing(mirror: Path, tmp_path: Path) -> None:
    path = mirror / f"{TRAIN}.gz"
    path.write_bytes(gzip.compress(contents(train=8)[TRAIN]))
    with pytest.raises(DataError, match="the checksum is wrong"):
        download_mnist(tmp_path / "new")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match="break off"):
        download_mnist(tmp_path / "new")
    path.unlink()
    with pytest.raises(DataError, match=f"404.*{ENVIRONMENT}"):
        download_mnist(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_download_into_a_folder_that_cannot_be(mirror: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write MNIST"):
        download_mnist(tmp_path / "file/new")
