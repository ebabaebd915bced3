const data = JSON.parse(document.getElementById('cells').textContent);
const {rows, columns, views} = data;
// of CellState
const UNUSED = 0, OUTSIDE = 1, IN_WINDOW = 2, SKIPPED = 3, WAITING = 4;
const says = ['not programmed', 'outside of the window', 'in the window', 'skipped: bad in the fault map',
  'not programmed yet'];
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
  return [...lines, says[state]].join('\n');
}
for (const map of maps) {
  draw(map, -1);
  const view = views[map.dataset.view], image = data.images[map.dataset.image];
  const known = i => image.state[i] === OUTSIDE || image.state[i] === IN_WINDOW ||
    (view.known && image.state[i] !== UNUSED);
  map.squares = () => ({rows, columns, name: view.name + (view.ramp === 'pulses' ? '' : ', µS'),
    fills: image.state.map((_state, i) => fill(view, image, i)),
    values: image.state.map((_state, i) => known(i) ? Math.round(100 * value(view, image, i)) / 100 : null)});
  const show = (row, column, x, y) => {
    mark(map.dataset.image, row * columns + column);
    tip.textContent = describe(image, row * columns + column);
    const left = Math.min(x + 16, document.documentElement.clientWidth - tip.offsetWidth - 8);
    tip.style.left = Math.max(left, 8) + 'px';
    tip.style.top = Math.max(y - tip.offsetHeight - 12, 8) + 'px';
    tip.style.visibility = 'visible';
  };
  const hide = () => { mark('', -1); tip.style.visibility = 'hidden'; };
  map.addEventListener('pointermove', event => {
    const box = map.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / box.width * columns);
    const row = Math.floor((event.clientY - box.top) / box.height * rows);
    if (column >= 0 && row >= 0 && column < columns && row < rows) show(row, column, event.clientX, event.clientY);
  });
  map.addEventListener('pointerleave', hide);
  // by the keyboard: arrows from cell to cell, Escape away from them
  let at = [0, 0];
  const steps = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};
  const showAt = () => {
    const box = map.getBoundingClientRect(), [row, column] = at;
    show(row, column, box.left + (column + 0.5) / columns * box.width, box.top + (row + 0.5) / rows * box.height);
  };
  map.addEventListener('focus', () => { if (map.matches(':focus-visible')) showAt(); });
  map.addEventListener('blur', hide);
  map.addEventListener('keydown', event => {
    if (event.key === 'Escape') hide();
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    at = [Math.min(Math.max(at[0] + step[0], 0), rows - 1), Math.min(Math.max(at[1] + step[1], 0), columns - 1)];
    showAt();
  });
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
