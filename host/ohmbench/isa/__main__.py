"""Assemble pulse programs and write each one's listing beside it, as .lst."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ohmbench.errors import OhmbenchError
from ohmbench.isa.assembler import assemble_file
from ohmbench.isa.program import listing
from ohmbench.support.writer import message


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ohmbench.isa", description=__doc__)
    parser.add_argument("program", nargs="+", type=Path, help="a .useq file")
    for path in parser.parse_args().program:
        try:
            path.with_suffix(".lst").write_text(listing(assemble_file(path)), encoding="utf-8")
        except OhmbenchError as error:
            message(str(error))
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
