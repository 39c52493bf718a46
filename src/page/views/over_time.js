// Costs month by month, by team, cost centre or any label: a bar of each month, in which each group has its part.

import * as address from '../address.js';
import { get, url } from '../api.js';
import { chart } from '../chart.js';
import { csvLink } from '../csv.js';
import { element, name } from '../element.js';
import { add } from '../exact.js';
import * as format from '../format.js';
import { daysOf, lastMonths } from '../period.js';
import { moneyScale } from '../scale.js';
import { datasets } from '../series.js';
import { table } from '../table.js';
import { UNASSIGNED, sentence } from '../words.js';

/** @typedef {import('api').Money} Money */
/** @typedef {import('api').CostRow} Row */
/** @typedef {import('api').CostStep} Step */
/** @typedef {{key: string, title: string, amounts: Map<string, Money>, total: Money}} Group */

/** Without a choice, this many months. */
const USUAL_MONTHS = 12;
/** By which filter the repositories of a group are found. @type {Record<string, string>} */
const FILTERS = {
  team: 'team',
  cost_centre: 'cost_centre',
  environment: 'environment',
  registry: 'registry',
  repository: 'search',
};
/** How groups are drawn: more than these cannot be told apart. @type {Omit<import('../series.js').Look, 'title'>[]} */
const LOOKS = [
  { mark: 'bar', colour: 'storage' },
  { mark: 'bar', colour: 'transfer' },
  { mark: 'bar', colour: 'alpine' },
  { mark: 'hatched', colour: 'storage' },
  { mark: 'hatched', colour: 'transfer' },
  { mark: 'hatched', colour: 'alpine' },
];
const OTHERS = /** @type {const} */ ({ mark: 'outline', colour: 'now' });

/**
 * @param {string} aggregate What costs are grouped by, in the words of the API.
 * @param {string} title The same for readers.
 * @param {address.Address} parameters
 * @param {AbortSignal} signal Ends the request.
 * @param {import('../app.js').Frame} frame
 */
export async function overTime(aggregate, title, parameters, signal, frame) {
  const query = {
    window: parameters.window || lastMonths(USUAL_MONTHS),
    step: stepOf(parameters.window),
    aggregate,
    registry: parameters.registry,
  };
  /** @type {import('api').CostList} */
  const answer = await get('v1/costs', { ...query, limit: 1000 }, signal);
  frame.credit(answer);
  const currencies = [...new Set(answer.items.map(({ cost }) => cost.currency))];
  const file = csvLink('costs.csv', url('v1/costs', { ...query, format: 'csv' }));
  const charts = currencies.map((currency) => draw({ answer, currency, title, file, signal: frame.signal, aggregate }));
  const notes = [...new Set(answer.notes)].map((note) => element('li', {}, name(note)));
  return [
    notes.length > 0 && element('ul', { class: 'alert' }, notes),
    charts.length ? charts : element('p', { class: 'panel' }, 'No costs are known for this period.'),
  ];
}

/** Days within a month, months within a longer window. @param {string | undefined} window */
function stepOf(window) {
  if (!window) return 'month';
  const days = daysOf(window);
  return days > 62 ? 'month' : days > 14 ? 'week' : 'day';
}

/**
 * @param {{answer: import('api').CostList, currency: string, title: string, aggregate: string, file: Element, signal: AbortSignal}} options
 */
function draw({ answer, currency, title, aggregate, file, signal }) {
  const groups = groupsOf(answer.items, currency);
  const steps = answer.steps;
  const drawn = groups.length > LOOKS.length + 1 ? groups.slice(0, LOOKS.length) : groups;
  const rest = groups.slice(drawn.length);
  const others = rest.length ? [together(rest, currency)] : [];
  const series = [...drawn, ...others].map((group, at) => ({ group, ...(LOOKS[at] ?? OTHERS), title: group.title }));
  const sum = (/** @type {Step} */ { totals }) => totals.find(({ cost }) => cost.currency === currency)?.cost;
  const scale = moneyScale(currency);
  const last = steps[steps.length - 1];
  return chart({
    title: `Cost over time by ${title}`,
    says: groups.length
      ? `Most of the period: ${groups[0].title}, ${format.money(groups[0].total)}.`
      : 'Nothing to show.',
    signal,
    size: 'high',
    file,
    isTableOpen: true,
    table: costTable(groups, steps, currency, title, aggregate),
    how:
      'Each step has the costs of its days: storage by what was stored, transfer by the pulls, fees evenly. ' +
      'The sums equal the exports of the same days.',
    series,
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: steps.map(label),
        datasets: series.flatMap(({ group, ...look }) =>
          datasets(look, steps.map(({ start }) => position(group, start)), colour, { stack: 'cost' }),
        ),
      },
      options: {
        scales: {
          x: { stacked: true, grid: { display: false } },
          y: { stacked: true, beginAtZero: true, ticks: { callback: scale.mark } },
        },
        plugins: {
          tooltip: {
            filter: (/** @type {any} */ { raw }) => raw != null,
            callbacks: {
              label: (/** @type {any} */ { dataset, datasetIndex, dataIndex }) =>
                `${dataset.label}: ${format.money(series[datasetIndex].group.amounts.get(steps[dataIndex].start))}`,
              footer: (/** @type {any[]} */ [item]) => (item ? [`Total: ${format.money(sum(steps[item.dataIndex]))}`] : []),
            },
          },
        },
      },
    }),
    note: last && !last.complete ? last.incomplete_because.join(' ') : '',
  });
}

/** @param {Group} group @param {string} start */
function position({ amounts }, start) {
  const amount = amounts.get(start);
  return amount ? format.position(amount) : null;
}

/** The groups, the most expensive first. @param {Row[]} rows @param {string} currency @returns {Group[]} */
function groupsOf(rows, currency) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const { name: key, start, cost } of rows) {
    if (cost.currency !== currency) continue;
    const title = key.replaceAll(UNASSIGNED, 'unassigned');
    const group = groups.get(key) ?? { key, title, amounts: new Map(), total: { amount: '0', currency } };
    group.amounts.set(start, cost);
    group.total = { amount: add(group.total.amount, cost.amount), currency };
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => format.position(b.total) - format.position(a.total));
}

/** Several groups as one. @param {Group[]} groups @param {string} currency @returns {Group} */
function together(groups, currency) {
  /** @type {Group} */
  const sum = {
    key: '',
    title: format.counted(groups.length, 'other'),
    amounts: new Map(),
    total: { amount: '0', currency },
  };
  for (const { amounts } of groups) {
    for (const [start, { amount }] of amounts) {
      sum.amounts.set(start, { amount: add(sum.amounts.get(start)?.amount ?? '0', amount), currency });
      sum.total = { amount: add(sum.total.amount, amount), currency };
    }
  }
  return sum;
}

/** @param {Step} step */
function label({ start, end, complete }) {
  const isMonth = start.endsWith('-01') && end.endsWith('-01');
  const words = isMonth ? format.month(start) : start;
  return complete ? words : `${words} *`;
}

/**
 * @param {Group[]} groups
 * @param {Step[]} steps
 * @param {string} currency
 * @param {string} title
 * @param {string} aggregate
 */
function costTable(groups, steps, currency, title, aggregate) {
  const shown = steps.slice(-6);
  const filter = FILTERS[aggregate];
  /** @type {import('../table.js').Column<Group>[]} */
  const columns = [
    {
      title: aggregate.startsWith('label:') ? title : sentence(title),
      isHeader: true,
      total: 'Total',
      cell: ({ key, title: words }) =>
        key === UNASSIGNED || !filter
          ? name(words)
          : element('a', { href: address.href({ view: 'repositories', [filter]: key }) }, name(words)),
    },
    ...shown.map((step, at) => ({
      title: label(step),
      kind: /** @type {const} */ ('number'),
      hide: at < shown.length - 2 ? /** @type {const} */ ('medium') : undefined,
      cell: (/** @type {Group} */ { amounts }) => format.money(amounts.get(step.start)),
      total: format.money(step.totals.find(({ cost }) => cost.currency === currency)?.cost),
    })),
    {
      title: 'Whole period',
      kind: 'number',
      hide: 'narrow',
      cell: ({ total }) => format.money(total),
      total: format.money(groups.reduce((sum, { total }) => format.sum(sum, total) ?? sum, { amount: '0', currency })),
    },
  ];
  return table({ caption: `Cost over time by ${title}`, columns, rows: groups });
}
