"""Names of values that completion offers, so that it loads none of what they name; a test keeps them current."""

from __future__ import annotations

METHODS = (
    "pairs",
    "lossless",
    "lossless-rows",
    "partial-pairs",
    "shared-reference",
    "spectral-untuned",
    "kmeans-untuned",
    "spectral",
    "kmeans",
    "random",
    "gains",
    "rows",
    "gradient-pruning",
    "magnitude-pruning",
    "all",
    "all-spectral",
)
NETS = (
    "784-10",
    "196-10",
    "96-10",
    "32-16-10",
    "784-64-10",
)
PLOTS = (
    "yield",
    "error",
    "convergence",
    "iv",
    "endurance",
    "retention",
    "accuracy",
    "loss",
    "confusion",
    "wear",
)
RUNS = (
    "program",
    "form",
    "characterise",
    "verify",
    "infer",
    "trim",
    "demo",
    "run",
)
