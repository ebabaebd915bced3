"""Make the pictures of docs/gallery.md again: the commands of that page, one after the other, on the twin.

    .venv/bin/python docs/gallery/make.py

Everything is seeded, so that a picture changes only when what it shows does. Takes about two minutes.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OHMBENCH = Path(sys.executable).with_name("ohmbench")


def commands() -> list[list[str]]:
    """Of the page: each line of an indented block that is one of ohmbench."""
    lines = re.findall(r"^    (ohmbench .*?)(?: +#.*)?$", (HERE.parent / "gallery.md").read_text(), re.MULTILINE)
    return [shlex.split(line)[1:] for line in lines]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for command in commands():
            print("ohmbench", *command, flush=True)
            subprocess.run([OHMBENCH, *command], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        for picture in sorted(Path(folder).glob("*.svg")):
            for made in (picture, picture.with_suffix(".csv")):
                (HERE / made.name).write_bytes(made.read_bytes())


if __name__ == "__main__":
    main()
