// The crawls: what ran, what runs now and how far it is, and what could not be read.

import { follow, get, post } from '../api.js';
import { element, name, replace } from '../element.js';
import * as format from '../format.js';
import { table, tableCsv } from '../table.js';

/** @typedef {import('api').Registry} Registry */

/** @typedef {import('api').Crawl} Crawl */

const UNDER_WAY = ['queued', 'running'];

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const [start, running, done] = [element('div'), element('div'), element('div')];
  frame.root.append(start, running, done);
  /** Crawls whose events are being read. @type {Set<number>} */
  const followed = new Set();

  const show = async () => {
    const [list, registries] = await Promise.all([get('v1/crawls', { limit: 50 }, frame.signal), frame.registries()]);
    if (frame.signal.aborted) return;
    /** @type {Crawl[]} */
    const crawls = list.items;
    replace(start, starter(registries, crawls, show));
    const now = crawls.filter(({ state }) => UNDER_WAY.includes(state));
    replace(running, now.length > 0 && underWay(now));
    replace(done, past(crawls));
    for (const crawl of now) void watch(crawl, followed, frame, show);
  };
  return show;
}

/** @param {Registry[]} registries @param {Crawl[]} crawls @param {() => Promise<void>} show */
function starter(registries, crawls, show) {
  const said = element('p', { role: 'status', class: 'muted' });
  const rows = registries.map((row) => ({
    ...row,
    running: crawls.some(({ registry, state }) => registry === row.registry && UNDER_WAY.includes(state)),
  }));
  /** @param {Registry} row @param {Event} event */
  const begin = async ({ registry }, event) => {
    const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
    button.disabled = true;
    try {
      // Pressed twice, it is still one crawl.
      await post('v1/crawls', { registry }, { headers: { 'idempotency-key': crypto.randomUUID() } });
      await show();
    } catch (error) {
      button.disabled = false;
      said.textContent = /** @type {Error} */ (error).message;
    }
  };
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'freshness' },
    element('h2', { id: 'freshness' }, 'Age of the figures'),
    table({
      caption: 'Registries by age of their figures',
      rows,
      columns: [
        { title: 'Registry', isHeader: true, cell: (row) => name(row.registry) },
        { title: 'Last read', kind: 'moment', hide: 'narrow', cell: (row) => format.moment(row.as_of) },
        { title: 'Age', kind: 'number', cell: (row) => format.age(row.as_of) },
        {
          title: '',
          kind: 'number',
          cell: (row) =>
            element(
              'button',
              {
                type: 'button',
                disabled: row.running,
                onclick: (/** @type {Event} */ event) => void begin(row, event),
              },
              row.running ? 'Under way' : 'Crawl now',
              element('span', { class: 'for-readers' }, ` ${row.registry}`),
            ),
        },
      ],
    }),
    said,
  );
}

/** @param {Crawl[]} crawls */
function underWay(crawls) {
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'under-way' },
    element('h2', { id: 'under-way' }, 'Under way'),
    crawls.map((crawl) =>
      element(
        'div',
        { id: `crawl-${crawl.id}` },
        element(
          'p',
          {},
          name(crawl.registry),
          ` · ${crawl.state} · requested by `,
          name(crawl.requested_by ?? 'unknown'),
        ),
        progress(crawl),
      ),
    ),
  );
}

/** @param {Partial<Crawl>} crawl */
function progress({ repositories_done: done, repositories_total: total }) {
  const words = total
    ? `${format.count(done ?? 0)} of ${format.count(total)} repositories`
    : 'waiting, or reading the catalogue';
  return element(
    'p',
    { class: 'tools progress' },
    element('progress', { max: total || null, value: total ? (done ?? 0) : null, 'aria-label': 'Repositories read' }),
    element('span', {}, words),
  );
}

/**
 * Shows how far a crawl is until it ends.
 * @param {Crawl} crawl
 * @param {Set<number>} followed
 * @param {import('../app.js').Frame} frame
 * @param {() => Promise<void>} show
 */
async function watch(crawl, followed, frame, show) {
  if (followed.has(crawl.id)) return;
  followed.add(crawl.id);
  try {
    await follow(
      `v1/crawls/${crawl.id}/events`,
      ({ data }) => {
        const place = document.querySelector(`#crawl-${crawl.id} .progress`);
        if (place && data.repositories_total != null) place.replaceWith(progress(data));
      },
      frame.signal,
    );
  } catch {
    // The connection broke; the list below says how things stand, and another look follows.
    await new Promise((resolve) => {
      setTimeout(resolve, 3000);
    });
  }
  followed.delete(crawl.id);
  if (frame.signal.aborted) return;
  frame.announce(`The crawl of ${crawl.registry} changed`);
  await show();
}

/** @param {Crawl[]} crawls */
function past(crawls) {
  const columns = /** @type {import('../table.js').Column<Crawl>[]} */ ([
    {
      title: 'Crawl',
      isHeader: true,
      cell: ({ id, registry }) => [`#${id}`, element('small', {}, name(registry))],
      csv: ({ id }) => id,
    },
    {
      title: 'State',
      cell: ({ state, message }) => [state, element('small', {}, name(message ?? ''))],
      csv: ({ state }) => state,
    },
    {
      title: 'Requested',
      kind: 'moment',
      hide: 'narrow',
      cell: (crawl) => [format.moment(crawl.requested_at), element('small', {}, name(crawl.requested_by ?? ''))],
      csv: (crawl) => crawl.requested_at,
    },
    { title: 'Took', kind: 'number', cell: (crawl) => took(crawl), csv: (crawl) => crawl.finished_at },
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
