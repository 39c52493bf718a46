// Stored bytes, month by month.

import { chart } from '../chart.js';
import * as format from '../format.js';
import { bytesScale } from '../scale.js';
import { table, tableCsv } from '../table.js';

/** @typedef {import('./months.js').Month} Month */

/** @param {{months: Month[], signal: AbortSignal, tools: Element | null}} options */
export function bytesChart({ months: all, signal, tools }) {
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
    how: 'The last crawl of each month, every layer counted once. On Alpine: what would have been stored if every repository with the verdict “switch” had moved.',
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

/** @param {string} title @param {(month: Month) => number | null | undefined} value @returns {import('../table.js').Column<Month>} */
function bytesColumn(title, value) {
  return { title, kind: 'number', cell: (month) => format.bytes(value(month)), csv: (month) => value(month) };
}
