'use strict';
const settings = JSON.parse(document.getElementById('settings').textContent);
const filters = [...document.querySelectorAll('.filters select')];
const shown = document.getElementById('shown');
function apply() {
  const kept = new Set(Object.keys(settings).filter(
    key => filters.every(f => f.value === '' || settings[key][f.name] === f.value)));
  for (const mark of document.querySelectorAll('[data-of]')) {
    const points = mark.dataset.of.split(' ');  // a mean is of several
    mark.style.display = points.some(point => kept.has(point)) ? '' : 'none';
  }
  shown.textContent = `${kept.size} of ${Object.keys(settings).length} points`;
}
for (const filter of filters) filter.addEventListener('change', apply);
for (const head of document.querySelectorAll('.points thead th')) {
  head.querySelector('button').addEventListener('click', () => {
    const body = head.closest('table').tBodies[0], column = head.cellIndex;
    const down = head.getAttribute('aria-sort') !== 'descending';
    for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    const value = row => row.cells[column].textContent;
    const order = (a, b) => parseFloat(value(a)) - parseFloat(value(b)) || value(a).localeCompare(value(b));
    const rows = [...body.rows].sort((a, b) => down ? order(b, a) : order(a, b));
    body.append(...rows);
  });
}
apply();
