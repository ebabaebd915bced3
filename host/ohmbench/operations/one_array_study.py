"""`make one-array`: trains, evaluates, and writes docs/results/one-array.* and cells.*.

MNIST is where OHMBENCH_MNIST says.
"""

from __future__ import annotations

from pathlib import Path

from ohmbench.progress import Progress
from ohmbench.report.one_array import write_curve, write_results
from ohmbench.study.one_array import curve, results
from ohmbench.study.one_array.cases import run_cases

RESULTS, CACHE = Path("docs/results"), Path("build/one-array")


def main() -> None:
    with Progress() as progress:
        write_results(results.summary(run_cases(results.plan(), progress, CACHE, None)), RESULTS)
        write_curve(curve.summary(run_cases(curve.plan(), progress, CACHE, None)), RESULTS)


if __name__ == "__main__":
    main()
