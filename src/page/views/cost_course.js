// Cost, month by month: bars of its parts, a line of the cost on Alpine, and the
// months to come with the band in which they are expected.

import { chart } from '../chart.js';
import * as format from '../format.js';
import { moneyScale } from '../scale.js';
import { datasets } from '../series.js';
import { table, tableCsv } from '../table.js';

/** @typedef {import('api').Money} Money */
/** @typedef {import('./months.js').Month} Month */

/**
 * A series of the chart, which is a column of the table too.
 * @typedef {import('../series.js').Look & {of: (month: Month) => Money | null | undefined}} Series
 */

/** What a bar consists of, from below. @type {Series[]} */
const PARTS = [
  { title: 'Storage', mark: 'bar', colour: 'storage', of: ({ point }) => point?.cost?.storage },
  { title: 'Transfer', mark: 'bar', colour: 'transfer', of: ({ point }) => point?.cost?.transfer },
  { title: 'Flat fee', mark: 'hatched', colour: 'fee', of: ({ point }) => point?.cost?.fee },
];

/** Where the parts are not recorded, as of single repositories. @type {Series[]} */
const WHOLE = [{ title: 'Cost', mark: 'bar', colour: 'storage', of: ({ point }) => point?.cost?.month }];

/** @type {Series} */
const ON_ALPINE = {
  title: 'On Alpine',
  mark: 'line',
  colour: 'alpine',
  of: ({ point }) => point?.alpine?.month.expected,
};

/** @type {Series} */
const FORECAST = { title: 'Forecast', mark: 'dotted', colour: 'now', of: ({ forecast }) => forecast?.expected };
/** @type {import('../series.js').Look} */
const RANGE = { title: '90 % likely range', mark: 'band', colour: 'now' };

/**
 * @param {object} options
 * @param {Month[]} options.months
 * @param {AbortSignal} options.signal
 * @param {Element | null} options.tools
 * @param {Money[]} [options.budgets]
 * @param {{text: string} | null} [options.change] The last month beside the one before.
 * @param {{text: string} | null} [options.basis] What the forecast rests on, and how good it was.
 */
export function costChart({ months, signal, tools, budgets = [], change, basis }) {
  const past = months.filter(({ point }) => point?.cost);
  const last = past[past.length - 1];
  const ahead = months.filter(({ forecast }) => forecast);
  const parts = past.some((month) => PARTS[0].of(month)) ? PARTS : WHOLE;
  const alpine = past.some(ON_ALPINE.of) ? [ON_ALPINE] : [];
  const currency = last.point?.cost?.month.currency;
  const amount = budgets.find((own) => own.currency === currency);
  /** @type {Series[]} */
  const budget = amount ? [{ title: 'Budget', mark: 'dashed', colour: 'budget', of: () => amount }] : [];
  const columns = columnsOf(parts === PARTS, alpine.length > 0, ahead.length > 0, budget);
  // What is zero in every month has no bar and needs no entry in the legend.
  const bars = parts.filter((part) => past.some((month) => format.position(part.of(month))));
  const forecast = ahead.length ? [FORECAST] : [];
  const all = [...bars, ...alpine, ...budget, ...forecast];
  return chart({
    title: 'Cost by month',
    says: words(past, ahead, change, basis) + (amount ? ` The budget is ${format.money(amount)} a month.` : ''),
    signal,
    size: 'high',
    tools,
    table: table({ caption: 'Cost by month', columns, rows: months }),
    file: tableCsv('cost-by-month.csv', columns, months),
    how: 'Each bar is a whole month at the level of its last crawl, by the price book. The band is the likely range of the forecast.',
    series: ahead.length ? [...all, RANGE] : all,
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: months.map(({ label }) => format.month(label)),
        datasets: [
          ...bars.flatMap((part) => datasets(part, drawn(months, part.of), colour, { stack: 'cost', order: 4 })),
          ...[...alpine, ...budget].flatMap((series) =>
            datasets(series, drawn(months, series.of), colour, { stack: series.title }),
          ),
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
          tooltip: {
            callbacks: {
              label: (/** @type {{dataset: {label: string}, dataIndex: number}} */ { dataset, dataIndex }) => {
                const money = all.find(({ title }) => title === dataset.label)?.of(months[dataIndex]);
                return money ? `${dataset.label}: ${format.money(money)}` : null;
              },
              footer: (/** @type {{dataIndex: number}[]} */ items) => (items.length ? sums(months[items[0].dataIndex]) : []),
            },
          },
        },
      },
    }),
  });
}

/** What the tooltip says below the parts. @param {Month} month */
function sums({ point, forecast }) {
  if (forecast) return [`90 % likely: ${format.interval(forecast, format.money)}`];
  const saving = format.difference(point?.cost?.month, point?.alpine?.month.expected);
  return [`Total: ${format.money(point?.cost?.month)}`, ...(saving ? [`Saving on Alpine: ${format.money(saving)}`] : [])];
}

/** @param {Month[]} months @param {Series['of']} of */
function drawn(months, of) {
  return months.map((month) => (of(month) ? format.position(of(month)) : null));
}

/**
 * The dotted line with its band. They start where the last bar ends.
 * @param {Month[]} months
 * @param {Month} last
 * @param {import('../chart.js').Colours} colour
 */
function aheadSets(months, last, colour) {
  const from = (/** @type {Series['of']} */ of) =>
    drawn(months, (month) => (month === last ? month.point?.cost?.month : of(month)));
  const edge = { type: 'line', label: '', borderColor: 'transparent', pointRadius: 0, order: 3 };
  return [
    ...datasets(FORECAST, from(FORECAST.of), colour, { stack: 'expected' }),
    { ...edge, data: from(({ forecast }) => forecast?.low), stack: 'low' },
    { ...edge, data: from(({ forecast }) => forecast?.high), stack: 'high', backgroundColor: colour.band, fill: '-1' },
  ];
}

/** @param {boolean} hasParts @param {boolean} hasAlpine @param {boolean} hasForecast @param {Series[]} budget */
function columnsOf(hasParts, hasAlpine, hasForecast, budget) {
  const column = (/** @type {{title: string, of: Series['of']}} */ { title, of }) =>
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
    ...(hasParts ? PARTS.map((part) => ({ ...column(part), hide: /** @type {const} */ ('medium') })) : []),
    column({ title: 'Total', of: ({ point, forecast }) => point?.cost?.month ?? forecast?.expected }),
    ...(hasForecast
      ? [
          column({ title: 'At least', of: ({ forecast }) => forecast?.low }),
          column({ title: 'At most', of: ({ forecast }) => forecast?.high }),
        ].map((end) => ({ ...end, hide: /** @type {const} */ ('narrow') }))
      : []),
    ...(hasAlpine ? [column(ON_ALPINE)] : []),
    ...budget.map((own) => ({ ...column(own), hide: /** @type {const} */ ('narrow') })),
  ];
  return columns;
}

/**
 * The course in words: the API's, which compare only months that can be compared; for single repositories, the page's.
 * @param {Month[]} past
 * @param {Month[]} ahead
 * @param {{text: string} | null} [change]
 * @param {{text: string} | null} [basis]
 */
function words(past, ahead, change, basis) {
  const [last, end] = [past[past.length - 1], ahead[ahead.length - 1]];
  const before = past[past.length - 2];
  const now = `${format.money(last.point?.cost?.month)} in ${format.month(last.label)}`;
  const so = change?.text ?? (before ? `${now}, ${compared(last, before)}.` : `${now}: one month recorded so far.`);
  if (basis) return `${so} ${basis.text}`;
  if (!end?.forecast) return so;
  const expected = `${format.money(end.forecast.expected)} is expected`;
  return `${so} For ${format.month(end.label)} ${expected} (90 % likely: ${format.interval(end.forecast, format.money)}).`;
}

/** A month against the one before. @param {Month} month @param {Month} before */
function compared({ point }, { point: earlier, label }) {
  const change = format.difference(point?.cost?.month, earlier?.cost?.month);
  const share = change && format.share(change.amount, earlier?.cost?.month.amount ?? '0');
  if (!share || share === format.UNKNOWN) return `after ${format.money(earlier?.cost?.month)} in ${format.month(label)}`;
  const sign = change && format.sign(change) > 0 ? '+' : '';
  return `${sign}${share} on ${format.month(label)}`;
}
