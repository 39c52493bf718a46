// How series are drawn. Hatching, outlines and kinds of lines tell them apart where colours do not: in print, in grey
// and for people who see red and green alike.

import { element } from './element.js';

/** @typedef {import('./chart.js').Colours} Colours */
/** @typedef {'bar' | 'hatched' | 'outline' | 'line' | 'dashed' | 'dotted' | 'band'} Mark */
/** @typedef {{title: string, mark: Mark, colour: string}} Look */

/**
 * The legend, with the marks that the chart has.
 * @param {Look[]} looks
 */
export function legend(looks) {
  const items = looks.map(({ title, mark, colour }) =>
    element('li', {}, element('span', { class: `mark ${mark} of-${colour}`, 'aria-hidden': 'true' }), title),
  );
  return element('ul', { class: 'legend', 'aria-label': 'Legend' }, items);
}

/**
 * The datasets of a series: a line lies on a halo in the colour of the ground, so that it is seen on bars too.
 * @param {Look} look
 * @param {(number | null)[]} data
 * @param {Colours} colour
 * @param {Record<string, unknown>} [more] Settings of Chart.js.
 * @returns {object[]}
 */
export function datasets({ title, mark, colour: name }, data, colour, more = {}) {
  const own = colour[name];
  const base = { label: title, data, borderColor: own, backgroundColor: own, ...more };
  switch (mark) {
    case 'hatched':
      return [{ ...base, backgroundColor: hatched(own, colour.surface), borderWidth: 1 }];
    case 'outline':
      return [{ ...base, backgroundColor: 'transparent', borderWidth: 2 }];
    case 'line':
      return line({ ...base, borderWidth: 2.5, pointStyle: 'rectRot', pointRadius: 5 }, colour);
    case 'dashed':
      return line({ ...base, borderWidth: 2, borderDash: [8, 4], pointRadius: 0 }, colour);
    case 'dotted':
      return line({ ...base, borderWidth: 3, borderDash: [2, 5], borderCapStyle: 'round', pointRadius: 2 }, colour);
    default:
      return [base];
  }
}

/**
 * A line and its halo, which has no label and so no line in tooltips.
 * @param {{label: string, borderWidth: number, pointRadius: number} & Record<string, unknown>} set
 * @param {Colours} colour
 */
function line(set, { surface }) {
  const radius = set.pointRadius && set.pointRadius + 3;
  const halo = {
    ...set,
    type: 'line',
    label: '',
    borderWidth: set.borderWidth + 4,
    borderDash: [],
    borderColor: surface,
    backgroundColor: surface,
    pointRadius: radius,
    pointHoverRadius: radius,
    stack: `${set.label} halo`,
    order: 2,
  };
  return [{ ...set, type: 'line', order: 1 }, halo];
}

/** Diagonal lines as a filling. @param {string} own @param {string} ground */
function hatched(own, ground) {
  const size = 8;
  const tile = /** @type {HTMLCanvasElement} */ (element('canvas', { width: size, height: size }));
  const context = /** @type {CanvasRenderingContext2D} */ (tile.getContext('2d'));
  context.fillStyle = ground;
  context.fillRect(0, 0, size, size);
  context.strokeStyle = own;
  context.lineWidth = 2.5;
  context.beginPath();
  for (const start of [-size, 0, size]) {
    context.moveTo(start - 1, size + 1);
    context.lineTo(start + size + 1, -1);
  }
  context.stroke();
  return context.createPattern(tile, 'repeat') ?? own;
}
