"""What all reports share: skeleton, style and script. No external resource, so that a file opens anywhere, offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ohmbench.report.results import SummaryRow
from ohmbench.support.resources import asset

RUNGS = {
    "board": "a board",
    "sim": "the RTL in Verilator, with models of the carrier and of the array",
    "twin": "the instruction-set model, with the model of the array",
}

STYLE, SCRIPT, SAVE = (asset(__file__, name) for name in ("page.css", "page.js", "save.js"))


def page(title: str, body: str, cells: str = "", *, refresh_s: int = 0) -> str:
    """A whole page.

    Args:
        body: HTML.
        cells: `heat_maps.cells_json` of the maps in it.
        refresh_s: how often a browser is to load it again; 0: never.
    """
    refresh = f'\n<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    script = f"""<div id="tip" role="status"></div>
<script type="application/json" id="cells">{cells}</script>
<script>
{SCRIPT}
</script>
"""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<title>{escape(title)}</title>
<style>
{STYLE}
</style>
</head>
<body>
<main>
{body}
</main>
{script if cells else ""}<script>
{SAVE}
</script>
</body>
</html>
"""


def origin_note(is_simulated: bool) -> str:
    """Whether the page shows a device or a model; it must be seen before the first value."""
    if not is_simulated:
        return '<p class="origin">Values of the array on this page are <b>measured</b> on a board.</p>'
    return (
        '<p class="origin">All values of the array on this page are <b>simulated</b>: '
        "they come from the array model, not from a device.</p>"
    )


def summary_table(rows: Sequence[SummaryRow], key: str) -> str:
    """The summary; the row whose name begins with `key` stands out."""
    lines = []
    for row in rows:
        mark = ' class="main"' if row.name.startswith(key) else ""
        name, value, note = escape(row.name), escape(row.value), escape(row.note)
        lines.append(f'<tr{mark}><th scope="row">{name}</th><td>{value}</td><td>{note}</td></tr>')
    return '<table class="summary"><tbody>\n' + "\n".join(lines) + "\n</tbody></table>"


def provenance_table(rows: Mapping[str, object]) -> str:
    """Names and values as they are."""
    lines = [f'<tr><th scope="row">{escape(str(k))}</th><td>{escape(str(v))}</td></tr>' for k, v in rows.items()]
    return '<table class="provenance"><tbody>\n' + "\n".join(lines) + "\n</tbody></table>"
