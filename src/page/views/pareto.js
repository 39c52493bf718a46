// The ranking as a chart: a bar for each of the best. How fast they add up is in its table.

import { chart, shortened } from '../chart.js';
import { element, name } from '../element.js';
import { add, percent } from '../exact.js';
import * as format from '../format.js';
import { bytesScale, moneyScale } from '../scale.js';
import { datasets } from '../series.js';
import { table } from '../table.js';
import { HOW } from '../words.js';
import { confidenceOf, link, measureSwitch } from './cells.js';
import { brings, saved } from './gains.js';

/** @typedef {import('api').RepositoryRow} Repository */
/** @typedef {import('api').Money} Money */
/** @typedef {import('api').SavingList} List */
/** @typedef {{label: string, value: Money | number | bigint, row?: Repository, isSure?: boolean}} Bar */

const RANKED = 15;

/**
 * @param {object} options
 * @param {List} options.list
 * @param {boolean} options.inMoney
 * @param {boolean} options.priced
 * @param {AbortSignal} options.signal
 * @param {Element} options.file
 */
export function pareto({ list, inMoney, priced, signal, file }) {
  const show = (/** @type {any} */ value) => (inMoney ? format.money(value) : format.bytes(value));
  const gains = list.items.filter((row) => brings(row, inMoney)).length;
  const bars = barsOf(list, inMoney);
  const total = sum(bars.map(({ value }) => value));
  const cumulative = shares(bars, total);
  const [best] = bars;
  const series = seriesOf(inMoney).filter(({ has }) => bars.some(has));
  const columns = /** @type {import('../table.js').Column<Bar>[]} */ ([
    {
      title: 'Repository',
      isHeader: true,
      total: 'Total',
      cell: ({ label, row }) => (row ? element('a', { href: link(row) }, name(label)) : label),
    },
    {
      title: inMoney ? 'Saved a month' : 'Freed',
      kind: 'number',
      total: show(total),
      cell: ({ value }) => show(value),
    },
    { title: 'Running total', kind: 'number', cell: (bar) => `${cumulative[bars.indexOf(bar)]} %` },
  ]);
  const scale = inMoney
    ? moneyScale(/** @type {Money} */ (best.value).currency)
    : bytesScale(bars.map(({ value }) => /** @type {number} */ (value)));
  return chart({
    title: 'Where the saving is',
    says: [
      `${best.label} saves most: ${show(best.value)} of ${show(total)}${inMoney ? ' a month' : ''}.`,
      gains > RANKED ? ` The first ${RANKED} of ${gains} save ${cumulative[RANKED - 1]} %.` : '',
    ].join(''),
    signal,
    size: 'tall',
    file,
    tools: priced ? measureSwitch(inMoney ? 'cost' : 'bytes') : null,
    table: table({ caption: 'Where the saving is', columns, rows: bars }),
    how: [
      element('p', {}, HOW.joint),
      element('p', {}, HOW.alpine),
      element(
        'p',
        {},
        'A bar to the left: repositories that would cost more, because other images still need their old base. What ' +
          'stays behind: repositories that do not move bear more of the layers that they shared.',
      ),
    ],
    series,
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: bars.map(({ label }) => shortened(label)),
        // Each bar belongs to one series, and has the place of the others to itself.
        datasets: series.flatMap((one) =>
          datasets(one, bars.map((bar) => (one.has(bar) ? scale.at(bar.value) : null)), colour, { stack: 'saved' }),
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
            filter: (/** @type {any} */ { raw }) => raw != null,
            callbacks: {
              title: (/** @type {any[]} */ [item]) => (item ? bars[item.dataIndex].label : ''),
              label: (/** @type {any} */ { dataset, dataIndex }) => `${dataset.label}: ${show(bars[dataIndex].value)}`,
              footer: (/** @type {any[]} */ [item]) =>
                item
                  ? [
                      `${format.share(plain(bars[item.dataIndex].value), plain(total))} of ${show(total)}`,
                      `Running total: ${cumulative[item.dataIndex]} %`,
                    ]
                  : [],
            },
          },
        },
      },
    }),
  });
}

/** @typedef {import('../series.js').Look & {has: (bar: Bar) => boolean}} Series */

/** @param {boolean} inMoney @returns {Series[]} */
function seriesOf(inMoney) {
  const [saves, adds] = inMoney ? ['Saved a month', 'Costs more'] : ['Freed', 'Adds bytes'];
  const grows = (/** @type {Bar} */ { value }) => format.sign(value) < 0;
  return [
    { title: saves, mark: 'bar', colour: 'alpine', has: (bar) => !grows(bar) && bar.isSure !== false },
    { title: `${saves}, try one build first`, mark: 'hatched', colour: 'alpine', has: (bar) => !grows(bar) && bar.isSure === false },
    { title: adds, mark: 'bar', colour: 'fall', has: grows },
  ];
}

/**
 * The best, then the others as one, then what becomes more. Together they are what the registry saves.
 * @param {List} list
 * @param {boolean} inMoney
 * @returns {Bar[]}
 */
function barsOf({ items, stays_behind: stays }, inMoney) {
  const several = new Set(items.map(({ registry }) => registry)).size > 1;
  const bars = items.map((row) => ({
    label: several ? `${row.registry}/${row.repository}` : row.repository,
    value: saved(row, inMoney),
    isSure: confidenceOf(row) !== 'low',
    row,
  }));
  const gains = bars.filter(({ row }) => brings(row, inMoney));
  const losses = bars.filter(({ value }) => format.sign(value) < 0);
  const behind = inMoney ? stays.savings[0] : stays.saving_bytes;
  return [
    ...gains.slice(0, RANKED),
    ...together(gains.slice(RANKED), 'others'),
    ...(losses.length > 1 ? together(losses, 'that grow') : losses),
    ...(behind != null && format.sign(behind) !== 0 ? [{ label: 'stays behind', value: behind }] : []),
  ];
}

/** Several as one bar. @param {Bar[]} bars @param {string} words */
function together(bars, words) {
  if (!bars.length) return [];
  return [{ label: `${format.count(bars.length)} ${words}`, value: sum(bars.map(({ value }) => value)) }];
}

/** @param {(Money | number | bigint)[]} values @returns {Money | bigint} */
function sum(values) {
  const [first] = values;
  if (typeof first !== 'object')
    return values.reduce((/** @type {bigint} */ total, value) => total + BigInt(/** @type {number} */ (value)), 0n);
  return {
    amount: values.reduce((/** @type {string} */ total, value) => add(total, /** @type {Money} */ (value).amount), '0'),
    currency: first.currency,
  };
}

/** How much of the whole the bars make up so far, in percent. @param {Bar[]} bars @param {Money | bigint} total */
function shares(bars, total) {
  let sofar = '0';
  return bars.map(({ value }) => {
    sofar = add(sofar, plain(value));
    return percent(sofar, plain(total)) ?? '0';
  });
}

/** @param {Money | number | bigint} value */
function plain(value) {
  return typeof value === 'object' ? value.amount : String(value);
}
