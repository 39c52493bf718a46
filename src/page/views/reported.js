// The card that compares what registries report about their own size with what is counted.

import { element, name } from '../element.js';
import * as format from '../format.js';
import { card, facts } from './card.js';

/** @typedef {import('api').RegistryRow} Registry */

/** Null if no registry's own figure is known. @param {Registry[]} registries */
export function reported(registries) {
  const own = registries.flatMap(({ registry, reconciliation }) => (reconciliation ? [{ registry, ...reconciliation }] : []));
  if (own.length === 0) return null;
  const sum = (/** @type {(one: typeof own[0]) => number} */ of) => own.reduce((sum, one) => sum + BigInt(of(one)), 0n);
  const unexplained = sum((one) => one.unexplained_bytes);
  return card({
    title: 'Reported by the registry',
    kind: own.every((one) => one.within_bounds) ? '' : 'warning',
    figure: [format.bytes(sum((one) => one.reported_bytes))],
    detail: unexplained === 0n ? 'explained' : `${format.bytes(unexplained)} unexplained`,
    how: own.flatMap((one) => [
      element('p', {}, own.length > 1 ? [name(one.registry), ': '] : null, one.text),
      facts([
        ['counted', format.bytes(one.counted_bytes)],
        ...one.parts.map((part) => [part.text, format.bytes(part.bytes)]),
        ['reported', format.bytes(one.reported_bytes)],
      ]),
    ]),
  });
}
