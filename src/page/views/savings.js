// Where the saving is: the repositories that should switch, in the order in which to move them.

import * as address from '../address.js';
import { get, url } from '../api.js';
import { csvLink } from '../csv.js';
import { element, name, replace } from '../element.js';
import * as format from '../format.js';
import { legend, table } from '../table.js';
import { CONFIDENCES, HOW, confidenceMark, worthMark } from '../words.js';
import { confidenceOf, link, otherRepositories, payback, saving, then } from './cells.js';
import { choiceFilter, filterForm } from './filters.js';
import { brings } from './gains.js';
import { pareto } from './pareto.js';

/** @typedef {import('api').RepositoryRow} Repository */

/** As many as a page of the API has. */
const MOST = 1000;

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const filters = [choiceFilter('How sure', 'confidence', CONFIDENCES)];
  const [head, results] = [element('div', { class: 'by' }, filterForm(filters)), element('div')];
  frame.root.append(head, results);
  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    for (const filter of filters) filter.show(parameters);
    const { registry, confidence, window: period } = parameters;
    const query = { registry, confidence, window: period };
    const isInBytes = parameters.measure === 'bytes';
    // The order is the API's, so that every interface names the same repositories first.
    const sort = isInBytes ? '-saving' : null;
    /** @type {import('api').SavingList} */
    const list = await get('v1/savings', { ...query, sort, limit: MOST }, signal);
    frame.credit(list);
    if (!list.items.length) {
      replace(results, nothing(Boolean(confidence)));
      return;
    }
    const currencies = new Set(list.items.map(({ cost }) => cost?.alpine?.month.expected.currency));
    const priced = currencies.size === 1 && list.items[0].cost?.alpine != null;
    const inMoney = priced && !isInBytes;
    const gains = list.items.filter((row) => brings(row, inMoney));
    const file = () => csvLink('savings.csv', url('v1/savings', { ...query, sort, format: 'csv' }));
    replace(
      results,
      gains.length > 0 && pareto({ list, inMoney, priced, signal: frame.signal, file: file() }),
      details(list.items, inMoney, priced, file()),
    );
    frame.announce(`${format.counted(gains.length, 'repository saves', 'repositories save')} something`);
  };
}

/** @param {boolean} isFiltered Whether others could be hidden by a filter. */
function nothing(isFiltered) {
  return element(
    'div',
    { class: 'panel empty' },
    element('h2', {}, isFiltered ? 'No repository that should switch matches' : 'No repository should switch'),
    element(
      'p',
      {},
      element('a', { href: address.href({ view: 'repositories' }) }, 'See the reason for each repository'),
    ),
  );
}

/** @type {import('../table.js').Column<Repository>} */
const FREED_ALONE = {
  title: 'Freed alone',
  kind: 'number',
  hide: 'medium',
  explain: 'Stored bytes freed if only this repository moves. Usually less, because other images still need its base.',
  cell: ({ alpine }) => saving(alpine?.solo_saving_bytes, format.bytes),
};

/**
 * @param {Repository[]} ranked
 * @param {boolean} inMoney
 * @param {boolean} priced
 * @param {Element} file
 */
function details(ranked, inMoney, priced, file) {
  const gains = ranked.filter((row) => brings(row, inMoney));
  const rest = ranked.filter((row) => !brings(row, inMoney));
  const columns = /** @type {import('../table.js').Column<Repository>[]} */ ([
    {
      title: 'Repository',
      isHeader: true,
      cell: (row) => [
        element('a', { href: link(row) }, name(row.repository)),
        element('span', { class: 'marks' }, worthMark(row.worth), confidenceMark(confidenceOf(row))),
      ],
    },
    {
      title: 'From',
      hide: 'medium',
      explain: 'The base image of its latest image.',
      cell: ({ base_change: change }) => name(change?.from ?? 'scratch'),
    },
    {
      title: 'To',
      hide: 'medium',
      explain: 'The Alpine image that takes its place.',
      cell: ({ base_change: change }) => name(change?.to ?? format.UNKNOWN),
    },
    {
      title: 'Now',
      kind: 'number',
      hide: 'medium',
      explain: 'The compressed size of its latest image.',
      cell: ({ base_change: change }) => format.bytes(change?.now_bytes),
    },
    {
      title: 'Then',
      kind: 'number',
      hide: 'medium',
      explain: 'Its size on Alpine, with the likely range. “Measured”: the image exists, and nothing is predicted.',
      cell: ({ base_change: change }) => then(change?.then_bytes),
    },
    ...(priced
      ? [
          {
            title: 'Saved a month',
            kind: 'number',
            hide: inMoney ? undefined : 'wide',
            explain: HOW.joint,
            cell: (/** @type {Repository} */ { cost }) => saving(cost?.alpine?.joint_saving, format.money),
          },
          {
            title: 'Alone',
            kind: 'number',
            hide: 'wide',
            explain: 'What is saved a month if only this repository moves.',
            cell: (/** @type {Repository} */ { cost }) => saving(cost?.alpine?.solo_saving, format.money),
          },
          ...payback(ranked),
        ]
      : []),
    {
      title: 'Freed',
      kind: 'number',
      hide: inMoney ? 'wide' : undefined,
      explain: `Stored bytes that are freed. ${HOW.joint} ${HOW.interval}`,
      cell: ({ alpine }) => saving(alpine?.joint_saving_bytes, format.bytes),
    },
    ...(priced ? [] : [FREED_ALONE]),
    {
      title: 'Must move with',
      kind: 'number',
      hide: 'wide',
      explain: 'How many others on the same base must move too before any bytes are freed.',
      cell: ({ alpine }) => otherRepositories(alpine?.break_even_repositories),
    },
  ]);
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'in-detail' },
    element('div', { class: 'paging' }, element('h2', { id: 'in-detail' }, 'Repository by repository'), file),
    table({
      caption: 'Savings by repository',
      columns,
      rows: gains,
      empty: inMoney ? 'No repository would cost less.' : 'No repository would free bytes.',
      folded: { rows: rest, summary: `${format.count(rest.length)} more save nothing` },
    }),
    element(
      'p',
      {},
      element(
        'a',
        { href: address.href({ view: 'repositories', sort: priced ? '-cost_saving' : '-saving' }) },
        'All repositories by saving, with the reasons for those that should stay',
      ),
    ),
    legend(columns),
  );
}
