// The ranking as a chart: a bar for each of the best, and the line of how fast they add up.

import { chart, shortened } from '../chart.js';
import { element, name } from '../element.js';
import { add, compare, percent } from '../exact.js';
import * as format from '../format.js';
import { bytesScale, moneyScale } from '../scale.js';
import { table } from '../table.js';
import { HOW } from '../words.js';
import { link, measureSwitch } from './cells.js';

/** @typedef {import('api').RepositoryRow} Repository */
/** @typedef {import('api').Money} Money */
/** @typedef {{label: string, value: Money | number | bigint, row?: Repository}} Bar */

const RANKED = 15;

/**
 * The repositories with the largest saving first.
 * @param {Repository[]} repositories
 * @param {boolean} inMoney
 */
export function bySaving(repositories, inMoney) {
  return [...repositories].sort((a, b) => compare(plain(saved(b, inMoney)), plain(saved(a, inMoney))));
}

/** @param {Repository} row @param {boolean} inMoney @returns {Money | number} */
function saved({ cost, alpine }, inMoney) {
  const money = inMoney ? cost?.alpine?.joint_saving.expected : null;
  return money ?? alpine?.joint_saving_bytes.expected ?? 0;
}

/**
 * @param {object} options
 * @param {Repository[]} options.ranked
 * @param {boolean} options.inMoney
 * @param {boolean} options.priced
 * @param {AbortSignal} options.signal
 * @param {Element} options.file
 */
export function pareto({ ranked, inMoney, priced, signal, file }) {
  const show = (/** @type {any} */ value) => (inMoney ? format.money(value) : format.bytes(value));
  const bars = barsOf(ranked, inMoney);
  const total = sum(bars.map(({ value }) => value));
  const cumulative = shares(bars, total);
  const [best] = bars;
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
    { title: 'Together', kind: 'number', cell: (bar) => `${cumulative[bars.indexOf(bar)]} %` },
  ]);
  const scale = inMoney
    ? moneyScale(/** @type {Money} */ (best.value).currency)
    : bytesScale(bars.map(({ value }) => /** @type {number} */ (value)));
  return chart({
    title: 'Where the saving is',
    says: `${best.label} saves most: ${show(best.value)} of ${show(total)}${inMoney ? ' a month' : ''}. The first ${Math.min(RANKED, ranked.length)} of ${ranked.length} that should switch save ${cumulative[Math.min(RANKED, bars.length) - 1]} %.`,
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
        'A bar to the left: the repository would cost more, usually because other images still need its old base. The line is the running total from the top.',
      ),
    ],
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: bars.map(({ label }) => shortened(label)),
        datasets: [
          {
            label: 'Together',
            type: 'line',
            data: cumulative.map(Number),
            xAxisID: 'share',
            borderColor: colour.now,
            backgroundColor: colour.now,
            borderDash: [4, 3],
            borderWidth: 1.5,
            pointRadius: 2,
            order: 0,
          },
          {
            label: inMoney ? 'Saved a month' : 'Freed',
            data: bars.map(({ value }) => scale.at(value)),
            backgroundColor: bars.map(({ value }) => (format.sign(value) < 0 ? colour.loss : colour.alpine)),
            order: 1,
          },
        ],
      },
      options: {
        indexAxis: 'y',
        scales: {
          x: { ticks: { callback: scale.mark } },
          y: { ticks: { autoSkip: false }, grid: { display: false } },
          share: {
            position: 'top',
            min: Math.min(0, ...cumulative.map(Number)),
            suggestedMax: 100,
            grid: { display: false },
            ticks: { callback: (/** @type {number} */ value) => `${value} %` },
          },
        },
        plugins: {
          tooltip: {
            callbacks: {
              title: (/** @type {any[]} */ [item]) => bars[item.dataIndex].label,
              label: (/** @type {any} */ item) =>
                item.datasetIndex ? show(bars[item.dataIndex].value) : `together ${cumulative[item.dataIndex]} %`,
            },
          },
        },
      },
    }),
  });
}

/** The best, then the others as one. @param {Repository[]} ranked @param {boolean} inMoney @returns {Bar[]} */
function barsOf(ranked, inMoney) {
  const several = new Set(ranked.map(({ registry }) => registry)).size > 1;
  const bars = ranked.map((row) => ({
    label: several ? `${row.registry}/${row.repository}` : row.repository,
    value: saved(row, inMoney),
    row,
  }));
  const rest = bars.slice(RANKED);
  if (!rest.length) return bars;
  return [
    ...bars.slice(0, RANKED),
    { label: `${format.count(rest.length)} others`, value: sum(rest.map(({ value }) => value)) },
  ];
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
