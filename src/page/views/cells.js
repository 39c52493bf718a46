// What several views have in common.

import * as address from '../address.js';
import { element } from '../element.js';
import * as format from '../format.js';

/**
 * A modelled figure with its interval below it.
 * @template T
 * @param {{low: T, expected: T, high: T} | null | undefined} estimate
 * @param {(value: T) => string} show
 */
export function saving(estimate, show) {
  if (!estimate) return format.UNKNOWN;
  const loses = format.sign(/** @type {any} */ (estimate.expected)) < 0;
  return [
    element('span', { class: loses ? 'loss' : null }, show(estimate.expected)),
    element('small', { class: 'range' }, format.interval(estimate, show)),
  ];
}

/** Where one repository is shown. @param {{registry: string, repository: string}} row */
export function link({ registry, repository }) {
  return address.href({ view: 'repository', of: registry, repository });
}

/**
 * The column that says when the effort has paid for itself, where an effort is known for any of the rows.
 * @param {import('api').RepositoryRow[]} rows
 * @returns {import('../table.js').Column<import('api').RepositoryRow>[]}
 */
export function payback(rows) {
  const of = (/** @type {import('api').RepositoryRow} */ { cost }) => cost?.alpine?.payback_months;
  if (rows.every((row) => of(row) == null)) return [];
  return [
    {
      title: 'Pays back',
      kind: 'number',
      hide: 'medium',
      explain: 'The number of months after which the saving has paid for the effort of moving.',
      cell: (row) => inMonths(of(row)),
      csv: (row) => of(row),
    },
  ];
}

/** @param {string | null | undefined} months */
function inMonths(months) {
  if (months == null) return format.UNKNOWN;
  return /^[\d.]+$/.test(months) ? `${months} months` : months;
}

/** Links that show the same in money or in bytes. @param {'cost' | 'bytes'} current */
export function measureSwitch(current) {
  const option = (/** @type {string} */ measure, /** @type {string} */ title) =>
    element(
      'a',
      {
        href: address.changed({ measure: measure === 'cost' ? null : measure }),
        'aria-current': measure === current ? 'true' : null,
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
