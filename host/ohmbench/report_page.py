"""Style and script of the report: no framework and no external resource, so that the file opens anywhere, offline."""

from __future__ import annotations

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
.summary tr.key td, .summary tr.key th { background: var(--pale); }
.summary tr.key th, .summary tr.key td:nth-child(2) { color: var(--accent); font-weight: 650; }
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
  .summary td:nth-child(3) { display: none; }
  .summary td, .summary th { padding-right: 8px; }
  .confusion td, .confusion th { width: 29px; min-width: 29px; height: 29px; font-size: 13px; }
  .confusion th.side { padding: 0 6px; }
}
@media print { .maps.head { position: static; } h2 { break-after: avoid; } .maps { break-inside: avoid; } }
"""

# Colours: single-hue ramps for amounts, blue to orange for the sign of an error: both survive red-green blindness.
SCRIPT = """
'use strict';
const data = JSON.parse(document.getElementById('cells').textContent);
const {rows, columns} = data;
const ramps = {
  conductance: ['#f4f8fc', '#c3daee', '#7fb2d9', '#3a82bd', '#1a5592', '#0b2c57'],
  error: ['#0b4a8f', '#5d9bd0', '#d3e3f0', '#fafafa', '#f8dcc2', '#e58a3c', '#a34207'],
  pulses: ['#f7f5fa', '#d5cbe6', '#a58fcb', '#7453a6', '#472a73', '#24103f'],
};
const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
const UNUSED = [255, 255, 255];
function colour(ramp, share) {
  const stops = ramps[ramp];
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const [a, b] = [rgb(stops[low]), rgb(stops[low + 1])];
  return a.map((v, i) => Math.round(v + (b[i] - v) * (at - low)));
}
const views = {
  target: {ramp: 'conductance', range: data.conductance, value: (im, i) => im.target[i]},
  read: {ramp: 'conductance', range: data.conductance, value: (im, i) => im.read[i]},
  error: {ramp: 'error', range: data.error, value: (im, i) => im.read[i] - im.target[i]},
  pulses: {ramp: 'pulses', range: data.pulses, value: (im, i) => im.set[i] + im.reset[i]},
};
function draw(canvas, cursor) {
  const view = views[canvas.dataset.view], image = data.images[canvas.dataset.image];
  const scale = 12, context = canvas.getContext('2d');
  canvas.width = columns * scale;
  canvas.height = rows * scale;
  for (let i = 0; i < rows * columns; i++) {
    const x = (i % columns) * scale, y = Math.floor(i / columns) * scale;
    const share = (view.value(image, i) - view.range[0]) / (view.range[1] - view.range[0]);
    context.fillStyle = `rgb(${image.used[i] ? colour(view.ramp, share) : UNUSED})`;
    context.fillRect(x, y, scale, scale);
    if (!image.used[i]) {
      context.fillStyle = '#e3e7eb';
      context.fillRect(x + scale / 2 - 1, y + scale / 2 - 1, 2, 2);
    } else if (canvas.dataset.view === 'error' && image.used[i] === 1) {
      context.strokeStyle = '#000';
      context.lineWidth = 1.5;
      context.strokeRect(x + 1.5, y + 1.5, scale - 3, scale - 3);
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
const fixed = (value, unit) => value.toFixed(1).padStart(6) + ' ' + unit;
function describe(image, i) {
  const where = `row ${Math.floor(i / columns)}, column ${i % columns}`;
  if (!image.used[i]) return `${where}\\nnot programmed`;
  const error = image.read[i] - image.target[i];
  return [where, 'target' + fixed(image.target[i], 'µS'), 'read  ' + fixed(image.read[i], 'µS'),
    'error ' + fixed(error, 'µS') + (image.used[i] === 2 ? '' : '  outside of the window'),
    `${image.set[i]} SET + ${image.reset[i]} RESET pulses`].join('\\n');
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
    context.fillStyle = `rgb(${colour(bar.dataset.ramp, x / (bar.width - 1))})`;
    context.fillRect(x, 0, 1, 1);
  }
}
"""
