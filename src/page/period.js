// The choice of a period, in the words of the API's `window`, kept in the address.

import * as address from './address.js';
import { element, identifier } from './element.js';
import * as format from './format.js';

/** How many past months are offered by name; others are chosen by their days. */
const MONTHS = 24;
const DAY_MILLISECONDS = 86_400_000;
const CUSTOM = 'custom';

/** @param {Date} date */
function iso(date) {
  return date.toISOString().slice(0, 10);
}

/** The day some days later. @param {string} day @param {number} days */
function later(day, days) {
  return iso(new Date(Date.parse(day) + days * DAY_MILLISECONDS));
}

/** The first day of the month some months ago. @param {number} ago */
function firstDay(ago) {
  const now = new Date();
  return iso(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1)));
}

/** The window of whole months that ends with this one. @param {number} count */
export function lastMonths(count) {
  return `${firstDay(count - 1)},${firstDay(-1)}`;
}

/** About how many days a window has. @param {string} window */
export function daysOf(window) {
  const [start, end] = window.split(',');
  if (end) return (Date.parse(end) - Date.parse(start)) / DAY_MILLISECONDS;
  return Number(/^(\d+)d$/.exec(window)?.[1] ?? 31);
}

/** The last days, from which changes are usually asked for. */
const SPANS = [
  ['month', 'This month'],
  ['lastmonth', 'Last month'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
  ['90d', 'Last 90 days'],
];

/**
 * The control.
 * @param {address.Address} parameters
 * @param {string} usual What the view shows without a choice.
 */
export function periodChooser({ window: chosen = '' }, usual) {
  const id = identifier('period');
  const months = Array.from({ length: MONTHS }, (_, ago) => firstDay(ago).slice(0, 7));
  const named = [['', usual], ...SPANS, ...months.map((month) => [month, format.month(month)])];
  const isCustom = chosen !== '' && !named.some(([value]) => value === chosen);
  const select = /** @type {HTMLSelectElement} */ (
    element(
      'select',
      { id, onchange: () => pick(select.value) },
      [...named, [CUSTOM, 'From and to…']].map(([value, text]) =>
        element('option', { value, selected: value === (isCustom ? CUSTOM : chosen) }, text),
      ),
    )
  );
  const days = range(chosen);
  days.hidden = !isCustom;
  /** @param {string} value */
  const pick = (value) => {
    days.hidden = value !== CUSTOM;
    if (value !== CUSTOM) address.go(address.changed({ window: value, cursor: null }));
    else days.querySelector('input')?.focus();
  };
  return element(
    'div',
    { class: 'period tools' },
    element('div', { class: 'field' }, element('label', { for: id }, 'Period'), select),
    days,
  );
}

/** Two days; the address has the day after the last. @param {string} chosen */
function range(chosen) {
  const [start = '', end = ''] = chosen.includes(',') ? chosen.split(',').map((day) => day.slice(0, 10)) : [];
  const today = iso(new Date());
  const last = /^\d{4}-\d{2}-\d{2}$/.test(end) ? later(end, -1) : '';
  const day = (/** @type {string} */ title, /** @type {string} */ value) => {
    const id = identifier('day');
    const input = /** @type {HTMLInputElement} */ (
      element('input', { id, type: 'date', value, max: today, onchange: () => apply() })
    );
    return { input, field: element('div', { class: 'field' }, element('label', { for: id }, title), input) };
  };
  const [from, to] = [day('From', start), day('To', last)];
  const said = element('p', { class: 'error', role: 'status' });
  const apply = () => {
    const [first, final] = [from.input.value, to.input.value];
    said.textContent = first && final && first > final ? 'The last day is before the first.' : '';
    if (!first || !final || first > final) return;
    address.go(address.changed({ window: `${first},${later(final, 1)}`, cursor: null }));
  };
  return element('div', { class: 'tools' }, from.field, to.field, said);
}
