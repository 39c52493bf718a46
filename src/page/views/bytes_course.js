// Stored bytes, month by month.

import { chart } from '../chart.js';
import * as format from '../format.js';
import { bytesScale } from '../scale.js';
import { datasets } from '../series.js';
import { table, tableCsv } from '../table.js';

/** @typedef {import('./months.js').Month} Month */

/** @typedef {import('../series.js').Look & {of: (month: Month) => number | null | undefined}} Series */

/** @type {Series[]} */
const SERIES = [
  { title: 'Stored', mark: 'bar', colour: 'storage', of: ({ point }) => point?.stored_bytes },
  { title: 'On Alpine', mark: 'bar', colour: 'alpine', of: ({ point }) => point?.alpine_stored_bytes },
];

/** @param {{months: Month[], signal: AbortSignal, tools: Element | null}} options */
export function bytesChart({ months: all, signal, tools }) {
  const months = all.filter(({ point }) => point);
  const scale = bytesScale(months.flatMap((month) => SERIES.map(({ of }) => of(month))));
  /** @type {import('../table.js').Column<Month>[]} */
  const columns = [
    { title: 'Month', isHeader: true, cell: ({ label }) => format.month(label), csv: ({ label }) => label },
    {
      title: 'Reading',
      kind: 'moment',
      hide: 'narrow',
      cell: ({ point }) => format.moment(point?.as_of),
      csv: ({ point }) => point?.as_of,
    },
    ...SERIES.map(bytesColumn),
  ];
  return chart({
    title: 'Stored bytes by month',
    says: words(months),
    signal,
    size: 'high',
    tools,
    table: table({ caption: 'Stored bytes by month', columns, rows: months }),
    file: tableCsv('bytes-by-month.csv', columns, months),
    how: 'The last crawl of each month, every layer counted once. On Alpine: what would have been stored if every repository with the verdict “switch” had moved.',
    series: SERIES,
    build: (colour) => ({
      type: 'bar',
      data: {
        labels: months.map(({ label }) => format.month(label)),
        datasets: SERIES.flatMap((series) =>
          datasets(series, months.map((month) => (series.of(month) == null ? null : scale.at(series.of(month)))), colour),
        ),
      },
      options: {
        scales: { x: { grid: { display: false } }, y: { beginAtZero: true, ticks: { callback: scale.mark } } },
        plugins: {
          tooltip: {
            callbacks: {
              label: (/** @type {any} */ { dataset, datasetIndex, dataIndex }) =>
                `${dataset.label}: ${format.bytes(SERIES[datasetIndex].of(months[dataIndex]))}`,
              footer: (/** @type {any[]} */ items) => (items.length ? freed(months[items[0].dataIndex]) : []),
            },
          },
        },
      },
    }),
  });
}

/** What the tooltip says below the bars. @param {Month} month */
function freed({ point }) {
  if (point?.alpine_stored_bytes == null) return [];
  return [`Saving on Alpine: ${format.bytes(point.stored_bytes - point.alpine_stored_bytes)}`];
}

/** @param {Month[]} months */
function words(months) {
  const [first, last] = [months[0]?.point, months[months.length - 1]?.point];
  if (!first || !last) return 'Nothing has been recorded yet.';
  const now = `${format.bytes(last.stored_bytes)} in ${format.month(last.as_of)}`;
  if (months.length === 1) return `${now}: one month recorded so far.`;
  return `From ${format.bytes(first.stored_bytes)} in ${format.month(first.as_of)} to ${now}.`;
}

/** @param {Series} series @returns {import('../table.js').Column<Month>} */
function bytesColumn({ title, of }) {
  return { title, kind: 'number', cell: (month) => format.bytes(of(month)), csv: of };
}
