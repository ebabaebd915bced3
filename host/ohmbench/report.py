"""Writes what a demo run found as one HTML file that needs nothing else."""

from __future__ import annotations

import json
import math
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ohmbench._files import replace_file
from ohmbench.errors import UsageError
from ohmbench.report_page import SCRIPT, STYLE
from ohmbench.results import DemoResult, percent, summary

ERROR_SPAN_WINDOWS = 2.5
"""Half width of the error scale in windows; a stuck cell would otherwise bleach all others."""

RUNGS = {
    "board": "a board",
    "sim": "the RTL in Verilator, with models of the carrier and of the array",
    "twin": "the instruction-set model, with the model of the array",
}


def render_report(result: DemoResult, path: str | Path) -> None:
    """Write the report; an old file is replaced only when the new one is complete.

    Raises:
        UsageError: the folder is missing or not writable.
    """
    path = Path(path)
    try:
        replace_file(path, report_html(result).encode())
    except OSError as error:
        raise UsageError(f"Cannot write the report {path}: {error.strerror or error}.") from error


def report_html(result: DemoResult) -> str:
    """The page as text."""
    title = f"ohmbench: {result.network} on {result.dataset}, {result.origin}"
    # In a script element only "</" could end the data early.
    cells = json.dumps(_cells(result), separators=(",", ":")).replace("</", "<\\/")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(result.network)} on {escape(result.dataset)}: {percent(result.accuracy)} through the array</h1>
<p class="soft">ohmbench demo on {escape(RUNGS.get(result.rung, result.rung))}</p>
{_origin(result)}
{_summary_table(result)}
<h2>Cells</h2>
<p>Target and read-back as conductance, their difference, and the pulses that each cell took. Rows are word lines.
Point at a cell for its values. A frame in the error map marks a cell outside of its window; a dot marks a cell that the
network does not use.</p>
{_heat_maps(result)}
<h2>Distributions</h2>
<div class="charts">
{_error_chart(result)}
{_pulse_chart(result)}
</div>
<h2>Confusion matrix</h2>
<p>Test images by their label (row) and by what the array's network said (column), {result.origin}.</p>
{_confusion_table(result)}
<h2>Where this came from</h2>
{_provenance_table(result)}
</main>
<div id="tip" role="status"></div>
<script type="application/json" id="cells">{cells}</script>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _origin(result: DemoResult) -> str:
    if not result.is_simulated:
        return '<p class="origin">Values of the array on this page are <b>measured</b> on a board.</p>'
    return (
        '<p class="origin">All values of the array on this page are <b>simulated</b>: '
        "they come from the array model, not from a device.</p>"
    )


def _summary_table(result: DemoResult) -> str:
    lines = []
    for row in summary(result):
        key = ' class="key"' if row.name.startswith("Accuracy through") else ""
        name, value, note = escape(row.name), escape(row.value), escape(row.note)
        lines.append(f'<tr{key}><th scope="row">{name}</th><td>{value}</td><td>{note}</td></tr>')
    return '<table class="summary"><tbody>\n' + "\n".join(lines) + "\n</tbody></table>"


def _ranges(result: DemoResult) -> dict[str, tuple[float, float]]:
    """Ends of the colour scales, shared by all images so that they compare."""
    targets = result.target_usiemens[result.mask]
    low, high = (float(targets.min()), float(targets.max())) if targets.size else (0.0, 1.0)
    margin = result.window_usiemens
    span = ERROR_SPAN_WINDOWS * margin
    pulses = result.pulses[result.mask]
    # A cell that never converges takes ten times the pulses of the others: the last hundredth is clipped too.
    most = max(1.0, float(np.percentile(pulses, 99))) if pulses.size else 1.0
    return {"conductance": (max(0.0, low - margin), high + margin), "error": (-span, span), "pulses": (0.0, most)}


def _cells(result: DemoResult) -> dict[str, Any]:
    """What the script draws: flat lists an image; used: 0 not programmed, 1 outside of its window, 2 in it."""
    images, rows, columns = result.mask.shape
    used = result.mask.astype(int) + result.converged

    def flat(values: NDArray[Any], image: int) -> list[float]:
        kept = np.where(result.mask[image], values[image], 0)
        return [int(v) if v == int(v) else float(v) for v in np.round(kept.ravel(), 2).tolist()]

    return {
        "rows": rows,
        "columns": columns,
        **_ranges(result),
        "images": [
            {
                "used": used[i].ravel().tolist(),
                "target": flat(result.target_usiemens, i),
                "read": flat(result.read_usiemens, i),
                "set": flat(result.set_pulses, i),
                "reset": flat(result.reset_pulses, i),
            }
            for i in range(images)
        ],
    }


def _heat_maps(result: DemoResult) -> str:
    ranges = _ranges(result)
    views = {"target": "Target", "read": f"Read-back, {result.origin}", "error": "Error", "pulses": "Pulses"}
    legend, parts = [], []
    for view, name in views.items():
        ramp = "conductance" if view in ("target", "read") else view
        low, high = ranges[ramp]
        unit = "" if view == "pulses" else " µS"
        ends = [f"{low:.0f}{unit}", f"{high:.0f}{unit}"]
        if view == "error":
            ends = [f"below {ends[0]}", "0", f"above +{ends[1]}"]
        elif view == "pulses":
            ends[1] += " or more"
        labels = "".join(f"<i>{end}</i>" for end in ends)
        legend.append(
            f'<div class="legend"><b>{name}</b><canvas data-ramp="{ramp}"></canvas><span>{labels}</span></div>'
        )
    for image in range(len(result.mask)):
        cells, good = np.count_nonzero(result.mask[image]), np.count_nonzero(result.converged[image])
        parts.append(
            f"<h3>Image {image + 1} of {len(result.mask)} "
            f'<span class="soft">{cells} cells, {good} in their window</span></h3>'
        )
        figures = [
            f'<figure><canvas class="map" data-image="{image}" data-view="{view}" role="img" '
            f'aria-label="{name} of image {image + 1}"></canvas><figcaption>{name}</figcaption></figure>'
            for view, name in views.items()
        ]
        parts.append('<div class="maps">' + "".join(figures) + "</div>")
    return '<div class="maps head">' + "".join(legend) + "</div>\n" + "\n".join(parts)


def _error_chart(result: DemoResult) -> str:
    window, errors, good = result.window_usiemens, result.error_usiemens[result.mask], result.converged[result.mask]
    # Bars of whole ADC codes: with any other width they would hold now two, now three codes, and the chart a comb.
    width = max(1, round(ERROR_SPAN_WINDOWS * window * result.codes_per_usiemens / 20)) / result.codes_per_usiemens
    half = math.ceil(ERROR_SPAN_WINDOWS * window / width - 0.5)
    bars = np.clip(np.rint(errors / width).astype(int), -half, half) + half
    inside, outside = (np.bincount(bars[chosen], minlength=2 * half + 1) for chosen in (good, ~good))

    def place(error: float) -> float:
        return (error / width + half + 0.5) / (2 * half + 1)

    ends = half * width
    beyond = int(np.count_nonzero(np.abs(errors) > ends + width / 2))
    ticks = [(place(error), f"{error:+.0f}" if error else "0") for error in (-ends, -window, 0.0, window, ends)]
    caption = f"Error at verification in µS, {result.origin}; the window of ±{window:g} µS is shaded."
    if beyond:
        caption += f" Beyond the ends, and counted in the last bars: {beyond}."
    return _chart("Error", inside, outside, ticks, caption, (place(-window), place(window)))


def _pulse_chart(result: DemoResult) -> str:
    pulses, good = result.pulses[result.mask], result.converged[result.mask]
    width = -(-(int(pulses.max(initial=1)) + 1) // 40)
    end = (int(pulses.max(initial=1)) // width + 1) * width
    inside, outside = (np.bincount(pulses[chosen] // width, minlength=end // width) for chosen in (good, ~good))
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, end) if end / s <= 6)
    ticks = [((value + 0.5 * width) / end, str(value)) for value in range(0, end, step)]
    grouped = "" if width == 1 else f" Each bar holds {width} counts."
    return _chart("Pulses", inside, outside, ticks, f"Pulses a cell, SET and RESET together.{grouped}")


def _chart(
    title: str,
    inside: NDArray[np.integer],
    outside: NDArray[np.integer],
    ticks: list[tuple[float, str]],
    caption: str,
    band: tuple[float, float] | None = None,
) -> str:
    """Bars of the cells in their window, and on top of them the cells outside, as SVG.

    Ticks are (position 0..1, text); `band` is shaded between two positions.
    """
    left, top, plot_width, base, frame_width, frame_height = 40, 8, 480, 198, 520, 220
    plot_height = base - top
    most = max(1, int((inside + outside).max(initial=1)))
    parts = []
    if band is not None:
        x, w = left + band[0] * plot_width, (band[1] - band[0]) * plot_width
        parts.append(f'<rect x="{x:.1f}" y="{top}" width="{w:.1f}" height="{plot_height}" fill="#e4eef7"/>')
        for edge in (x, x + w):
            parts.append(f'<path d="M{edge:.1f} {top}v{plot_height}" stroke="#1f5f99" stroke-dasharray="4 3"/>')
    pitch = plot_width / len(inside)
    for i, (good, bad) in enumerate(zip(inside.tolist(), outside.tolist(), strict=True)):
        y = float(base)
        for count, fill, what in ((good, "#3a82bd", "in"), (bad, "#c2571a", "outside of")):
            height = count / most * plot_height
            y -= height
            if count:
                parts.append(
                    f'<rect x="{left + i * pitch + 0.5:.1f}" y="{y:.1f}" width="{max(pitch - 1, 0.5):.1f}" '
                    f'height="{height:.1f}" fill="{fill}"><title>{what} their window: {count}</title></rect>'
                )
    parts.append(f'<path d="M{left} {base}h{plot_width}" stroke="#5b6875"/>')
    for share, text in ticks:
        x = left + share * plot_width
        parts.append(f'<path d="M{x:.1f} {base}v4" stroke="#5b6875"/>')
        parts.append(f'<text x="{x:.1f}" y="{base + 18}" text-anchor="middle">{escape(text)}</text>')
    for share in (0.0, 0.5, 1.0):
        y = base - share * plot_height
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{share * most:.0f}</text>')
    return (
        f'<figure><h3>{escape(title)}</h3><svg viewBox="0 0 {frame_width} {frame_height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg><figcaption>{escape(caption)}</figcaption></figure>'
    )


def _confusion_table(result: DemoResult) -> str:
    counts = result.confusion()
    head = "".join(f'<th scope="col">{c}</th>' for c in range(len(counts)))
    lines = [f'<tr><th></th>{head}<th class="side" scope="col">right</th></tr>']
    most = max(1, int(counts.max(initial=1)))
    for label, row in enumerate(counts.tolist()):
        shades = []
        for predicted, count in enumerate(row):
            strength = (0.12 + 0.88 * count / most) if count else 0.0
            red, green, blue = (26, 85, 146) if predicted == label else (194, 87, 26)
            # A single mistake has to be seen beside dozens of hits.
            opacity = strength if predicted == label else min(1.0, 2.5 * strength)
            ink = "#fff" if opacity > 0.55 else "#1d2733" if count else "#c3cad1"
            shades.append(
                f'<td style="background:rgba({red},{green},{blue},{opacity:.2f});color:{ink}">{count or "·"}</td>'
            )
        share = f"{100 * row[label] / sum(row):.0f} %" if sum(row) else ""
        lines.append(f'<tr><th scope="row">{label}</th>{"".join(shades)}<th class="side">{share}</th></tr>')
    return '<div class="scroll"><table class="confusion">' + "\n".join(lines) + "</table></div>"


def _provenance_table(result: DemoResult) -> str:
    rows = {"rung": result.rung, "window": f"±{result.window_usiemens:g} µS", **result.provenance}
    lines = [f'<tr><th scope="row">{escape(str(k))}</th><td>{escape(str(v))}</td></tr>' for k, v in rows.items()]
    return '<table class="provenance"><tbody>\n' + "\n".join(lines) + "\n</tbody></table>"
