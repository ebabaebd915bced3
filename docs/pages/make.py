"""Make the pictures of docs/pages again: every kind of page that ohmbench writes, taken by Chromium without a window.

    .venv/bin/python docs/pages/make.py [FOLDER]

The pages themselves stay in FOLDER, if it is given. Runs on the twin and is seeded; takes about two minutes.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
OHMBENCH = Path(sys.executable).with_name("ohmbench")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTH, HEIGHT = 1160, 1000
TWIN = "--port twin --array W1.ohma --lab lab --serial W1"

COMMANDS = (
    "selftest --port twin --report selftest.html",
    "demo --port twin --out demo",
    "demo --port twin --one-array --out one-array",
    "map -o digits.ohmw",
    f"program digits.ohmw --only 0 {TWIN} --report program.html",
    f"verify digits.ohmw {TWIN} --after 3600 --report verify.html",
    f"experiment iv {TWIN} --cells 0,0:3,31 --report experiment.html",
    "infer digits.ohmw --port twin --trim 200 --report infer.html",
    f"form {TWIN}",
    "sweep digits.toml",
    "report digits.sqlite -o sweep.html",
    "show 1 --lab lab --report run.html",
)
"""What makes the pages, in a folder of its own."""

PAGES = {
    "demo": "demo/report.html",
    "one-array": "one-array/report.html",
    **{name: f"{name}.html" for name in ("selftest", "program", "verify", "experiment", "infer", "sweep", "run")},
}
"""Files of the pages, by the names of their pictures."""
SERVED = {"watch": "?run=1", "cell": "cell?array=W1&row=3&column=4"}
"""Pages of `ohmbench watch`."""


def make_pages(folder: Path) -> None:
    """Run the commands."""
    for command in COMMANDS:
        print(f"pictures: ohmbench {command}", flush=True)
        subprocess.run([OHMBENCH, *command.split()], cwd=folder, check=True, stdout=subprocess.DEVNULL)


@contextlib.contextmanager
def watching(folder: Path) -> Iterator[str]:
    """The address of `ohmbench watch`, which shows the record of these runs."""
    command = [OHMBENCH, "watch", "--lab", "lab", "--http", "0"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        yield line[line.index("http") :].split(";")[0]
    finally:
        server.terminate()
        server.wait()


def picture(address: str, path: Path, profile: Path) -> None:
    """Write what a browser shows of an address as PNG."""
    assert CHROMIUM is not None
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = [f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}", "--timeout=4000"]
    command = [CHROMIUM, *flags.split(), "--disable-component-update", "--disable-sync", "--hide-scrollbars", *more]
    subprocess.run([*command, f"--screenshot={path}", address], check=True, capture_output=True, timeout=120)


def smaller(path: Path) -> None:
    """Fewer colours: a third of the bytes, and no difference that one sees."""
    from PIL import Image

    with Image.open(path) as shown:
        shown.convert("RGB").quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)


def main(folder: Path) -> None:
    if CHROMIUM is None:
        raise SystemExit("pictures: there is no Chromium here: sudo apt install chromium")
    make_pages(folder)
    profile = folder / "profile"
    with watching(folder) as address:
        files = {name: (folder / path).as_uri() for name, path in PAGES.items()}
        served = {name: address + path for name, path in SERVED.items()}
        for name, where in (files | served).items():
            print(f"pictures: {name}.png", flush=True)
            picture(where, HERE / f"{name}.png", profile)
            smaller(HERE / f"{name}.png")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).resolve())
    else:
        with tempfile.TemporaryDirectory() as made:
            main(Path(made))
