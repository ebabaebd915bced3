"""Assemble pulse programs and write each one's listing beside it, as .lst: `python -m ohmbench.isa FILE.useq ...`."""

from __future__ import annotations

import sys
from pathlib import Path

from ohmbench.errors import OhmbenchError, UsageError
from ohmbench.isa.assembler import assemble_file
from ohmbench.isa.program import listing
from ohmbench.support.writer import message


def main(files: list[str]) -> int:
    if not files or files[0].startswith("-"):
        print("usage: python -m ohmbench.isa FILE.useq ...", file=sys.stderr)
        return UsageError.exit_code
    for path in map(Path, files):
        try:
            path.with_suffix(".lst").write_text(listing(assemble_file(path)), encoding="utf-8")
        except OhmbenchError as error:
            message(str(error))
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
