"""`make one-array`: trains, evaluates, and writes docs/results/one-array.*; MNIST is where OHMBENCH_MNIST says."""

from __future__ import annotations

from pathlib import Path

from ohmbench.progress import Progress
from ohmbench.study.one_array.page import write_results
from ohmbench.study.one_array.results import run_results, summary

RESULTS, CACHE = Path("docs/results"), Path("build/one-array")


def main() -> None:
    write_results(summary(run_results(Progress(), CACHE, None)), RESULTS)


if __name__ == "__main__":
    main()
