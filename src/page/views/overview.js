// The first view: what is paid and stored now and on Alpine, how that came about and where it goes.

import * as address from '../address.js';
import { get } from '../api.js';
import { element, explained, name, replace } from '../element.js';
import * as format from '../format.js';
import { daysOf } from '../period.js';
import { table } from '../table.js';
import { HOW, VERDICTS, WORTHS, verdictMark, worthMark } from '../words.js';
import { cards, partNote } from './cards.js';
import { headline } from './headline.js';

/** @typedef {import('api').Registry} Registry */

/** Shorter periods have at most two months, which are no course. */
const SHORTEST_COURSE_DAYS = 62;

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const parts = ['advice', 'notes', 'cards', 'course', 'rest'].map((id) => element('div', { id }));
  const [advice, notes, figures, course, rest] = parts;
  frame.root.append(...parts);

  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    const { registry, window: period } = parameters;
    // The chart may take its time; what finance looks at first does not wait for it. Of a month alone it would be a bar.
    const span = period && daysOf(period) > SHORTEST_COURSE_DAYS ? period : null;
    const history = get('v1/history', { registry, window: span }, signal);
    history.catch(() => {});
    // Figures do not wait for the code that draws.
    const drawing = import('./development.js');
    drawing.catch(() => {});
    const past = period ? get('v1/registries', { window: period }, signal) : null;
    const [present, then] = await Promise.all([frame.registries(), past]);
    /** @type {Registry[]} */
    const all = then?.items ?? present;
    if (signal.aborted) return;
    const chosen = registry ? all.filter((row) => row.registry === registry) : all;
    // The headline of one registry is in its row; of several, savings do not add up, so it is asked for.
    const summary = chosen.length > 1 ? await get('v1/summary', { window: period }, signal) : chosen[0];
    replace(advice, summary && headline(summary.headline));
    replace(notes, partNote(chosen), warnings(chosen));
    replace(figures, chosen.length ? cards(chosen, { isPast: Boolean(period) }) : nothingYet(registry));
    if (!chosen.length) replace(course);
    replace(rest, verdicts(chosen), chosen.length > 1 && registryTable(chosen));
    performance.mark('tare-figures');
    if (!chosen.length) return;
    const [answer, { development }] = await Promise.all([history, drawing]);
    frame.credit(then ?? answer);
    replace(course, development(answer, parameters, frame.signal));
    frame.announce(`Overview of ${chosen.length === 1 ? chosen[0].registry : `${chosen.length} registries`}`);
  };
}

/** @param {string} [registry] */
function nothingYet(registry) {
  return element(
    'div',
    { class: 'panel empty' },
    element('h2', {}, registry ? 'No such registry' : 'No registry has been crawled yet'),
    element(
      'p',
      {},
      'Crawl one with ',
      element('code', {}, 'tare crawl https://reg.example.com'),
      ', or put it into the configuration and it is crawled on schedule.',
    ),
  );
}

/** What must be known of the figures before they are used. @param {Registry[]} registries */
function warnings(registries) {
  const texts = registries.flatMap(({ registry, notes = [], cost }) =>
    [...new Set([...notes.map(({ note }) => note), ...(cost?.warnings ?? [])])].map((text) => ({ registry, text })),
  );
  if (!texts.length) return null;
  const items = texts.map(({ registry, text }) => element('li', {}, name(registry), ': ', name(text)));
  return element('ul', { class: 'alert' }, items);
}

/** How many repositories have which verdict. @param {Registry[]} registries */
function verdicts(registries) {
  const counts = Object.keys(VERDICTS).map((verdict) => ({
    verdict,
    count: registries.reduce((sum, { alpine }) => sum + (alpine?.verdicts[verdict] ?? 0), 0),
  }));
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  if (!all) return null;
  const items = counts
    .filter(({ count }) => count)
    .map(({ verdict, count }) =>
      element(
        'li',
        {},
        element(
          'a',
          { href: address.href({ view: 'repositories', verdict }) },
          verdictMark(verdict),
          element('strong', {}, format.count(count)),
        ),
        element('span', { class: 'muted' }, VERDICTS[verdict][1]),
      ),
    );
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'verdicts' },
    element('h2', { id: 'verdicts' }, `What to do with ${format.counted(all, 'repository', 'repositories')}`),
    element('ul', { class: 'verdicts' }, items),
    ...worths(registries),
  );
}

/** Of those that become smaller, how many are worth the work. @param {Registry[]} registries */
function worths(registries) {
  const sums = registries.flatMap(({ cost }) => (cost?.alpine?.worth ? [cost.alpine.worth] : []));
  const counts = Object.keys(WORTHS).map((worth) => ({
    worth,
    count: sums.reduce((sum, of) => sum + (of[worth]?.repositories ?? 0), 0),
  }));
  if (counts.every(({ count }) => !count)) return [];
  const items = counts
    .filter(({ count }) => count)
    .map(({ worth, count }) =>
      element(
        'li',
        {},
        element(
          'a',
          { href: address.href({ view: 'savings' }) },
          worthMark(worth),
          element('strong', {}, format.count(count)),
        ),
        element('span', { class: 'muted' }, WORTHS[worth][1]),
      ),
    );
  return [
    element('h3', {}, 'Is it worth the work?'),
    element('ul', { class: 'verdicts' }, items),
  ];
}

/** @param {Registry[]} registries */
function registryTable(registries) {
  /** @type {import('../table.js').Column<Registry>[]} */
  const columns = [
    {
      title: 'Registry',
      isHeader: true,
      cell: (row) => element('a', { href: address.href({ registry: row.registry }) }, name(row.registry)),
    },
    { title: 'Repositories', kind: 'number', cell: (row) => format.count(row.repositories) },
    { title: 'Stored', kind: 'number', cell: (row) => format.bytes(row.stored_bytes) },
    { title: 'Stored on Alpine', kind: 'number', cell: (row) => format.bytes(row.alpine?.stored_bytes.expected) },
    { title: 'Per month', kind: 'number', cell: (row) => format.money(row.cost?.month) },
    { title: 'Saved per month', kind: 'number', cell: (row) => format.money(row.cost?.alpine?.saving.expected) },
    { title: 'Crawled', kind: 'moment', cell: (row) => format.moment(row.as_of) },
  ];
  return element(
    'section',
    { class: 'panel' },
    element('h2', {}, 'Registries'),
    table({ caption: 'Registries', columns, rows: registries }),
    explained('How this is computed', element('p', {}, HOW.month), element('p', {}, HOW.alpine)),
  );
}
