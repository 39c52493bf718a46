// What each group costs now and on Alpine, as a chart and a table.

import * as address from '../address.js';
import { chart, shortened } from '../chart.js';
import { element, name } from '../element.js';
import * as format from '../format.js';
import { bytesScale, moneyScale } from '../scale.js';
import { datasets } from '../series.js';
import { table } from '../table.js';
import { GROUPS, HOW, VERDICTS, sentence } from '../words.js';

/** @typedef {import('api').Money} Money */
/** @typedef {import('api').BudgetedGroup} Group */

/** @typedef {import('../series.js').Look & {of: (row: Group | undefined) => any}} Series */

const DRAWN = 20;

/**
 * @param {import('api').Summary} list
 * @param {string} by
 * @param {Element} file
 * @param {AbortSignal} signal
 */
export function groups(list, by, file, signal) {
  const { items, totals } = list;
  // Groups that pay in several currencies are compared by what they store.
  const currencies = new Set(items.flatMap(({ costs }) => costs.map(({ month }) => month.currency)));
  const priced = currencies.size === 1;
  const now = (/** @type {Group | undefined} */ row) => (priced ? row?.costs[0]?.month : row?.attributed_bytes);
  const then = (/** @type {Group | undefined} */ row) =>
    priced ? row?.costs[0]?.alpine_month : row && row.attributed_bytes - row.joint_saving_bytes;
  const budget = (/** @type {Group | undefined} */ row) => (priced ? row && budgetOf(row, [...currencies][0]) : undefined);
  const hasBudgets = items.some(budget);
  /** @type {Series[]} */
  const series = [
    { title: 'Now', mark: 'bar', colour: 'storage', of: now },
    { title: 'On Alpine', mark: 'bar', colour: 'alpine', of: then },
    ...(hasBudgets ? [/** @type {Series} */ ({ title: 'Budget', mark: 'outline', colour: 'budget', of: budget })] : []),
  ];
  const saves = (/** @type {Group} */ row) =>
    `Saving on Alpine: ${priced ? format.money(row.costs[0]?.saving) : format.bytes(row.joint_saving_bytes)}`;
  const show = (/** @type {any} */ value) => (priced ? format.money(value) : format.bytes(value));
  const rows = [...items].sort((a, b) => format.position(now(b)) - format.position(now(a)));
  const drawn = rows.slice(0, DRAWN);
  const scale = priced
    ? moneyScale([...currencies][0])
    : bytesScale(rows.flatMap((row) => [now(row), then(row)]).map(Number));
  return chart({
    title: `${priced ? 'Cost a month' : 'Attributed bytes'} by ${GROUPS[by]}`,
    says: words(rows, by, (row) => show(now(row)), totals),
    signal,
    size: drawn.length > 8 ? 'tall' : 'high',
    file,
    isTableOpen: true,
    table: groupTable(rows, totals, by, priced, hasBudgets),
    how: [
      element('p', {}, priced ? HOW.month : HOW.attributed),
      element('p', {}, HOW.alpine),
      element('p', {}, HOW.joint),
      element(
        'p',
        {},
        'Repositories without a matching rule or label have a row of their own, so the rows add up to the total.',
      ),
    ],
    series,
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: drawn.map((row) => shortened(label(row, by))),
        datasets: series.flatMap((one) =>
          datasets(one, drawn.map((row) => (one.of(row) == null ? null : scale.at(one.of(row)))), colour),
        ),
      },
      options: {
        indexAxis: 'y',
        scales: {
          x: { beginAtZero: true, ticks: { callback: scale.mark } },
          y: { ticks: { autoSkip: false }, grid: { display: false } },
        },
        plugins: {
          tooltip: {
            callbacks: {
              title: (/** @type {any[]} */ [item]) => (item ? label(drawn[item.dataIndex], by) : ''),
              label: (/** @type {any} */ { dataset, datasetIndex, dataIndex }) => {
                const value = series[datasetIndex].of(drawn[dataIndex]);
                return value == null ? null : `${dataset.label}: ${show(value)}`;
              },
              footer: (/** @type {any[]} */ [item]) => (item ? [saves(drawn[item.dataIndex])] : []),
            },
          },
        },
      },
    }),
  });
}

/**
 * @param {Group[]} rows
 * @param {string} by
 * @param {(row: Group) => string} amount
 * @param {Group} totals
 */
function words(rows, by, amount, totals) {
  const [first] = rows;
  if (!first) return 'Nothing to show.';
  if (rows.length === 1 && first.key == null && by !== 'base') {
    return `No ${GROUPS[by]} is set for any repository. Set one by labels of the images or by owners in the configuration.`;
  }
  return `Largest: ${label(first, by)}, ${amount(first)} of ${amount(totals)}.`;
}

/**
 * @param {Group[]} rows
 * @param {Group | undefined} totals
 * @param {string} by
 * @param {boolean} priced
 * @param {boolean} hasBudgets
 */
function groupTable(rows, totals, by, priced, hasBudgets) {
  /** @param {string} title @param {(row: Group) => any} value @param {(value: any) => string} show */
  const column = (title, value, show, hide = /** @type {'narrow' | 'medium' | undefined} */ (undefined)) =>
    /** @type {import('../table.js').Column<Group>} */ ({
      title,
      hide,
      kind: 'number',
      cell: (row) => show(value(row)),
      total: totals && show(value(totals)),
    });
  const hasCosts = rows.some(({ costs }) => costs.length);
  const amounts = (/** @type {Money[]} */ sums) => sums.map(format.money).join(' + ') || format.UNKNOWN;
  /** @type {import('../table.js').Column<Group>[]} */
  const columns = [
    { title: sentence(GROUPS[by]), isHeader: true, total: 'Total', cell: (row) => rowName(row, by) },
    column('Repositories', (row) => row.repositories, format.count, 'narrow'),
    column('Smaller on Alpine', (row) => row.switching, format.count, 'medium'),
    column('Attributed', (row) => row.attributed_bytes, format.bytes, priced ? 'medium' : undefined),
    column('Freed', (row) => row.joint_saving_bytes, format.bytes, priced ? 'medium' : undefined),
    ...(hasCosts
      ? [
          column('A month', (row) => row.costs.map(({ month }) => month), amounts),
          ...(hasBudgets ? [budgetColumn(totals)] : []),
          column('On Alpine', (row) => row.costs.map(({ alpine_month: month }) => month), amounts, 'narrow'),
          column('Saving', (row) => row.costs.map(({ saving }) => saving), amounts),
        ]
      : []),
  ];
  return table({ caption: `By ${GROUPS[by]}`, columns, rows });
}

/** @param {Group | undefined} totals @returns {import('../table.js').Column<Group>} */
function budgetColumn(totals) {
  /** @param {Group} row */
  const cell = ({ budgets = [], costs }) => {
    if (!budgets.length) return format.UNKNOWN;
    const over = budgets.flatMap((budget) => {
      const month = costs.find(({ month: own }) => own.currency === budget.currency)?.month;
      const excess = format.difference(month, budget);
      return excess && format.sign(excess) > 0 ? [excess] : [];
    });
    return [
      budgets.map(format.money).join(' + '),
      over.length > 0 && element('small', { class: 'warning-text' }, `over by ${over.map(format.money).join(' + ')}`),
    ];
  };
  return { title: 'Budget', kind: 'number', cell, total: totals && cell(totals) };
}

/** @param {Group} row @param {string} currency */
function budgetOf({ budgets = [] }, currency) {
  return budgets.find((budget) => budget.currency === currency);
}

/** @param {Group} row @param {string} by */
function label({ key }, by) {
  if (key == null) return by === 'base' ? 'not known' : 'unassigned';
  return by === 'verdict' ? (VERDICTS[key]?.[0] ?? key) : key;
}

/** A group's name leads to its repositories. @param {Group} row @param {string} by */
function rowName(row, by) {
  if (row.key == null) return element('em', {}, label(row, by));
  return element('a', { href: address.href({ view: 'repositories', [by]: row.key }) }, name(label(row, by)));
}
