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
