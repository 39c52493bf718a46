// Cost, month by month: bars of what it consisted of, the line of what it would have been on Alpine, and the
// months to come with the band in which they are expected.

import { chart } from '../chart.js';
import * as format from '../format.js';
import { moneyScale } from '../scale.js';
import { table, tableCsv } from '../table.js';

/** @typedef {import('api').Money} Money */
/** @typedef {import('./months.js').Month} Month */

/** A series of the chart, which is a column of the table too. @typedef {{title: string, of: (month: Month) => Money | null | undefined}} Series */

/** What a bar consists of, from below. @type {(Series & {colour: string})[]} */
const PARTS = [
  { title: 'Storage', colour: 'storage', of: ({ point }) => point?.cost?.storage },
  { title: 'Transfer', colour: 'transfer', of: ({ point }) => point?.cost?.transfer },
  { title: 'Flat fee', colour: 'fee', of: ({ point }) => point?.cost?.fee },
];

/** Where the parts are not recorded, as of single repositories. @type {(Series & {colour: string})[]} */
const WHOLE = [{ title: 'Cost', colour: 'storage', of: ({ point }) => point?.cost?.month }];

/** @type {Series} */
const ON_ALPINE = { title: 'On Alpine', of: ({ point }) => point?.alpine?.month.expected };

/** @type {Series[]} */
const AHEAD = [
  { title: 'Forecast', of: ({ forecast }) => forecast?.expected },
  { title: 'At least', of: ({ forecast }) => forecast?.low },
  { title: 'At most', of: ({ forecast }) => forecast?.high },
];

/** @param {{months: Month[], signal: AbortSignal, tools: Element | null, budgets?: Money[]}} options */
export function costChart({ months, signal, tools, budgets = [] }) {
  const past = months.filter(({ point }) => point?.cost);
  const last = past[past.length - 1];
  const ahead = months.filter(({ forecast }) => forecast);
  const parts = past.some((month) => PARTS[0].of(month)) ? PARTS : WHOLE;
  const alpine = past.some(ON_ALPINE.of) ? [ON_ALPINE] : [];
  const currency = last.point?.cost?.month.currency;
  const amount = budgets.find((own) => own.currency === currency);
  /** @type {Series[]} */
  const budget = amount ? [{ title: 'Budget', of: () => amount }] : [];
  const columns = columnsOf(parts === PARTS, alpine.length > 0, ahead.length > 0, budget);
  const all = [...parts, ...alpine, ...budget, ...AHEAD];
  return chart({
    title: 'Cost by month',
    says: words(past, ahead) + (amount ? ` The budget is ${format.money(amount)} a month.` : ''),
    signal,
    size: 'high',
    tools,
    table: table({ caption: 'Cost by month', columns, rows: months }),
    file: tableCsv('cost-by-month.csv', columns, months),
    how:
      'Each bar is a whole month at the level of its last crawl, by the price book.' +
      (ahead.length
        ? ' The months to come go on as the recorded ones went; the band is where they are expected nine times in ten.'
        : ''),
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: months.map(({ label }) => format.month(label)),
        datasets: [
          ...parts.map((part) => ({
            label: part.title,
            data: drawn(months, part),
            backgroundColor: colour[part.colour],
            stack: 'cost',
            order: 3,
          })),
          ...alpine.map((series) => ({
            label: series.title,
            type: 'line',
            data: drawn(months, series),
            borderColor: colour.alpine,
            backgroundColor: colour.alpine,
            pointRadius: 3,
            borderWidth: 2,
            stack: 'alpine',
            order: 1,
          })),
          ...budget.map((series) => ({
            label: series.title,
            type: 'line',
            data: drawn(months, series),
            borderColor: colour.loss,
            backgroundColor: colour.loss,
            borderDash: [8, 4],
            borderWidth: 2,
            pointRadius: 0,
            stack: 'budget',
            order: 1,
          })),
          ...(ahead.length ? aheadSets(months, last, colour) : []),
        ],
      },
      options: {
        scales: {
          x: { stacked: true, grid: { display: false } },
          y: {
            stacked: true,
            beginAtZero: true,
            ticks: { callback: moneyScale(currency).mark },
          },
        },
        plugins: {
          // The ends of the band need no entry of their own.
          legend: { labels: { filter: (/** @type {{text: string}} */ item) => !item.text.startsWith('At ') } },
          tooltip: {
            callbacks: {
              label: (/** @type {{dataset: {label: string}, dataIndex: number}} */ { dataset, dataIndex }) => {
                const money = all.find(({ title }) => title === dataset.label)?.of(months[dataIndex]);
                return money ? `${dataset.label}: ${format.money(money)}` : null;
              },
            },
          },
        },
      },
    }),
  });
}

/** @param {Month[]} months @param {Series} series */
function drawn(months, { of }) {
  return months.map((month) => (of(month) ? format.position(of(month)) : null));
}

/**
 * The dotted line with its band. They start where the last bar ends.
 * @param {Month[]} months
 * @param {Month} last
 * @param {import('../chart.js').Colours} colour
 */
function aheadSets(months, last, colour) {
  const [expected, low, high] = AHEAD.map(({ of }) =>
    drawn(months, { title: '', of: (month) => (month === last ? month.point?.cost?.month : of(month)) }),
  );
  const edge = { type: 'line', borderColor: 'transparent', pointRadius: 0, pointStyle: false, order: 2 };
  return [
    {
      label: 'Forecast',
      type: 'line',
      data: expected,
      borderColor: colour.now,
      backgroundColor: colour.now,
      borderDash: [2, 5],
      borderCapStyle: 'round',
      pointRadius: 2,
      stack: 'expected',
      order: 1,
    },
    { ...edge, label: 'At least', data: low, stack: 'low' },
    { ...edge, label: 'At most', data: high, stack: 'high', backgroundColor: colour.band, fill: '-1' },
  ];
}

/** @param {boolean} hasParts @param {boolean} hasAlpine @param {boolean} hasForecast @param {Series[]} budget */
function columnsOf(hasParts, hasAlpine, hasForecast, budget) {
  const column = ({ title, of } = /** @type {Series} */ ({})) =>
    /** @type {import('../table.js').Column<Month>} */ ({
      title,
      kind: 'number',
      cell: (month) => format.money(of(month)),
      csv: (month) => of(month)?.amount,
    });
  /** @type {import('../table.js').Column<Month>[]} */
  const columns = [
    {
      title: 'Month',
      isHeader: true,
      cell: ({ label, forecast }) => [format.month(label), forecast ? ' (forecast)' : ''],
      csv: ({ label }) => label,
    },
    ...(hasParts ? PARTS.map(column) : []),
    column({ title: 'Total', of: ({ point, forecast }) => point?.cost?.month ?? forecast?.expected }),
    ...(hasForecast ? AHEAD.slice(1).map(column) : []),
    ...(hasAlpine ? [column(ON_ALPINE)] : []),
    ...budget.map(column),
  ];
  return columns;
}

/** @param {Month[]} past @param {Month[]} ahead */
function words(past, ahead) {
  const [first, last, end] = [past[0], past[past.length - 1], ahead[ahead.length - 1]];
  const cost = (/** @type {Month} */ { point, label }) =>
    `${format.money(point?.cost?.month)} in ${format.month(label)}`;
  const so = first === last ? `${cost(last)}.` : `From ${cost(first)} to ${cost(last)}.`;
  if (!end?.forecast) return so;
  const expected = `${format.money(end.forecast.expected)} is expected`;
  return `${so} For ${format.month(end.label)} ${expected} (${format.interval(end.forecast, format.money)}).`;
}
