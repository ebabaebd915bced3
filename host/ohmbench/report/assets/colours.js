'use strict';
// Single-hue ramps for amounts, blue to orange for the sign of an error: both survive red-green blindness.
const ramps = {
  conductance: ['#f4f8fc', '#c3daee', '#7fb2d9', '#3a82bd', '#1a5592', '#0b2c57'],
  error: ['#0b4a8f', '#5d9bd0', '#d3e3f0', '#fafafa', '#f8dcc2', '#e58a3c', '#a34207'],
  pulses: ['#f7f5fa', '#d5cbe6', '#a58fcb', '#7453a6', '#472a73', '#24103f'],
};
const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));
function colour(ramp, share) {
  const stops = ramps[ramp];
  const at = Math.min(Math.max(share, 0), 1) * (stops.length - 1);
  const low = Math.min(Math.floor(at), stops.length - 2);
  const [a, b] = [rgb(stops[low]), rgb(stops[low + 1])];
  return `rgb(${a.map((v, i) => Math.round(v + (b[i] - v) * (at - low)))})`;
}
