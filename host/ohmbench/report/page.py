"""What all reports share: skeleton, style and script. No external resource, so that a file opens anywhere, offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from ohmbench.report.results import SummaryRow

RUNGS = {
    "board": "a board",
    "sim": "the RTL in Verilator, with models of the carrier and of the array",
    "twin": "the instruction-set model, with the model of the array",
}

STYLE = """
:root { --ink: #1d2733; --soft: #5b6875; --line: #dde3e9; --pale: #f5f7f9; --accent: #1f5f99; --bad: #c2571a; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 48px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 40px 0 10px; font-weight: 650; }
h3 { font-size: 14px; margin: 18px 0 6px; font-weight: 600; }
p { margin: 6px 0; max-width: 75ch; }
.soft, figcaption, .legend { color: var(--soft); }
.origin { margin: 16px 0 0; padding: 9px 14px; border-left: 4px solid var(--accent); background: #eef4fa;
  max-width: none; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; }
td, th { padding: 6px 16px 6px 0; vertical-align: baseline; border-bottom: 1px solid var(--line); }
.summary { width: 100%; margin-top: 16px; }
.summary th { font-weight: 500; }
.summary td:nth-child(2) { font-weight: 650; white-space: nowrap; }
.summary td:nth-child(3) { color: var(--soft); width: 50%; }
.summary tr.main td, .summary tr.main th { background: var(--pale); }
.summary tr.main th, .summary tr.main td:nth-child(2) { color: var(--accent); font-weight: 650; }
.summary th:first-child, .provenance th { padding-left: 8px; }
.maps { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 6px 20px; margin-bottom: 22px; }
.maps.head { margin-bottom: 0; }
.maps.head { position: sticky; top: 0; background: #fff; padding: 6px 0;
  border-bottom: 1px solid var(--line); z-index: 1; }
figure { margin: 0; }
figcaption { font-size: 13px; }
.maps figcaption { display: none; }
canvas.map { width: 100%; aspect-ratio: 1; display: block; image-rendering: pixelated; border: 1px solid var(--line);
  cursor: crosshair; touch-action: pan-y; }
.legend { font-size: 12px; }
.legend b { display: block; color: var(--ink); font-size: 13px; }
.legend canvas { width: 100%; height: 9px; display: block; margin: 3px 0 1px; border-radius: 2px; }
.legend i { font-style: normal; }
.legend span { display: flex; justify-content: space-between; }
.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 20px 36px; }
.key { display: flex; flex-wrap: wrap; gap: 2px 18px; font-size: 12.5px; color: var(--soft); }
.key span { display: inline-flex; align-items: center; gap: 6px; }
.key i { width: 11px; height: 11px; border-radius: 2px; display: inline-block; }
.marks { margin: 8px 0 10px; }
.marks i { width: 13px; height: 13px; border-radius: 0; }
.marks .frame { border: 2px solid #000; background: #f3b27a; }
.marks .cross { background: linear-gradient(45deg, transparent 44%, #4a5560 44% 56%, transparent 56%),
  linear-gradient(-45deg, transparent 44%, #4a5560 44% 56%, transparent 56%), #cdd4da; }
.marks .wait { background: #eceff2; border: 1px solid #dde3e9; }
.marks .unused { border: 1px solid var(--line); background: radial-gradient(#b9c1c9 2px, #fff 2px); }
.bar { height: 12px; border-radius: 3px; background: #e1e7ed; overflow: hidden; margin: 14px 0 6px; }
.bar div { height: 100%; background: var(--accent); }
#live { max-width: none; }
.notice { margin: 12px 0 0; padding: 9px 14px; border-left: 4px solid var(--bad); background: #fdf3ec;
  max-width: none; }
.levels { font-size: 14px; margin-top: 8px; }
.levels td, .levels th { text-align: right; white-space: nowrap; padding: 4px 18px 4px 0; }
.levels th[colspan] { text-align: center; color: var(--ink); border-bottom: 0; }
.levels th[colspan], .levels td.first, .levels th.first { border-left: 12px solid #fff; }
.levels thead th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
svg { width: 100%; height: auto; display: block; overflow: visible; }
svg text { font-size: 12px; fill: var(--soft); font-family: inherit; }
.scroll { overflow-x: auto; }
.confusion td, .confusion th { border: 1px solid #fff; padding: 0; width: 44px; height: 34px; text-align: center;
  vertical-align: middle; }
.confusion th { font-weight: 500; color: var(--soft); }
.confusion th.side { width: auto; padding: 0 12px; font-size: 13px; white-space: nowrap; }
.provenance td { overflow-wrap: anywhere; font-size: 13px;
  font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
#tip { position: fixed; pointer-events: none; background: #1d2733; color: #fff;
  padding: 7px 10px; border-radius: 4px; white-space: pre; visibility: hidden; z-index: 2;
  font: 12.5px ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
@media (max-width: 720px) {
  main { padding: 18px 14px 36px; }
  h1 { font-size: 22px; }
  .maps { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; }
  .maps.head { position: static; }
  .maps figcaption { display: block; }
  .charts { grid-template-columns: minmax(0, 1fr); }
  svg text { font-size: 16px; }
  .summary tbody { display: block; }
  .summary tr { display: grid; grid-template-columns: 1fr auto; gap: 0 12px; padding: 6px 8px;
    border-bottom: 1px solid var(--line); }
  .summary td, .summary th, .summary th:first-child { padding: 0; border: 0; }
  .summary td:nth-child(3) { grid-column: 1 / -1; width: auto; font-size: 13px; }
  .summary td:nth-child(3):empty { display: none; }
  .summary tr.main { background: var(--pale); }
  .confusion td, .confusion th { width: 29px; min-width: 29px; height: 29px; font-size: 13px; }
  .confusion th.side { padding: 0 6px; }
}
@media print { .maps.head { position: static; } h2 { break-after: avoid; } .maps { break-inside: avoid; } }
"""

# Colours: single-hue ramps for amounts, blue to orange for the sign of an error: both survive red-green blindness.
SCRIPT = """
'use strict';
const data = JSON.parse(document.getElementById('cells').textContent);
const {rows, columns, views} = data;
const ramps = {
  conductance: ['#f4f8fc', '#c3daee', '#7fb2d9', '#3a82bd', '#1a5592', '#0b2c57'],
  error: ['#0b4a8f', '#5d9bd0', '#d3e3f0', '#fafafa', '#f8dcc2', '#e58a3c', '#a34207'],
  pulses: ['#f7f5fa', '#d5cbe6', '#a58fcb', '#7453a6', '#472a73', '#24103f'],
};
// of CellState
const UNUSED = 0, OUTSIDE = 1, IN_WINDOW = 2, SKIPPED = 3, WAITING = 4;
const says = ['not programmed', 'outside of the window', 'in the window', 'skipped: bad in the fault map',
  'not programmed yet'];
const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
function colour(ramp, share) {
  const stops = ramps[ramp];
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const [a, b] = [rgb(stops[low]), rgb(stops[low + 1])];
  return `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * (at - low)))})`;
}
const total = (image, fields, i) => fields.reduce((sum, field) => sum + image[field][i], 0);
const value = (view, image, i) => total(image, view.plus, i) - total(image, view.minus, i);
function fill(view, image, i) {
  const state = image.state[i];
  if (state === UNUSED) return '#fff';
  if (!view.known && state === SKIPPED) return '#cdd4da';
  if (!view.known && state === WAITING) return '#eceff2';
  return colour(view.ramp, (value(view, image, i) - view.low) / (view.high - view.low));
}
const scale = data.images.length > 8 ? 6 : 12;  // a canvas takes memory: 4 for each of perhaps 100 images
function draw(canvas, cursor) {
  const view = views[canvas.dataset.view], image = data.images[canvas.dataset.image];
  const context = canvas.getContext('2d');
  canvas.width = columns * scale;
  canvas.height = rows * scale;
  for (let i = 0; i < rows * columns; i++) {
    const x = (i % columns) * scale, y = Math.floor(i / columns) * scale, state = image.state[i];
    context.fillStyle = fill(view, image, i);
    context.fillRect(x, y, scale, scale);
    context.lineWidth = scale / 8;
    if (state === UNUSED) {
      context.fillStyle = '#e3e7eb';
      context.fillRect(x + scale / 2 - 1, y + scale / 2 - 1, 2, 2);
    } else if (state === SKIPPED) {
      const near = scale / 4, far = scale - near;
      context.strokeStyle = '#4a5560';
      context.beginPath();
      context.moveTo(x + near, y + near);
      context.lineTo(x + far, y + far);
      context.moveTo(x + far, y + near);
      context.lineTo(x + near, y + far);
      context.stroke();
    } else if (state === OUTSIDE && canvas.dataset.view === 'error') {
      // black in white: seen on either end of the ramp
      for (const [ink, width] of [['#fff', scale / 4], ['#000', scale / 8]]) {
        context.strokeStyle = ink;
        context.lineWidth = width;
        context.strokeRect(x + scale / 8, y + scale / 8, scale * 3 / 4, scale * 3 / 4);
      }
    }
  }
  if (cursor >= 0) {
    context.strokeStyle = '#000';
    context.lineWidth = 3;
    context.strokeRect((cursor % columns) * scale - 1, Math.floor(cursor / columns) * scale - 1, scale + 2, scale + 2);
  }
}
const maps = [...document.querySelectorAll('canvas.map')];
const tip = document.getElementById('tip');
let marked = [];
function mark(image, cursor) {
  for (const map of marked) draw(map, -1);
  marked = maps.filter(map => map.dataset.image === image);
  for (const map of marked) draw(map, cursor);
}
function describe(image, i) {
  const state = image.state[i], lines = [`row ${Math.floor(i / columns)}, column ${i % columns}`];
  const width = Math.max(...Object.values(views).map(view => view.name.length));
  for (const view of Object.values(views)) {
    const known = state === OUTSIDE || state === IN_WINDOW || (view.known && state !== UNUSED);
    const text = value(view, image, i).toFixed(1).padStart(7);
    if (known && view.ramp !== 'pulses') lines.push(view.name.padEnd(width) + text + ' µS');
  }
  if (image.set && (state === OUTSIDE || state === IN_WINDOW)) {
    lines.push(`${image.set[i]} SET + ${image.reset[i]} RESET pulses`);
  }
  return [...lines, says[state]].join('\\n');
}
for (const map of maps) {
  draw(map, -1);
  map.addEventListener('pointermove', event => {
    const box = map.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / box.width * columns);
    const row = Math.floor((event.clientY - box.top) / box.height * rows);
    if (column < 0 || row < 0 || column >= columns || row >= rows) return;
    mark(map.dataset.image, row * columns + column);
    tip.textContent = describe(data.images[map.dataset.image], row * columns + column);
    const left = Math.min(event.clientX + 16, document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = Math.max(left, 8) + 'px';
    tip.style.top = Math.max(event.clientY - tip.offsetHeight - 12, 8) + 'px';
    tip.style.visibility = 'visible';
  });
  map.addEventListener('pointerleave', () => { mark('', -1); tip.style.visibility = 'hidden'; });
}
for (const bar of document.querySelectorAll('.legend canvas')) {
  bar.width = 200;
  bar.height = 1;
  const context = bar.getContext('2d');
  for (let x = 0; x < bar.width; x++) {
    context.fillStyle = colour(bar.dataset.ramp, x / (bar.width - 1));
    context.fillRect(x, 0, 1, 1);
  }
}
// a page that is still being written says when; one that no one writes any more should not pretend
const live = document.getElementById('live');
if (live && Date.now() / 1000 - live.dataset.at > 20) {
  live.className = 'notice';
  live.textContent = `No news since ${new Date(live.dataset.at * 1000).toLocaleString()}: whatever wrote this page ` +
    'has stopped. Look at its terminal for the reason and for what the array holds.';
}
"""


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
<script>{SCRIPT}</script>
"""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
{script if cells else ""}</body>
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
