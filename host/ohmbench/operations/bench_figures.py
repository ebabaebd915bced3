"""`make bench`: measures the figures of docs/figures.json again, and says which got worse.

`--update` writes what was measured into docs/figures.json and into the pages that quote it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ohmbench.errors import DataError
from ohmbench.measure.figures import Figure, load_figures, requote, table
from ohmbench.progress import Progress
from ohmbench.support.files import replace_file
from ohmbench.support.writer import message, result

FIGURES, MEASURED = Path("docs/figures.json"), Path("build/bench.json")


def measure(figures: list[Figure], progress: Progress) -> tuple[dict[str, float], dict[str, str]]:
    """Runs each command once; returns the figures by name, and why those of a command are missing."""
    measured: dict[str, float] = {}
    missing: dict[str, str] = {}
    commands = list(dict.fromkeys(figure.command for figure in figures))
    for number, command in enumerate(commands):
        progress.say(f"bench: {number + 1} of {len(commands)}: ohmbench {command}")
        line = [str(Path(sys.executable).parent / "ohmbench"), *command.split(), "--quiet", "--json"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if done.returncode:
            missing[command] = done.stderr.strip() or f"exit code {done.returncode}"
            continue
        said = json.loads(done.stdout)
        for figure in figures:
            if figure.command == command:
                measured[figure.name] = float(said[figure.key])
    return measured, missing


def update(figures: list[Figure], measured: dict[str, float], root: Path = Path()) -> None:
    """Writes what was measured into the file of figures and the pages.

    Raises:
        DataError: a page does not say a figure as it was committed; nothing was written.
    """
    texts: dict[str, str] = {}
    for figure in figures:
        if figure.quote is not None and figure.name in measured:
            for page in figure.quote.pages:
                text = texts.get(page) or (root / page).read_text(encoding="utf-8")
                texts[page] = requote(text, figure, measured[figure.name])
    entries = json.loads((root / FIGURES).read_text(encoding="utf-8"))
    for name, value in measured.items():
        entries[name]["value"] = value
    for page, text in texts.items():
        replace_file(root / page, text.encode())
    replace_file(root / FIGURES, (json.dumps(entries, indent=1, allow_nan=False) + "\n").encode())


def main() -> int:
    try:
        figures = load_figures(FIGURES)
        with Progress() as progress:
            measured, missing = measure(figures, progress)
        MEASURED.parent.mkdir(exist_ok=True)
        values = {"figures": measured, "missing": missing}
        MEASURED.write_text(json.dumps(values, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        result(table(figures, measured))
        for command, why in missing.items():
            message(f"bench: ohmbench {command}: {why}")
        if sys.argv[1:] == ["--update"]:
            update(figures, measured)
            return 0
    except DataError as error:
        message(str(error))
        return error.exit_code
    return int(bool(missing) or any(figure.verdict(measured.get(figure.name)) == "worse" for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
