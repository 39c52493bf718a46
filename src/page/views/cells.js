// What several views have in common.

import * as address from '../address.js';
import { element } from '../element.js';
import { compare } from '../exact.js';
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
  const range = format.interval(estimate, show);
  return [
    element('span', { class: loses ? 'loss' : null }, show(estimate.expected)),
    range && element('small', { class: 'range' }, range),
  ];
}

/** A size on Alpine: its range, or that it is measured. @param {import('api').Estimate | null | undefined} estimate */
export function then(estimate) {
  if (!estimate) return format.UNKNOWN;
  return [
    format.bytes(estimate.expected),
    element('small', { class: 'range' }, format.interval(estimate, format.bytes) || 'measured'),
  ];
}

/** How sure the size of a repository on Alpine is. @param {any} row @returns {string | null | undefined} */
export function confidenceOf(row) {
  return row.confidence;
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
      wraps: true,
      explain: 'The number of months after which the saving has paid for the effort of moving.',
      cell: (row) => inMonths(of(row)),
      csv: (row) => of(row),
    },
  ];
}

/** From here on, months are no unit that people think in. */
const MONTHS_SHOWN = 24;
/** What pays back later is no reason to start today. */
const MONTHS_AT_MOST = 120;

/** How long until a saving has paid for the work. @param {string | null | undefined} months */
export function inMonths(months) {
  if (months == null) return format.UNKNOWN;
  if (!/^[\d.]+$/.test(months)) return months;
  if (compare(months, MONTHS_AT_MOST) > 0) return 'never in 10 years';
  return compare(months, MONTHS_SHOWN) > 0 ? `${(Number(months) / 12).toFixed(1)} years` : `${months} months`;
}

/** Which others on the same base must move too before bytes are freed. @param {number | null | undefined} needed */
export function otherRepositories(needed) {
  if (needed == null) return 'never frees any';
  return needed <= 1 ? 'none' : format.counted(needed - 1, 'other');
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
