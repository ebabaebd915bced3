"""The page of the results of sweeps: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from ohmbench.mapping.data_sets import CONTENT
from ohmbench.report.page import RUNGS, page
from ohmbench.report.results import SummaryRow, percent
from ohmbench.report.shades import Shades, confusion_shades
from ohmbench.report.sweep_charts import (
    VARIANT,
    best_setting,
    heat_map,
    mean,
    pareto,
    spread,
    stages_chart,
    variant_names,
    variants,
)
from ohmbench.support.files import write_result
from ohmbench.support.html import json_data
from ohmbench.support.words import counted
from ohmbench.sweep.compute import STAGES
from ohmbench.sweep.varying import ORIGIN, SEEDS, Row, by_setting, said, text, varying

_MOST_CHOICES = 40


def render_sweep(
    rows: Sequence[Row],
    confusions: Mapping[str, list[list[int]]],
    configs: Sequence[tuple[str, str]],
    path: Path,
) -> None:
    """Write the page; an old file is replaced only when the new one is complete.

    Args:
        rows: at least one, as `ResultStore.rows` gives them.
        confusions: by the points' keys.
        configs: names and texts of the files that the points came from.

    Raises:
        UsageError: the folder is missing or not writable.
    """
    write_result(path, sweep_html(rows, confusions, configs).encode(), "All results are kept.")


def sweep_html(
    rows: Sequence[Row], confusions: Mapping[str, list[list[int]]], configs: Sequence[tuple[str, str]]
) -> str:
    """The page as text."""
    rows = [{**row, "point": _name(row, rows)} for row in rows]
    vary = varying(rows)
    best = best_setting(rows)
    percents = [100 * row["accuracy"] for row in best]
    groups: dict[tuple[str, str | None], list[Row]] = {}
    for row in rows:  # results of two data sets are not of one chart
        groups.setdefault((row["network"], row.get(CONTENT)), []).append(row)
    several = CONTENT in vary
    columns = _columns(rows)
    listed = [name for name in columns if len(rows) == 1 or not _is_same(rows, name)]
    order = ["accuracy", *(n for n in vary if n in listed), *(n for n in listed if n not in (*vary, "accuracy"))]
    return page(
        "report/templates/sweep.html",
        title="ohmbench: sweep",
        heading=_headline(rows, percents),
        about="ohmbench sweep on " + ", ".join(RUNGS[rung] for rung in sorted({r["rung"] for r in rows})),
        rung="board" if all(row["rung"] == "board" for row in rows) else "",
        rows=_summary(rows, best, vary),
        key="Accuracy",
        provenance={},
        is_mixed=len({row["rung"] == "board" for row in rows}) > 1,
        filters=_filters(rows, vary),
        accuracy=[pareto(f"{n}, data {c}" if several else n, group) for (n, c), group in groups.items()],
        stages=stages_chart(rows),
        stage_heads=["network", *STAGES.values(), "left", "points"],
        stage_rows=_stage_rows(rows),
        plane=_plane(rows, vary),
        sum_of=_sum_of(best),
        confusion=confusion_shades(np.sum([confusions[str(row["point"]).split("@")[0]] for row in best], axis=0)),
        settings=_settings(rows, vary),
        setting_heads=["accuracy, %", "points", "cells", *(name for name in vary if name not in SEEDS)],
        same=_same(rows, columns),
        point_heads=["point", *order],
        points=[[str(row["point"]), *(text(row.get(name)) for name in order)] for row in rows],
        files=configs,
        known=json_data({row["point"]: {name: text(row.get(name)) for name in vary} for row in rows}),
    )


def _name(row: Row, rows: Sequence[Row]) -> str:
    """The key, with the rung where a point was computed on several."""
    several = len({r["rung"] for r in rows if r["point"] == row["point"]}) > 1
    return f"{row['point']}@{row['rung']}" if several else str(row["point"])


def _headline(rows: Sequence[Row], percents: Sequence[float]) -> str:
    groups = len(by_setting(rows))
    many = f"{len(rows)} points of {groups} settings" if groups > 1 else f"{counted(len(rows), 'point')} of one setting"
    return f"{many}: {np.mean(percents):.2f} ± {spread(percents):.2f} %{' with the best' if groups > 1 else ''}"


def _sum_of(best: Sequence[Row]) -> str:
    return f": the sum over its {len(best)} points" if len(best) > 1 else ""


def _summary(rows: Sequence[Row], best: Sequence[Row], vary: Sequence[str]) -> list[SummaryRow]:
    codes = {(row["ohmbench"], row["code"]) for row in rows}
    mixed = "" if len(codes) == 1 else f"computed by {len(codes)} versions of ohmbench: compare with care"
    percents = [100 * row["accuracy"] for row in best]
    cells, saved = (float(np.mean([row[name] for row in best])) for name in ("cells", "cells_saved"))
    setting = said(best[0], [name for name in vary if name not in SEEDS])
    return [
        SummaryRow(
            "Accuracy, best setting",
            f"{np.mean(percents):.2f} ± {spread(percents):.2f} %",
            f"mean and standard deviation over {len(best)} points{': ' if setting else ''}{setting}",
        ),
        SummaryRow("Points", str(len(rows)), mixed),
        SummaryRow("Cells of the best setting", f"{cells:,.0f}", f"{percent(saved)} saved"),
        SummaryRow(
            "Cells in their window", percent(float(np.mean([r["converged_fraction"] for r in rows])), 2), "mean"
        ),
        SummaryRow("Pulses a cell", f"{np.mean([r['pulses_per_cell'] for r in rows]):.1f}", "mean"),
    ]


def _filters(rows: Sequence[Row], vary: Sequence[str]) -> dict[str, list[str]]:
    """Values to choose from, by setting."""
    values = {name: _values(rows, name) for name in vary}
    return {name: [v for v in found if v] for name, found in values.items() if len(found) <= _MOST_CHOICES}


def _values(rows: Sequence[Row], name: str) -> list[str]:
    return sorted({text(row.get(name)) for row in rows}, key=lambda value: (len(value), value))


def _stage_rows(rows: Sequence[Row]) -> list[list[str]]:
    """Mean accuracy of each variant at the first stage, and the points that each further one takes."""
    found = []
    called = variant_names(rows)
    for variant, group in variants(rows).items():
        means = [mean(group, name) for name in STAGES]
        cells, last = [percent(means[0] or 0.0, 2)], means[0]
        for value in means[1:]:
            cells.append("" if value is None or last is None else f"{100 * (value - last):+.2f}")
            last = last if value is None else value
        found.append([called[variant], *cells, percent(last or 0.0, 2), str(len(group))])
    return found


@dataclass(frozen=True)
class Plane:
    """Mean accuracy over the two settings of the array with the most values."""

    down: str
    across: str
    shades: Shades


def _plane(rows: Sequence[Row], vary: Sequence[str]) -> Plane | None:
    names = [name for name in vary if name not in (*VARIANT, *SEEDS, "rung", "test_images")]
    names = sorted(names, key=lambda name: -len(_values(rows, name)))
    names = [n for n in names if len(_values(rows, n)) <= _MOST_CHOICES]
    # two that rise together, as both kinds of stuck cells do, make no plane
    pairs = [pair for pair in combinations(names, 2) if _is_plane(rows, *pair)]
    return Plane(*pairs[0], heat_map(rows, *pairs[0])) if pairs else None


def _is_plane(rows: Sequence[Row], down: str, across: str) -> bool:
    seen = {(text(row.get(down)), text(row.get(across))) for row in rows}
    return len(seen) > max(len({pair[i] for pair in seen}) for i in (0, 1))


@dataclass(frozen=True)
class SettingRow:
    """A setting's figures, and the keys of its points, which filters go by."""

    points: str
    values: Sequence[str]


def _settings(rows: Sequence[Row], vary: Sequence[str]) -> list[SettingRow]:
    names, found = [name for name in vary if name not in SEEDS], []
    for group in by_setting(rows):
        percents = [100 * row["accuracy"] for row in group]
        values = [f"{np.mean(percents):.2f} ± {spread(percents):.2f}", str(len(group))]
        values += [f"{np.mean([row['cells'] for row in group]):.0f}", *(text(group[0].get(name)) for name in names)]
        found.append(SettingRow(" ".join(str(row["point"]) for row in group), values))
    return found


def _same(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """What the table of points leaves out, since it is the same for all."""
    if len(rows) == 1:
        return ""
    same = {name: text(rows[0].get(name)) for name in columns if _is_same(rows, name)}
    return ", ".join(f"{name} {value}" for name, value in same.items() if value)


def _columns(rows: Sequence[Row]) -> list[str]:
    return [name for name in dict.fromkeys(n for row in rows for n in row) if name not in (*ORIGIN, "point")]


def _is_same(rows: Sequence[Row], name: str) -> bool:
    return len({text(row.get(name)) for row in rows}) == 1
