// What was recorded, and what is expected, month by month.

import * as format from '../format.js';

/** @typedef {import('api').Money} Money */

/**
 * A registry, or a repository, after a crawl.
 * @typedef {object} Point
 * @property {string} [registry]
 * @property {string} as_of
 * @property {number} stored_bytes
 * @property {number | null} [alpine_stored_bytes]
 * @property {{month: Money, fee?: Money | null, storage?: Money | null, transfer?: Money | null} | null} [cost]
 * @property {{month: {expected: Money}} | null} [alpine]
 */

/** @typedef {import('api').ForecastMonth} Forecast */
/** @typedef {{label: string, point?: Point, forecast?: Forecast}} Month */

/**
 * The last reading of each month, then the months to come. Of several registries the readings are added up; where
 * one was not read in a month, it is taken to be as it was.
 * @param {{items: Point[], forecast?: Forecast[]}} history
 * @returns {Month[]}
 */
export function monthly({ items, forecast = [] }) {
  /** @type {Map<string, Point>} The last reading of each registry so far. */
  const latest = new Map();
  /** @type {Map<string, Month>} */
  const months = new Map();
  for (const point of [...items].sort((a, b) => (a.as_of < b.as_of ? -1 : 1))) {
    latest.set(point.registry ?? '', point);
    const label = point.as_of.slice(0, 7);
    months.set(label, { label, point: [...latest.values()].reduce(together) });
  }
  for (const ahead of forecast) {
    const label = ahead.month.slice(0, 7);
    if (!months.has(label)) months.set(label, { label, forecast: ahead });
  }
  return [...months.values()];
}

/** Two registries as one. @param {Point} a @param {Point} b @returns {Point} */
function together(a, b) {
  const known = a.alpine_stored_bytes != null && b.alpine_stored_bytes != null;
  const month = format.sum(a.alpine?.month.expected, b.alpine?.month.expected);
  const cost = format.sum(a.cost?.month, b.cost?.month);
  const part = (/** @type {'fee' | 'storage' | 'transfer'} */ name) => format.sum(a.cost?.[name], b.cost?.[name]);
  return {
    as_of: a.as_of > b.as_of ? a.as_of : b.as_of,
    stored_bytes: a.stored_bytes + b.stored_bytes,
    alpine_stored_bytes: known ? Number(a.alpine_stored_bytes) + Number(b.alpine_stored_bytes) : null,
    cost: cost && { month: cost, fee: part('fee'), storage: part('storage'), transfer: part('transfer') },
    alpine: month && { month: { expected: month } },
  };
}
