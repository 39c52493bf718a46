// How old the figures of each registry are, when they are read next, and the button that reads them now.

import { element, identifier, name } from '../element.js';
import * as format from '../format.js';
import { table } from '../table.js';
import { STATES } from '../words.js';
import { isOld } from './grounds.js';

/** @typedef {import('api').Registry} Registry */

/** @param {Registry[]} registries @param {(registry: string) => Promise<void>} begin */
export function starter(registries, begin) {
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
        { title: '', cell: (row) => button(row, begin) },
      ],
    }),
  );
}

/** The button, grey where it would do nothing, with the reason. @param {Registry} row @param {(registry: string) => Promise<void>} begin */
function button({ registry, crawl_now: now, current_crawl: current }, begin) {
  const id = identifier('reason');
  const reason = current ? null : now.reason;
  return [
    element(
      'button',
      {
        type: 'button',
        disabled: Boolean(current) || !now.possible,
        'aria-describedby': reason ? id : null,
        onclick: (/** @type {Event} */ event) => {
          /** @type {HTMLButtonElement} */ (event.currentTarget).disabled = true;
          void begin(registry);
        },
      },
      current ? (STATES[current.state] ?? current.state) : 'Crawl now',
      element('span', { class: 'for-readers' }, ` ${registry}`),
    ),
    reason && element('small', { id, class: 'reason' }, name(reason)),
  ];
}
