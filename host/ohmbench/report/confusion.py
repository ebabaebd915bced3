"""The confusion matrix as a table."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ohmbench.report.ink import RIGHT, WRONG, ink_on
from ohmbench.support.array_types import IntArray


def confusion_table(counts: IntArray) -> str:
    """Counts (classes, classes), row = label, column = prediction, as HTML; the page's script saves it as files."""
    head = "".join(f'<th scope="col">{c}</th>' for c in range(len(counts)))
    lines = [f'<tr><td></td>{head}<th class="side" scope="col">right</th></tr>']
    most = max(1, int(counts.max(initial=1)))
    for label, row in enumerate(counts.tolist()):
        shades = []
        for predicted, count in enumerate(row):
            strength = (0.12 + 0.88 * count / most) if count else 0.0
            colour = RIGHT if predicted == label else WRONG
            # A single mistake has to be seen beside dozens of hits.
            opacity = strength if predicted == label else min(1.0, 2.5 * strength)
            ground = f"rgba({','.join(map(str, colour))},{opacity:.2f})"
            said = count or '<span aria-hidden="true">·</span>'
            shades.append(f'<td style="background:{ground};color:{ink_on(colour, opacity)}">{said}</td>')
        share = f"{100 * row[label] / sum(row):.0f} %" if sum(row) else ""
        lines.append(f'<tr><th scope="row">{label}</th>{"".join(shades)}<th class="side">{share}</th></tr>')
    return (
        '<div class="scroll" tabindex="0"><table class="confusion" data-name="Confusion matrix">'
        + "\n".join(lines)
        + "</table></div>"
    )


def confusions(counts: Mapping[str, IntArray]) -> str:
    """A section with the tables of several, by what they are of; "" if there is none."""
    if not counts:
        return ""
    tables = "\n".join(f"<h3>{escape(name)}</h3>\n{confusion_table(one)}" for name, one in counts.items())
    return f"""<h2>Confusion matrix</h2>
<p>Test images by their label (row) and by what the network said (column).</p>
{tables}"""
