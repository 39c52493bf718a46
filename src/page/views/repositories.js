// All repositories: searched, filtered, sorted and paged by the API, with the totals of everything that matches.

import * as address from '../address.js';
import { get, url } from '../api.js';
import { csvLink } from '../csv.js';
import { element, name, replace } from '../element.js';
import * as format from '../format.js';
import { legend, table } from '../table.js';
import { CONFIDENCES, HOW, VERDICTS, confidenceMark, verdictMark, worthMark } from '../words.js';
import { confidenceOf, link, saving } from './cells.js';
import { choiceFilter, chosenFilters, filterForm, textFilter } from './filters.js';
import { PAGE, pager } from './paged.js';

/** @typedef {import('api').RepositoryRow} Repository */

const OWNERS = /** @type {const} */ (['team', 'cost_centre', 'environment', 'base']);
const FILTERS = /** @type {const} */ (['registry', 'window', 'search', 'verdict', 'confidence', ...OWNERS]);

/** The order in which to move them, as in every report: by money, or by bytes where there are no costs. */
const BEST_FIRST = '-cost_saving';

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const [chosen, results] = [element('p', { class: 'tools' }), element('div')];
  const filters = [
    textFilter('Search by name', 'search', { isWide: true }),
    choiceFilter('Verdict', 'verdict', VERDICTS),
    choiceFilter('How sure', 'confidence', CONFIDENCES),
  ];
  frame.root.append(element('div', { class: 'panel' }, filterForm(filters), chosen, results));
  const pages = pager();

  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    for (const filter of filters) filter.show(parameters);
    replace(chosen, chosenFilters(parameters, OWNERS));
    const asked = Object.fromEntries(FILTERS.map((filter) => [filter, parameters[filter]]));
    const sort = parameters.sort ?? BEST_FIRST;
    const { cursor } = parameters;
    /** @type {import('api').RepositoryList} */
    const list = await get('v1/repositories', { ...asked, sort, cursor, limit: PAGE }, signal);
    frame.credit(list);
    const columns = columnsFor(list);
    const order = orderIn(columns, sort);
    const total = list.totals?.repositories ?? list.items.length;
    const caption = format.counted(total, 'repository', 'repositories');
    // The header is rebuilt; restore its focus.
    const pressed = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.sort;
    replace(
      results,
      element(
        'div',
        { class: 'paging' },
        element('h2', { id: 'found' }, caption),
        csvLink('repositories.csv', url('v1/repositories', { ...asked, sort, format: 'csv' })),
      ),
      list.items.length > 1 && element('p', { class: 'muted' }, order.says),
      table({
        caption: `${caption} as of ${format.moment(list.as_of)}`,
        columns,
        rows: list.items,
        sort: order.sort,
        onSort: (by) => address.go(address.changed({ sort: by, cursor: null })),
        empty: 'No repository matches.',
      }),
      pages({ cursor, next: list.next_cursor, here: list.items.length, total }),
      legend(columns),
    );
    if (pressed)
      /** @type {HTMLElement | null} */ (results.querySelector(`[data-sort="${CSS.escape(pressed)}"]`))?.focus();
    frame.announce(`${caption}. ${order.says}`);
  };
}

/**
 * The order of the rows, by the column that shows it, in words.
 * @param {import('../table.js').Column<Repository>[]} columns
 * @param {string} asked
 */
function orderIn(columns, asked) {
  // Without costs, the order by money is the order by bytes.
  const isShown = columns.some((column) => column.sort === asked.replace('-', ''));
  const sort = isShown ? asked : asked.replace('cost_saving', 'saving');
  const falls = sort.startsWith('-');
  const key = falls ? sort.slice(1) : sort;
  const title = columns.find((column) => column.sort === key)?.title ?? key;
  if (key === 'name') return { sort, says: `Sorted by name, ${falls ? 'Z to A' : 'A to Z'}.` };
  const purpose = asked === BEST_FIRST ? ': the order in which to move them' : '';
  return { sort, says: `Sorted by “${title}”, ${falls ? 'largest' : 'smallest'} first${purpose}.` };
}

/**
 * @param {import('api').RepositoryList} list
 * @returns {import('../table.js').Column<Repository>[]}
 */
function columnsFor({ items, totals }) {
  // Of sums in several currencies there is no total.
  const sums = totals?.costs?.length === 1 ? totals.costs[0] : undefined;
  const priced = items.some(({ cost }) => cost);
  const several = new Set(items.map(({ registry }) => registry)).size > 1;
  /** @type {import('../table.js').Column<Repository>[]} */
  const costs = [
    {
      title: 'Per month',
      kind: 'number',
      sort: 'cost',
      explain: `${HOW.month} Each repository has its share.`,
      cell: ({ cost }) => format.money(cost?.month),
      total: format.money(sums?.month),
      csv: ({ cost }) => cost?.month.amount,
    },
    {
      title: 'On Alpine',
      kind: 'number',
      sort: 'alpine_cost',
      hide: 'medium',
      explain: HOW.alpine,
      cell: ({ cost }) => format.money(cost?.alpine?.month.expected),
      total: format.money(sums?.alpine_month),
    },
    {
      title: 'Saving',
      kind: 'number',
      sort: 'cost_saving',
      explain: `${HOW.joint} Below it, the likely range. ${HOW.interval}`,
      cell: ({ cost }) => saving(cost?.alpine?.joint_saving, format.money),
      total: format.money(sums?.saving),
    },
  ];
  /** @type {import('../table.js').Column<Repository>} */
  const freed = {
    title: 'Freed',
    kind: 'number',
    sort: 'saving',
    hide: priced ? 'wide' : undefined,
    explain: `Stored bytes that Alpine frees. ${HOW.joint} The share of a repository that does not move can grow, because fewer repositories share its layers.`,
    cell: ({ alpine }) => saving(alpine?.joint_saving_bytes, format.bytes),
    total: format.bytes(totals?.joint_saving_bytes),
  };
  return [
    {
      title: 'Repository',
      isHeader: true,
      sort: 'name',
      total: 'Total',
      cell: (row) => [
        element('a', { href: link(row) }, name(row.repository)),
        (several || row.labels?.team) &&
          element('small', {}, name([several && row.registry, row.labels?.team].filter(Boolean).join(' · '))),
      ],
    },
    {
      title: 'Verdict',
      hide: 'narrow',
      explain: Object.values(VERDICTS)
        .map(([label, meaning]) => `${label}: ${meaning}`)
        .join(' '),
      cell: (row) =>
        element(
          'span',
          { class: 'marks' },
          verdictMark(row.verdict),
          worthMark(row.worth),
          confidenceMark(confidenceOf(row)),
        ),
    },
    {
      title: 'Base',
      hide: 'medium',
      explain: 'The base image of its newest images.',
      cell: ({ base }) => (base ? name(base.runtime ?? base.name ?? '') : format.UNKNOWN),
    },
    {
      title: 'Tags',
      kind: 'number',
      hide: 'medium',
      explain: 'Number of tags.',
      cell: ({ tags }) => format.count(tags),
      total: format.count(totals?.tags),
    },
    {
      title: 'Attributed',
      kind: 'number',
      sort: 'attributed',
      hide: priced ? 'medium' : undefined,
      explain: HOW.attributed,
      cell: (row) => format.bytes(row.attributed_bytes),
      total: format.bytes(totals?.attributed_bytes),
    },
    {
      title: 'Exclusive',
      kind: 'number',
      sort: 'exclusive',
      hide: 'medium',
      explain: 'What deleting the repository would free: layers that no other repository uses. These figures do not add up to the total.',
      cell: (row) => format.bytes(row.exclusive_bytes),
    },
    ...(priced ? costs : []),
    freed,
  ];
}
