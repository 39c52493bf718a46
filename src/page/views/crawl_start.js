// How old the figures of each registry are, when they are read next, and the button that reads them now.

import { element, identifier, name } from '../element.js';
import * as format from '../format.js';
import { table } from '../table.js';
import { STATES } from '../words.js';
import { isOld } from './grounds.js';

/** @typedef {import('api').Registry} Registry */

/** @param {Registry[]} registries @param {(registry: string) => Promise<void>} begin */
export function starter(registries, begin) {
  /** Why no crawl can be started, by registry, with the element's id. @type {Map<string, {id: string, reason: string}>} */
  const reasons = new Map();
  for (const { registry, crawl_now: now, current_crawl: current } of registries) {
    if (!current && now.reason) reasons.set(registry, { id: identifier('reason'), reason: now.reason });
  }
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'freshness' },
    element('h2', { id: 'freshness' }, 'Age of the figures'),
    table({
      caption: 'Registries by age of their figures',
      rows: registries,
      columns: [
        { title: 'Registry', isHeader: true, cell: (row) => name(row.registry) },
        { title: 'Last read', kind: 'moment', hide: 'narrow', cell: (row) => format.moment(row.as_of) },
        {
          title: 'Age',
          kind: 'number',
          wraps: true,
          cell: (row) => element('span', { class: isOld(row.as_of) ? 'warning-text' : null }, format.age(row.as_of)),
        },
        {
          title: 'Next crawl',
          hide: 'narrow',
          cell: ({ next_crawl: next, schedule }) => [
            next ? format.moment(next) : 'no schedule',
            schedule && element('small', {}, schedule),
          ],
        },
        { title: '', cell: (row) => button(row, reasons.get(row.registry)?.id, begin) },
      ],
    }),
    [...reasons].map(([registry, { id, reason }]) =>
      element('p', { class: 'muted' }, registries.length > 1 && [name(registry), ': '], element('span', { id }, name(reason))),
    ),
  );
}

/**
 * The button, grey where it would do nothing.
 * @param {Registry} row
 * @param {string | undefined} reason The id of the element that says why.
 * @param {(registry: string) => Promise<void>} begin
 */
function button({ registry, crawl_now: now, current_crawl: current }, reason, begin) {
  return element(
    'button',
    {
      type: 'button',
      disabled: Boolean(current) || !now.possible,
      'aria-describedby': reason,
      onclick: (/** @type {Event} */ event) => {
        /** @type {HTMLButtonElement} */ (event.currentTarget).disabled = true;
        void begin(registry);
      },
    },
    current ? (STATES[current.state] ?? current.state) : 'Crawl now',
    element('span', { class: 'for-readers' }, ` ${registry}`),
  );
}
