// How cost and bytes came about, month by month, and where they are heading.

import * as address from '../address.js';
import { chart } from '../chart.js';
import { element } from '../element.js';
import * as format from '../format.js';
import { bytesScale, moneyScale } from '../scale.js';
import { table, tableCsv } from '../table.js';
import { sentence } from '../words.js';

/** @typedef {import('../types.js').Money} Money */
/** @typedef {import('../types.js').MoneyEstimate} MoneyEstimate */

/**
 * @typedef {object} Point
 * @property {string} as_of
 * @property {number} stored_bytes
 * @property {number | null} [alpine_stored_bytes]
 * @property {{month: Money, fee: Money, storage: Money, transfer: Money} | null} [cost]
 * @property {{month: MoneyEstimate} | null} [alpine]
 */

/** @typedef {{month: string, low: Money, expected: Money, high: Money}} Forecast */
/** @typedef {{label: string, point?: Point, forecast?: Forecast}} Month */

/**
 * @param {{items: Point[], forecast?: Forecast[]}} history
 * @param {address.Address} parameters
 * @param {AbortSignal} signal
 */
export function development(history, parameters, signal) {
  const months = monthly(history);
  const hasCost = months.some(({ point }) => point?.cost);
  const measure = hasCost && parameters.measure !== 'bytes' ? 'cost' : 'bytes';
  const options = { months, signal, tools: hasCost ? measureSwitch(measure) : null };
  return measure === 'cost' ? costChart(options) : bytesChart(options);
}

/** The last reading of each month, then the months to come. @param {{items: Point[], forecast?: Forecast[]}} history */
function monthly({ items, forecast = [] }) {
  /** @type {Map<string, Month>} */
  const months = new Map();
  for (const point of [...items].sort((a, b) => (a.as_of < b.as_of ? -1 : 1))) {
    const label = point.as_of.slice(0, 7);
    months.set(label, { label, point });
  }
  for (const ahead of forecast) {
    const label = ahead.month.slice(0, 7);
    if (!months.has(label)) months.set(label, { label, forecast: ahead });
  }
  return [...months.values()];
}

/** @param {string} measure */
function measureSwitch(measure) {
  const option = (/** @type {string} */ value, /** @type {string} */ title) =>
    element(
      'a',
      {
        href: address.changed({ measure: value === 'cost' ? null : value }),
        'aria-current': value === measure ? 'true' : null,
      },
      title,
    );
  return element(
    'span',
    { class: 'switch', role: 'group', 'aria-label': 'Measure' },
    option('cost', 'Cost'),
    option('bytes', 'Bytes'),
  );
}

/** @param {{months: Month[], signal: AbortSignal, tools: Element | null}} options */
function costChart({ months, signal, tools }) {
  const past = months.filter(({ point }) => point?.cost);
  const [first, last] = [past[0], past[past.length - 1]];
  const ahead = months.filter(({ forecast }) => forecast);
  const of = (/** @type {'fee' | 'storage' | 'transfer'} */ part) =>
    months.map(({ point }) => (point?.cost ? format.position(point.cost[part]) : null));
  // The lines of what is to come start where the last bar ends.
  const line = (/** @type {'low' | 'expected' | 'high'} */ end) =>
    months.map((month) =>
      month === last
        ? format.position(month.point?.cost?.month)
        : month.forecast
          ? format.position(month.forecast[end])
          : null,
    );
  /** @type {import('../table.js').Column<Month>[]} */
  const columns = [
    {
      title: 'Month',
      isHeader: true,
      cell: ({ label, forecast }) => [format.month(label), forecast ? ' (forecast)' : ''],
      csv: ({ label }) => label,
    },
    ...['storage', 'transfer', 'fee'].map((part) =>
      moneyColumn(
        part === 'fee' ? 'Flat fee' : sentence(part),
        ({ point }) => point?.cost?.[/** @type {'fee'} */ (part)],
      ),
    ),
    moneyColumn('Total', ({ point, forecast }) => point?.cost?.month ?? forecast?.expected),
    moneyColumn('At least', ({ forecast }) => forecast?.low),
    moneyColumn('At most', ({ forecast }) => forecast?.high),
    moneyColumn('On Alpine', ({ point }) => point?.alpine?.month?.expected),
  ];
  const says = [
    `From ${format.money(first.point?.cost?.month)} in ${format.month(first.label)} to ${format.money(last.point?.cost?.month)} in ${format.month(last.label)}.`,
    ahead.length
      ? `For ${format.month(ahead[ahead.length - 1].label)}, ${format.money(ahead[ahead.length - 1].forecast?.expected)} is expected (${format.interval(ahead[ahead.length - 1].forecast, format.money)}).`
      : '',
  ].join(' ');
  return chart({
    title: 'Cost by month',
    says,
    signal,
    size: 'high',
    tools,
    table: table({ caption: 'Cost by month', columns, rows: months }),
    file: tableCsv('cost-by-month.csv', columns, months),
    how:
      'Each bar is a whole month at the level of its last reading, split into storage, transfer and flat fee under the price ' +
      'book. The months to come continue the trend of the recorded ones; the band is where they are expected nine times in ten.',
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: months.map(({ label }) => format.month(label)),
        datasets: [
          { label: 'Storage', data: of('storage'), backgroundColor: colour.storage, stack: 'cost', order: 3 },
          { label: 'Transfer', data: of('transfer'), backgroundColor: colour.transfer, stack: 'cost', order: 3 },
          { label: 'Flat fee', data: of('fee'), backgroundColor: colour.fee, stack: 'cost', order: 3 },
          {
            label: 'On Alpine',
            type: 'line',
            data: months.map(({ point }) =>
              point?.alpine?.month ? format.position(point.alpine.month.expected) : null,
            ),
            borderColor: colour.alpine,
            backgroundColor: colour.alpine,
            pointRadius: 3,
            borderWidth: 2,
            stack: 'alpine',
            order: 1,
          },
          ...(ahead.length
            ? [
                {
                  label: 'Forecast',
                  type: 'line',
                  data: line('expected'),
                  borderColor: colour.now,
                  backgroundColor: colour.now,
                  borderDash: [2, 5],
                  borderCapStyle: 'round',
                  pointRadius: 2,
                  stack: 'expected',
                  order: 1,
                },
                {
                  label: 'At least',
                  type: 'line',
                  data: line('low'),
                  borderColor: 'transparent',
                  pointRadius: 0,
                  stack: 'low',
                  order: 2,
                },
                {
                  label: 'At most',
                  type: 'line',
                  data: line('high'),
                  borderColor: 'transparent',
                  backgroundColor: colour.band,
                  pointRadius: 0,
                  fill: '-1',
                  stack: 'high',
                  order: 2,
                },
              ]
            : []),
        ],
      },
      options: {
        scales: {
          x: { stacked: true, grid: { display: false } },
          y: {
            stacked: true,
            beginAtZero: true,
            ticks: { callback: moneyScale(last.point?.cost?.month.currency).mark },
          },
        },
        plugins: {
          legend: {
            labels: { filter: (/** @type {{text: string}} */ item) => !item.text.startsWith('At ') },
          },
          tooltip: { callbacks: { label: (/** @type {any} */ item) => costLabel(item, months) } },
        },
      },
    }),
  });
}

/** @param {{dataset: {label: string}, dataIndex: number}} item @param {Month[]} months */
function costLabel({ dataset, dataIndex }, months) {
  const { point, forecast } = months[dataIndex];
  const cost = point?.cost;
  /** @type {Record<string, Money | null | undefined>} */
  const exact = {
    Storage: cost?.storage,
    Transfer: cost?.transfer,
    'Flat fee': cost?.fee,
    'On Alpine': point?.alpine?.month?.expected,
    Forecast: forecast?.expected,
    'At least': forecast?.low,
    'At most': forecast?.high,
  };
  return exact[dataset.label] ? `${dataset.label}: ${format.money(exact[dataset.label])}` : null;
}

/** @param {{months: Month[], signal: AbortSignal, tools: Element | null}} options */
function bytesChart({ months: all, signal, tools }) {
  const months = all.filter(({ point }) => point);
  const [first, last] = [months[0]?.point, months[months.length - 1]?.point];
  const scale = bytesScale(months.flatMap(({ point }) => [point?.stored_bytes, point?.alpine_stored_bytes]));
  /** @type {import('../table.js').Column<Month>[]} */
  const columns = [
    { title: 'Month', isHeader: true, cell: ({ label }) => format.month(label), csv: ({ label }) => label },
    {
      title: 'Reading',
      kind: 'moment',
      cell: ({ point }) => format.moment(point?.as_of),
      csv: ({ point }) => point?.as_of,
    },
    bytesColumn('Stored', ({ point }) => point?.stored_bytes),
    bytesColumn('On Alpine', ({ point }) => point?.alpine_stored_bytes),
  ];
  return chart({
    title: 'Stored bytes by month',
    says:
      first && last
        ? `From ${format.bytes(first.stored_bytes)} in ${format.month(first.as_of)} to ${format.bytes(last.stored_bytes)} in ${format.month(last.as_of)}.`
        : 'Nothing has been recorded yet.',
    signal,
    size: 'high',
    tools,
    table: table({ caption: 'Stored bytes by month', columns, rows: months }),
    file: tableCsv('bytes-by-month.csv', columns, months),
    how: 'The last reading of each month: every layer once. On Alpine: what would have been stored had all that should switch done so.',
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: months.map(({ label }) => format.month(label)),
        datasets: [
          {
            label: 'Stored',
            data: months.map(({ point }) => scale.at(point?.stored_bytes)),
            backgroundColor: colour.storage,
          },
          {
            label: 'On Alpine',
            data: months.map(({ point }) =>
              point?.alpine_stored_bytes == null ? null : scale.at(point.alpine_stored_bytes),
            ),
            backgroundColor: colour.alpine,
          },
        ],
      },
      options: {
        scales: { x: { grid: { display: false } }, y: { beginAtZero: true, ticks: { callback: scale.mark } } },
        plugins: {
          tooltip: {
            callbacks: {
              label: (/** @type {any} */ item) =>
                `${item.dataset.label}: ${format.bytes(item.datasetIndex ? months[item.dataIndex].point?.alpine_stored_bytes : months[item.dataIndex].point?.stored_bytes)}`,
            },
          },
        },
      },
    }),
  });
}

/** @param {string} title @param {(month: Month) => Money | null | undefined} value @returns {import('../table.js').Column<Month>} */
function moneyColumn(title, value) {
  return { title, kind: 'number', cell: (month) => format.money(value(month)), csv: (month) => value(month)?.amount };
}

/** @param {string} title @param {(month: Month) => number | null | undefined} value @returns {import('../table.js').Column<Month>} */
function bytesColumn(title, value) {
  return { title, kind: 'number', cell: (month) => format.bytes(value(month)), csv: (month) => value(month) };
}
