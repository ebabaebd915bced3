'use strict';
// Each chart of a page as files: its picture as SVG, its numbers as CSV. Nothing is fetched, and texts go in as texts.
(() => {
  // of SVG, whose name looks like an address; this page has none
  const NS = new DOMParser().parseFromString('<svg></svg>', 'text/html').querySelector('svg').namespaceURI;
  const INK = '#1d2733', SOFT = '#5b6875', SIDE = 24;
  function element(parent, tag, attributes, text = '') {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return parent.appendChild(made);
  }
  function frame(width, height, above) {
    const svg = document.createElementNS(NS, 'svg'), box = [0, -above, width, height + above];
    for (const [name, value] of Object.entries({viewBox: box.join(' '), width, height: height + above,
      'font-family': 'sans-serif', 'font-size': 12, fill: SOFT})) svg.setAttribute(name, value);
    element(svg, 'rect', {y: -above, width, height: height + above, fill: '#fff'});
    return svg;
  }
  const heading = holder => (holder.querySelector('h3') || holder).getAttribute('aria-label') ||
    (holder.querySelector('h3, figcaption') || {textContent: document.title}).textContent;
  // A chart that is SVG already, with its title and the names of its colours above.
  function drawn(holder, chart) {
    const box = chart.viewBox.baseVal, names = [...holder.querySelectorAll('.key span')];
    const svg = frame(box.width + 12, box.height, 18 * (names.length + 2));
    element(svg, 'text', {x: 12, y: -18 * (names.length + 1) + 4, 'font-size': 14, fill: INK}, heading(holder));
    names.forEach((name, i) => {
      const y = -18 * (names.length - i) + 4;
      element(svg, 'circle', {cx: 17, cy: y - 4, r: 4, fill: name.querySelector('i').style.background});
      element(svg, 'text', {x: 28, y, fill: INK}, name.textContent);
    });
    for (const part of chart.children) {
      if (part.style.display !== 'none') svg.append(part.cloneNode(true));
    }
    return svg;
  }
  // Squares in rows and columns: {fill, text, ink} each.
  function squares(title, rows, size, acrosses, downs) {
    const svg = frame(((rows[0] || []).length + 2) * size + SIDE, (rows.length + 2) * size, 28);
    element(svg, 'text', {x: 12, y: -8, 'font-size': 14, fill: INK}, title);
    const middle = i => SIDE + size + (i + 0.5) * size, low = i => size + (i + 0.5) * size + 4;
    acrosses.forEach((name, i) => name !== '' &&
      element(svg, 'text', {x: middle(i), y: size - 4, 'text-anchor': 'middle'}, name));
    rows.forEach((row, y) => {
      if (downs[y] !== '') element(svg, 'text', {x: SIDE + size - 6, y: low(y), 'text-anchor': 'end'}, downs[y]);
      row.forEach((square, x) => {
        const place = {x: SIDE + (x + 1) * size, y: (y + 1) * size, width: size, height: size};
        element(svg, 'rect', {...place, fill: square.fill});
        if (square.text) element(svg, 'text', {x: middle(x), y: low(y), 'text-anchor': 'middle', fill: square.ink},
          square.text);
      });
    });
    return svg;
  }
  const quoted = value => /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  const csv = rows => rows.map(row => row.map(quoted).join(',') + '\n').join('');
  const every = (count, step) => [...Array(count).keys()].map(i => i % step ? '' : i);
  function ofTable(table) {
    const text = cell => cell.textContent.replace('·', '0'), rows = [...table.rows].map(row => [...row.cells]);
    const cells = rows.slice(1).map(row => row.filter(cell => cell.tagName === 'TD'));
    const picture = () => squares(table.dataset.name, cells.map(row => row.map(cell => ({
      fill: cell.style.background || '#fff', text: cell.textContent, ink: cell.style.color || INK}))),
    44, rows[0].slice(1).map(cell => cell.textContent), rows.slice(1).map(row => row[0].textContent));
    return [picture, () => csv(rows.map(row => row.map(text)))];
  }
  function ofMap(holder, canvas) {
    const title = canvas.getAttribute('aria-label') || heading(holder);
    const picture = () => {
      const cells = canvas.squares(), rows = [...Array(cells.rows).keys()];
      return squares(title, rows.map(row => cells.fills.slice(row * cells.columns, (row + 1) * cells.columns)
        .map(fill => ({fill}))), 12, every(cells.columns, 8), every(cells.rows, 8));
    };
    const numbers = () => {
      const cells = canvas.squares();
      return csv([['row', 'column', cells.name], ...cells.values.map(
        (value, i) => [Math.floor(i / cells.columns), i % cells.columns, value === null ? '' : value])]);
    };
    return [picture, numbers];
  }
  function save(name, type, text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type}));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  function offer(holder, title, [picture, numbers]) {
    const name = `${document.title} ${title}`.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 100);
    const texts = {
      SVG: () => save(`${name}.svg`, 'image/svg+xml', new XMLSerializer().serializeToString(picture())),
      CSV: () => save(`${name}.csv`, 'text/csv', numbers()),
    };
    const line = document.createElement('div');
    line.className = 'save';
    for (const [kind, write] of Object.entries(texts)) {
      const button = line.appendChild(document.createElement('button'));
      button.textContent = kind;
      button.title = `save ${title} as ${kind}`;
      button.addEventListener('click', write);
    }
    holder.append(line);
  }
  for (const holder of document.querySelectorAll('figure')) {
    const chart = holder.querySelector('svg'), canvas = holder.querySelector('canvas');
    if (chart) offer(holder, heading(holder), [() => drawn(holder, chart), () => holder.dataset.csv]);
    if (canvas && canvas.squares) offer(holder, canvas.getAttribute('aria-label') || heading(holder), ofMap(holder, canvas));
  }
  for (const table of document.querySelectorAll('table.confusion')) {
    offer(table.parentNode, table.dataset.name, ofTable(table));
  }
})();
