const ramp = {usiemens: 'conductance', wear: 'pulses'};
const units = {usiemens: ' µS', wear: ''};
const element = id => document.getElementById(id);
function map(name, values, rows, columns, marked) {
  const canvas = element(name), context = canvas.getContext('2d');
  const known = values.filter(value => value !== null).sort((a, b) => a - b);
  // one cell far off must not make all others pale; wear goes over decades
  const high = Math.max(1, known.length ? known[Math.floor(0.99 * (known.length - 1))] : 1);
  const share = value => name === 'wear' ? Math.log1p(value) / Math.log1p(high) : value / high;
  const fill = value => value === null ? '#eceff2' : colour(ramp[name], share(value));
  canvas.squares = () => ({rows, columns, values, fills: values.map(fill), name: name + units[name]});
  const scale = marked ? 8 : 1;
  canvas.width = columns * scale; canvas.height = rows * scale;
  values.forEach((value, i) => {
    context.fillStyle = fill(value);
    context.fillRect(i % columns * scale, Math.floor(i / columns) * scale, scale, scale);
    if (marked && marked[i]) {
      context.fillStyle = '#c2571a';
      context.fillRect(i % columns * scale + 2, Math.floor(i / columns) * scale + 2, scale - 4, scale - 4);
    }
  });
  element(name + '-low').textContent = '0' + units[name];
  const most = known.length ? known[known.length - 1] : high;
  element(name + '-high').textContent = high + units[name] + (most > high ? ` and more, up to ${most}` : '') +
    (name === 'wear' ? ', logarithmic' : '');
}
function confusion(shades) {
  element('confusion').hidden = !shades;
  if (!shades) return;
  const cell = (kind, text) => Object.assign(document.createElement(kind), {textContent: text});
  const row = (name, cells) => {
    const line = document.createElement('tr');
    line.append(cell(name === '' ? 'td' : 'th', name), ...cells);
    return line;
  };
  element('counts').tBodies[0].replaceChildren(row('', shades.map((_, label) => cell('th', label))),
    ...shades.map((squares, label) => row(label, squares.map(square => {
      const made = cell('td', square.text || '·');
      made.style.background = square.ground;
      made.style.color = square.ink;
      return made;
    }))));
}
// which run or array: what the address asks for, in this page and in all that it asks for
const asked = new URLSearchParams(location.search), query = asked.size ? `?${asked}` : '';
function choose() {
  const option = (value, text) => Object.assign(document.createElement('option'), {value, textContent: text});
  const group = (label, options) => {
    const made = Object.assign(document.createElement('optgroup'), {label});
    made.append(...options);
    return made;
  };
  const select = element('choose');
  if (document.activeElement === select) return;  // not under the hand of whoever chooses
  const runs = state.runs.map(run => option(`run=${run.id}`,
    `run ${run.id}: ${run.kind} on ${run.serial}, ${run.status}, ${new Date(run.at).toLocaleString()}`));
  const arrays = state.arrays.map(array => option(new URLSearchParams({array: array.serial}).toString(),
    `${array.serial}: its last run; most worn cell ${array.pulses} pulses`));
  select.replaceChildren(option('', 'the run that is running, or the last'), group('Arrays', arrays), group('Runs', runs));
  select.value = asked.toString();
  if (select.selectedIndex < 0) select.prepend(new Option(asked.toString(), asked.toString(), true, true));
}
element('choose').addEventListener('change', event => { location.search = event.target.value; });
// one question at a time, and one more if something has changed since
let drawing = false, stale = false;
async function convergence() {
  if (drawing) { stale = true; return; }
  drawing = true;
  try {
    const answer = await fetch(`/convergence?run=${state.run}`), text = answer.ok ? await answer.text() : '';
    const figure = element('convergence');
    figure.hidden = !text;
    const svg = text && new DOMParser().parseFromString(text, 'image/svg+xml').documentElement;
    if (svg) figure.replaceChildren(document.importNode(svg, true));
  } catch {
    // told by the stream of changes
  }
  drawing = false;
  if (stale) { stale = false; convergence(); }
}
let state = null, heard = 0, begun = null;
function left() {
  // from the pace since this stage was first seen here; a tenth of a second tells nothing
  const now = Date.now(), stage = `${state.run} ${state.stage}`;
  if (begun === null || begun.stage !== stage || begun.share > state.share) begun = {stage, share: state.share, at: now};
  const gained = state.share - begun.share;
  if (state.status !== 'running' || gained <= 0 || now - begun.at < 1000) return '';
  const seconds = Math.round((now - begun.at) / 1000 * (1 - state.share) / gained);
  const minutes = Math.round(seconds / 60);  // rounded before it is split: 1 h 60 min is 2 h
  const time = seconds < 60 ? `${seconds} s` : minutes < 60 ? `${minutes} min` :
    `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `, about ${time} left` + (state.stage ? ' of this stage' : '');
}
function show() {
  const origin = element('origin');
  choose();
  if (state.run === null) {
    element('heading').textContent = 'The record has no run yet';
    return;
  }
  const share = 100 * state.share, running = state.status === 'running';
  document.title = `${running ? Math.round(share) + ' % of ' : ''}${state.kind} on ${state.serial}`;
  element('heading').textContent = `${state.kind} on ${state.serial}: ${state.status}`;
  const [began, ended] = [state.started, state.ended].map(at => at && new Date(at).toLocaleString());
  element('about').textContent = `run ${state.run} on ${state.rung}, begun ${began}${ended ? ', ended ' + ended : ''}`;
  origin.hidden = false;
  origin.textContent = state.rung === 'board' ? 'Values of the array on this page are measured on a board.' :
    'All values of the array on this page are simulated: they come from the array model, not from a device.';
  element('bar').style.width = share + '%';
  element('bar').parentNode.setAttribute('aria-valuenow', Math.round(share));
  element('what').textContent = state.what + left();
  map('usiemens', state.usiemens, state.rows, state.columns);
  map('wear', state.wear, state.rows, state.columns, state.charged.some(pulses => pulses) && state.charged);
  const most = Math.max(...state.charged), cells = state.charged.filter(pulses => pulses).length;
  element('charged').hidden = !most;
  element('charged').textContent =
    `Marked: ${cells} cells that may have been given up to ${most} pulses more, which count as wear.`;
  confusion(state.shades);
  convergence();
  element('events').tBodies[0].replaceChildren(...state.events.map(event => {
    const row = document.createElement('tr');
    for (const text of [new Date(event.at).toLocaleString(), `run ${event.run}, ${event.kind}`, event.what]) {
      row.appendChild(document.createElement('td')).textContent = text;
    }
    return row;
  }));
}
for (const name of ['usiemens', 'wear']) {
  element(name).squares = () => ({rows: 0, columns: 0, fills: [], values: [], name});  // until something is known
  let at = [0, 0];
  const known = () => state !== null && state.run !== null;
  const say = () => {
    const [row, column] = at, i = row * state.columns + column;
    element('cell').textContent = `row ${row}, column ${column}: ` +
      `${state.usiemens[i] === null ? 'not read in this run' : state.usiemens[i] + ' µS'}, ${state.wear[i]} pulses` +
      (state.charged[i] ? `, and up to ${state.charged[i]} charged` : '');
  };
  const open = () => {
    location.href = '/cell?' + new URLSearchParams({array: state.serial, row: at[0], column: at[1]});
  };
  const pointed = event => {
    const box = element(name).getBoundingClientRect(), last = [state.rows - 1, state.columns - 1];
    const share = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width];
    at = share.map((part, i) => Math.min(Math.max(Math.floor(part * (last[i] + 1)), 0), last[i]));
  };
  element(name).addEventListener('pointermove', event => { if (known()) { pointed(event); say(); } });
  element(name).addEventListener('click', event => { if (known()) { pointed(event); open(); } });
  element(name).addEventListener('keydown', event => {
    const step = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]}[event.key];
    if (!known() || !(step || event.key === 'Enter')) return;
    event.preventDefault();
    if (!step) { open(); return; }
    at = [Math.min(Math.max(at[0] + step[0], 0), state.rows - 1), Math.min(Math.max(at[1] + step[1], 0), state.columns - 1)];
    say();
  });
}
state = JSON.parse(element('first').textContent);
heard = Date.now();
show();
const changes = new EventSource('/changes' + query);
changes.onmessage = message => { state = JSON.parse(message.data); heard = Date.now(); show(); tell(); };
changes.onerror = () => { heard = heard || Date.now(); tell(true); };
function tell(lost) {
  const notice = element('notice'), killed = state && state.status === 'killed';
  const quiet = state && state.status === 'running' && Date.now() - heard > 20000;
  notice.hidden = !(lost || killed || quiet);
  notice.textContent = lost ? 'ohmbench watch has ended or cannot be reached; this is the last that was heard.' :
    killed ? `The process of this run was killed. What it did until then is recorded; ${state.next_step}.` :
    `Nothing new since ${new Date(heard).toLocaleTimeString()}: the run rests, or another machine has it.`;
}
setInterval(() => tell(changes.readyState !== EventSource.OPEN), 2000);
