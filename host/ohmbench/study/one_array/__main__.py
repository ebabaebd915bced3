"""`make one-array`: trains, evaluates, and writes docs/results/one-array.*."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohmbench.progress import Progress
from ohmbench.study.one_array.page import write_results
from ohmbench.study.one_array.results import run_results, summary


def main() -> None:
    parser = argparse.ArgumentParser(prog="make one-array", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/results"), help="folder of the tables")
    parser.add_argument("--cache", type=Path, default=Path("build/one-array"), help="folder of finished parts")
    parser.add_argument("--mnist", type=Path, default=None, help="folder of MNIST's files (default: OHMBENCH_MNIST)")
    args = parser.parse_args()
    write_results(summary(run_results(Progress(), args.cache, args.mnist)), args.out)


if __name__ == "__main__":
    main()
