// Crawls: those that are not over, with how far they are, and the latest.

import { element, name } from '../element.js';
import * as format from '../format.js';
import { table, tableCsv } from '../table.js';
import { STATES } from '../words.js';

/** @typedef {import('api').Crawl} Crawl */

/** @param {Crawl[]} crawls @param {(id: number) => Promise<void>} cancel */
export function underWay(crawls, cancel) {
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'under-way' },
    element('h2', { id: 'under-way' }, 'Not finished'),
    crawls.map((crawl) => one(crawl, cancel)),
  );
}

/** @param {Crawl} crawl @param {(id: number) => Promise<void>} cancel */
function one(crawl, cancel) {
  const { id, registry, state, state_text: text, stuck_reason: stuck, requested_by: by } = crawl;
  const isStopping = state === 'cancelling';
  return element(
    'div',
    { id: `crawl-${id}`, class: 'crawl' },
    element(
      'p',
      { class: 'tools' },
      element('strong', {}, STATES[state] ?? state),
      element('span', {}, `#${id} · `, name(registry), ' · requested by ', name(by ?? 'unknown')),
      element(
        'button',
        { type: 'button', disabled: isStopping, onclick: () => void cancel(id) },
        'Cancel',
        element('span', { class: 'for-readers' }, ` crawl ${id}`),
      ),
    ),
    // Something queued is not under way, so it has no bar that moves.
    state === 'running' && progress(crawl),
    element('p', { class: 'muted' }, name(text)),
    stuck && element('p', { class: 'warning-text' }, name(stuck)),
  );
}

/** @param {Crawl} crawl */
function progress({ repositories_done: done, repositories_total: total }) {
  return element('progress', {
    max: total || null,
    value: total ? (done ?? 0) : null,
    'aria-label': 'Repositories read',
  });
}

/** @param {Crawl[]} crawls */
export function latest(crawls) {
  const columns = /** @type {import('../table.js').Column<Crawl>[]} */ ([
    {
      title: 'Crawl',
      isHeader: true,
      cell: ({ id, registry }) => [`#${id}`, element('small', {}, name(registry))],
      csv: ({ id }) => id,
    },
    {
      title: 'State',
      cell: ({ state, message }) => [STATES[state] ?? state, element('small', {}, name(message ?? ''))],
      csv: ({ state }) => state,
    },
    {
      title: 'Requested',
      kind: 'moment',
      hide: 'narrow',
      cell: (crawl) => [format.moment(crawl.requested_at), element('small', {}, name(crawl.requested_by ?? ''))],
      csv: (crawl) => crawl.requested_at,
    },
    { title: 'Took', kind: 'number', wraps: true, cell: (crawl) => took(crawl), csv: (crawl) => crawl.finished_at },
    {
      title: 'Repositories',
      kind: 'number',
      hide: 'medium',
      cell: (crawl) => format.count(crawl.repositories_done),
      csv: (crawl) => crawl.repositories_done,
    },
    {
      title: 'Received',
      kind: 'number',
      hide: 'medium',
      cell: (crawl) => format.bytes(crawl.bytes_received),
      csv: (crawl) => crawl.bytes_received,
    },
    { title: 'Faults', kind: 'number', cell: (crawl) => format.count(crawl.faults), csv: (crawl) => crawl.faults },
  ]);
  return element(
    'section',
    { class: 'panel' },
    element('div', { class: 'paging' }, element('h2', {}, 'Latest crawls'), tableCsv('crawls.csv', columns, crawls)),
    table({ caption: 'Latest crawls', columns, rows: crawls, empty: 'Nothing has been crawled yet.' }),
  );
}

/** @param {Crawl} crawl */
function took({ started_at: start, finished_at: end }) {
  return start && end ? format.duration((Date.parse(end) - Date.parse(start)) / 1000) : format.UNKNOWN;
}
