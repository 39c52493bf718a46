// What changed in a period: which repositories or teams cost more or less, and the cause.

import * as address from '../address.js';
import { get, url } from '../api.js';
import { chart, shortened } from '../chart.js';
import { csvLink } from '../csv.js';
import { element, name, replace } from '../element.js';
import * as format from '../format.js';
import { moneyScale } from '../scale.js';
import { datasets } from '../series.js';
import { legend, table } from '../table.js';
import { UNASSIGNED, sentence } from '../words.js';
import { link } from './cells.js';
import { groupSwitch } from './controls.js';

/** @typedef {import('api').Money} Money */
/** @typedef {import('api').ChangeList} List */
/** @typedef {import('api').ChangeRow} Row */
/** @typedef {NonNullable<Row['cost']>} Cost */

const GROUPS = {
  repository: 'repository',
  team: 'team',
  cost_centre: 'cost centre',
  environment: 'environment',
  registry: 'registry',
};
/** Most that the chart shows. */
const DRAWN = 15;

/** Why costs change. @type {(import('../series.js').Look & {cause: keyof Cost['because'], explain: string})[]} */
const CAUSES = [
  { title: 'Pulls', mark: 'bar', colour: 'transfer', cause: 'pulls', explain: 'Images are pulled more or less often.' },
  {
    title: 'Bytes',
    mark: 'bar',
    colour: 'storage',
    cause: 'bytes',
    explain: 'More or less is stored or shared, or images became larger or smaller.',
  },
  {
    title: 'Prices',
    mark: 'hatched',
    colour: 'now',
    cause: 'prices',
    explain: 'The price book has other prices, or the month another length.',
  },
  {
    title: 'New or gone',
    mark: 'hatched',
    colour: 'transfer',
    cause: 'new_or_gone',
    explain: 'Repositories that did not exist before, or do not exist any more.',
  },
];

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    const by = Object.hasOwn(GROUPS, parameters.by ?? '') ? parameters.by : 'repository';
    const aggregate = by === 'repository' ? 'registry,repository' : by;
    const query = { aggregate, window: parameters.window, registry: parameters.registry };
    /** @type {List} */
    const list = await get('v1/changes', { ...query, limit: 200 }, signal);
    frame.credit(list);
    const file = csvLink('changes.csv', url('v1/changes', { ...query, format: 'csv' }));
    const notes = list.notes.map((note) => element('li', {}, name(note)));
    replace(
      frame.root,
      element('div', { class: 'by tools' }, groupSwitch(GROUPS, by, 'repository')),
      notes.length > 0 && element('ul', { class: 'alert' }, notes),
      list.items.length
        ? view(list, by, file, frame.signal)
        : element('p', { class: 'panel' }, `Nothing changed between ${between(list)}.`),
    );
    frame.announce(`${format.count(list.items.length)} changes by ${by}`);
  };
}

/** @param {List} list */
function between({ before_as_of: before, after_as_of: after }) {
  return `${format.day(before)} and ${format.day(after)}`;
}

/** @param {List} list @param {string} by @param {Element} file @param {AbortSignal} signal */
function view(list, by, file, signal) {
  const rows = list.items;
  const currencies = new Set(rows.map(({ cost }) => cost?.before.currency));
  const several = new Set(rows.map(({ keys }) => keys.registry)).size > 1;
  const columns = columnsOf(list, by, several);
  // Amounts in several currencies have no common axis.
  const drawn = currencies.size === 1 ? rows.filter(({ cost }) => cost).slice(0, DRAWN) : [];
  const caption = `Change of cost by ${GROUPS[/** @type {keyof GROUPS} */ (by)]}`;
  const figures = table({ caption, columns, rows });
  const how = [
    element('p', {}, 'Each moment is a calendar month at the level of the last crawl before it.'),
    element('p', {}, 'Each cause is the mean of the change that it alone adds, over every order in which causes can change. They add up.'),
    legend(columns),
  ];
  if (!drawn.length) {
    return element('section', { class: 'panel' }, element('div', { class: 'paging' }, element('h2', {}, caption), file), figures, how);
  }
  const series = CAUSES.filter(({ cause }) => drawn.some(({ cost }) => cost && format.sign(cost.because[cause])));
  const scale = moneyScale([...currencies][0]);
  return chart({
    title: caption,
    says: words(list),
    signal,
    size: drawn.length > 8 ? 'tall' : 'high',
    file,
    isTableOpen: true,
    table: figures,
    how,
    series,
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: drawn.map((row) => shortened(label(row, by))),
        datasets: series.flatMap((look) =>
          datasets(look, drawn.map(({ cost }) => (cost ? scale.at(cost.because[look.cause]) : null)), colour, { stack: 'change' }),
        ),
      },
      options: {
        indexAxis: 'y',
        scales: {
          x: { stacked: true, ticks: { callback: scale.mark } },
          y: { stacked: true, ticks: { autoSkip: false }, grid: { display: false } },
        },
        plugins: {
          tooltip: {
            callbacks: {
              title: (/** @type {any[]} */ [item]) => (item ? label(drawn[item.dataIndex], by) : ''),
              label: (/** @type {any} */ { datasetIndex, dataIndex }) => {
                const { title, cause } = series[datasetIndex];
                return `${title}: ${signed(drawn[dataIndex].cost?.because[cause])}`;
              },
              footer: (/** @type {any[]} */ [item]) => (item ? summed(drawn[item.dataIndex].cost) : []),
            },
          },
        },
      },
    }),
  });
}

/** @param {Cost | null | undefined} cost */
function summed(cost) {
  if (!cost) return [];
  return [`Together: ${signed(cost.difference)}`, `${format.money(cost.before)} to ${format.money(cost.after)}`];
}

/** @param {List} list */
function words(list) {
  const sums = list.totals.map(
    ({ before, after, difference }) => `${format.money(before)} to ${format.money(after)} a month (${signed(difference)})`,
  );
  return sums.length ? `Between ${between(list)}: ${sums.join(', ')}.` : `Between ${between(list)}.`;
}

/** @param {Money | null | undefined} money */
function signed(money) {
  const text = format.money(money);
  // Less than a cent is shown as “< $0.01”, which needs no sign.
  return money && format.sign(money) > 0 && !text.startsWith('<') ? `+${text}` : text;
}

/** @param {Row} row @param {string} by */
function label({ keys }, by) {
  const key = keys[by];
  return key === UNASSIGNED ? 'unassigned' : key;
}

/** @param {List} list @param {string} by @param {boolean} several @returns {import('../table.js').Column<Row>[]} */
function columnsOf({ totals }, by, several) {
  const [sums] = totals.length === 1 ? totals : [];
  /** @param {string} title @param {(cost: Cost) => string} show @param {Partial<import('../table.js').Column<Row>>} [more] */
  const column = (title, show, more = {}) =>
    /** @type {import('../table.js').Column<Row>} */ ({
      title,
      kind: 'number',
      cell: ({ cost }) => (cost ? show(cost) : format.UNKNOWN),
      total: sums && show(sums),
      ...more,
    });
  return [
    {
      title: sentence(GROUPS[/** @type {keyof GROUPS} */ (by)]),
      isHeader: true,
      total: 'Total',
      cell: (row) => [
        rowName(row, by),
        row.status !== 'changed' && element('span', { class: 'verdict' }, row.status),
        several && by === 'repository' && element('small', {}, name(row.keys.registry)),
      ],
    },
    column('Before', ({ before }) => format.money(before), { hide: 'narrow' }),
    column('After', ({ after }) => format.money(after)),
    column('Change', ({ difference }) => signed(difference)),
    ...CAUSES.map(({ title, cause, explain }) =>
      column(title, ({ because }) => (format.sign(because[cause]) ? signed(because[cause]) : format.UNKNOWN), {
        hide: 'medium',
        explain,
      }),
    ),
    {
      title: 'Attributed',
      kind: 'number',
      hide: 'wide',
      explain: 'The change of the attributed bytes.',
      cell: ({ attributed_bytes: { difference } }) =>
        difference > 0 ? `+${format.bytes(difference)}` : format.bytes(difference),
    },
    {
      title: 'Pulls a month',
      kind: 'number',
      hide: 'wide',
      cell: ({ pulls_per_month: { before, after } }) =>
        before === after ? format.count(after) : `${format.count(before)} → ${format.count(after)}`,
    },
  ];
}

/** @param {Row} row @param {string} by */
function rowName({ keys, status }, by) {
  const key = keys[by];
  if (key === UNASSIGNED) return element('em', {}, 'unassigned');
  if (by === 'repository') {
    return status === 'gone'
      ? name(key)
      : element('a', { href: link({ registry: keys.registry, repository: key }) }, name(key));
  }
  return element('a', { href: address.href({ view: 'repositories', [by]: key }) }, name(key));
}
