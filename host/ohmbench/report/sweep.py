"""The page of the results of sweeps: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import combinations
from pathlib import Path

import numpy as np

from ohmbench.mapping.data_sets import CONTENT
from ohmbench.report.confusion import confusion_table
from ohmbench.report.page import RUNGS, origin_note, page, summary_table
from ohmbench.report.results import SummaryRow, percent
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
from ohmbench.support.resources import asset
from ohmbench.support.words import counted
from ohmbench.support.writer import json_text
from ohmbench.sweep.compute import STAGES
from ohmbench.sweep.varying import ORIGIN, SEEDS, Row, by_setting, said, text, varying

_MOST_CHOICES = 40

_STYLE, _SCRIPT = asset(__file__, "sweep.css"), asset(__file__, "sweep.js")


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
    charts = "".join(pareto(f"{n}, data {c}" if several else n, group) for (n, c), group in groups.items())
    confusion = np.sum([confusions[str(row["point"]).split("@")[0]] for row in best], axis=0)
    simulated = all(row["rung"] != "board" for row in rows)
    files = "".join(
        f"<details><summary>{escape(name)}</summary><pre>{escape(body)}</pre></details>" for name, body in configs
    )
    settings = {row["point"]: {name: text(row.get(name)) for name in vary} for row in rows}
    body = f"""<style>
{_STYLE}
</style><h1>{_headline(rows, percents)}</h1>
<p class="soft">ohmbench sweep on {escape(", ".join(RUNGS[rung] for rung in sorted({r["rung"] for r in rows})))}</p>
{_origin(simulated, rows)}
{summary_table(_summary(rows, best, vary), "Accuracy")}
<h2>Accuracy against cells</h2>
{_filters(rows, vary)}
<div class="charts">{charts}</div>
<h2>Loss by stage</h2>
<div class="charts">{stages_chart(rows)}</div>
{_stage_table(rows)}
{_heat_maps(rows, vary)}
<h2>Confusion matrix</h2>
<p>Test images by their label (row) and by what the array said (column), of the best setting{_sum_of(best)}.</p>
{confusion_table(confusion)}
<h2>Settings</h2>
<p>Mean accuracy of each setting over its seeds, with the standard deviation.</p>
{_settings_table(rows, vary)}
<h2>Points</h2>
<p>Filters above hold here too; click a column to sort.{_alike(rows)}</p>
{_table(rows, vary)}
<h2>Where this came from</h2>
{files}"""
    # a script ends at the first closing tag, whatever it is in
    known = json_text(settings, None).replace("</", "<\\/")
    script = f'<script type="application/json" id="settings">{known}</script>\n<script>\n{_SCRIPT}\n</script>'
    return page("ohmbench: sweep", body + script)


def _name(row: Row, rows: Sequence[Row]) -> str:
    """The key, with the rung where a point was computed on several."""
    several = len({r["rung"] for r in rows if r["point"] == row["point"]}) > 1
    return f"{row['point']}@{row['rung']}" if several else str(row["point"])


def _origin(simulated: bool, rows: Sequence[Row]) -> str:
    if simulated or all(row["rung"] == "board" for row in rows):
        return origin_note(simulated)
    return '<p class="origin">Points of the rung board are <b>measured</b>, all others are <b>simulated</b>.</p>'


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


def _filters(rows: Sequence[Row], vary: Sequence[str]) -> str:
    parts = []
    for name in vary:
        values = sorted({text(row.get(name)) for row in rows}, key=lambda value: (len(value), value))
        if len(values) <= _MOST_CHOICES:
            options = "".join(f'<option value="{escape(v)}">{escape(v) or "none"}</option>' for v in values if v)
            parts.append(
                f'<label>{escape(name)} <select name="{escape(name)}"><option value="">all</option>{options}</select>'
                "</label>"
            )
    return f'<div class="filters">{"".join(parts)}<span id="shown"></span></div>'


def _stage_table(rows: Sequence[Row]) -> str:
    """Mean accuracy of each variant at the first stage, and the points that each further one takes."""
    names = list(STAGES)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in STAGES.values())
    lines = []
    called = variant_names(rows)
    for variant, group in variants(rows).items():
        means = [mean(group, name) for name in names]
        cells, last = [percent(means[0] or 0.0, 2)], means[0]
        for value in means[1:]:
            cells.append("" if value is None or last is None else f"{100 * (value - last):+.2f}")
            last = last if value is None else value
        columns = "".join(f"<td>{cell}</td>" for cell in [*cells, percent(last or 0.0, 2), str(len(group))])
        lines.append(f'<tr><th scope="row">{escape(called[variant])}</th>{columns}</tr>')
    return (
        "<p>Accuracy in floating point, what each stage adds or takes in points of the mean, and what is left.</p>"
        f'<div class="scroll" tabindex="0"><table class="levels"><thead><tr><th scope="col">network</th>{head}'
        '<th scope="col">left</th><th scope="col">points</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _heat_maps(rows: Sequence[Row], vary: Sequence[str]) -> str:
    """Mean accuracy over the two settings of the array with the most values."""
    names = [name for name in vary if name not in (*VARIANT, *SEEDS, "rung", "test_images")]
    names = sorted(names, key=lambda name: -len({text(row.get(name)) for row in rows}))
    names = [n for n in names if len({text(row.get(n)) for row in rows}) <= _MOST_CHOICES]
    # two that rise together, as both kinds of stuck cells do, make no plane
    pairs = [pair for pair in combinations(names, 2) if _is_plane(rows, *pair)]
    if not pairs:
        return ""
    down, across = pairs[0]
    return f"""<h2>Accuracy over {escape(down)} and {escape(across)}</h2>
<p>% recognised through the array, means over all other settings.</p>
{heat_map(rows, down, across)}"""


def _is_plane(rows: Sequence[Row], down: str, across: str) -> bool:
    seen = {(text(row.get(down)), text(row.get(across))) for row in rows}
    return len(seen) > max(len({pair[i] for pair in seen}) for i in (0, 1))


def _settings_table(rows: Sequence[Row], vary: Sequence[str]) -> str:
    names = [name for name in vary if name not in SEEDS]
    head = "".join(f'<th scope="col">{escape(n)}</th>' for n in ["accuracy, %", "points", "cells", *names])
    lines = []
    for group in by_setting(rows):
        percents = [100 * row["accuracy"] for row in group]
        values = [f"{np.mean(percents):.2f} ± {spread(percents):.2f}", str(len(group))]
        values += [f"{np.mean([row['cells'] for row in group]):.0f}", *(text(group[0].get(name)) for name in names)]
        keys = escape(" ".join(str(row["point"]) for row in group))
        lines.append(f'<tr data-of="{keys}">{"".join(f"<td>{escape(value)}</td>" for value in values)}</tr>')
    return _scrolling(head, lines)


def _alike(rows: Sequence[Row]) -> str:
    """What the table of points leaves out, since it is the same for all."""
    same = {name: text(rows[0].get(name)) for name in _columns(rows) if _is_same(rows, name)}
    listed = ", ".join(f"{escape(name)} {escape(value)}" for name, value in same.items() if value)
    return f" The same for all: {listed}." if listed and len(rows) > 1 else ""


def _table(rows: Sequence[Row], vary: Sequence[str]) -> str:
    """A line a point: what came out first, then what tells it from others, then the rest."""
    names = [name for name in _columns(rows) if len(rows) == 1 or not _is_same(rows, name)]
    order = ["accuracy", *(n for n in vary if n in names), *(n for n in names if n not in (*vary, "accuracy"))]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in ["point", *order])
    lines = []
    for row in rows:
        cells = "".join(f"<td>{escape(text(row.get(name)))}</td>" for name in order)
        key = escape(str(row["point"]))
        lines.append(f'<tr data-of="{key}"><th scope="row">{key}</th>{cells}</tr>')
    return _scrolling(head, lines)


def _columns(rows: Sequence[Row]) -> list[str]:
    return [name for name in dict.fromkeys(n for row in rows for n in row) if name not in (*ORIGIN, "point")]


def _is_same(rows: Sequence[Row], name: str) -> bool:
    return len({text(row.get(name)) for row in rows}) == 1


def _scrolling(head: str, lines: Sequence[str]) -> str:
    return (
        f'<div class="scroll" tabindex="0"><table class="points"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )
