// The summary cards: now, on Alpine and what that saves. Estimates have two significant digits; all digits are in the
// explanation below each.

import * as address from '../address.js';
import { element } from '../element.js';
import { compare, percent } from '../exact.js';
import * as format from '../format.js';
import { HOW } from '../words.js';
import { card, estimate, facts, sumBytes, total, unit, year } from './card.js';
import { age, book, coverage, moment } from './grounds.js';
import { reported } from './reported.js';

/** @typedef {import('api').RegistryRow} Registry */
/** @typedef {import('api').Money} Money */

/**
 * @param {Registry[]} registries
 * @param {{onlyFigures?: boolean, isPast?: boolean}} [options] `onlyFigures`: without what does not depend on
 *   assumptions. `isPast`: as of a moment that was chosen.
 */
export function cards(registries, { onlyFigures = false, isPast = false } = {}) {
  const stored = registries.reduce((sum, { stored_bytes: bytes }) => sum + BigInt(bytes), 0n);
  const costs = registries.map(({ cost }) => cost);
  const month = total(costs.map((cost) => cost?.month));
  const figures = [now, onAlpine, saving].map((card) => card(registries, stored, month, isPast));
  const grounds = onlyFigures ? [] : [coverage, isPast ? moment : age, book, isPast ? () => null : reported].map((card) => card(registries));
  return element('ul', { class: 'cards', 'aria-label': 'Summary' }, figures, grounds);
}

/** A note for callers who see only a part. @param {Registry[]} registries */
export function partNote(registries) {
  if (registries.every(({ of }) => of !== 'visible')) return null;
  return element('p', { class: 'panel' }, HOW.visible);
}

/** @param {Registry[]} registries @param {bigint} stored @param {Money | null} month @param {boolean} isPast */
function now(registries, stored, month, isPast) {
  const logical = registries.reduce((sum, { logical_bytes: bytes }) => sum + BigInt(bytes), 0n);
  const untagged = registries.reduce((sum, { untagged_bytes: bytes }) => sum + BigInt(bytes ?? 0), 0n);
  const parts = /** @type {[string, Money | null][]} */ (
    /** @type {const} */ (['fee', 'storage', 'transfer']).map((part) => [
      part === 'fee' ? 'flat fee' : part,
      total(registries.map(({ cost }) => cost?.[part])),
    ])
  );
  return card({
    title: isPast ? 'At that time' : 'Now',
    kind: 'wide',
    figure: month ? [...monthly(registries, month), unit('a month')] : [format.bytes(stored)],
    detail: month ? `${driver(parts, month)}${format.bytes(stored)} stored` : 'stored',
    how: [
      element('p', {}, month ? HOW.month : 'Every layer is counted once, however many tags and repositories use it.'),
      month &&
        facts(parts.map(([part, sum]) => [part, format.money(sum)])),
      facts([
        ['stored', format.exactBytes(stored)],
        ['adding up tags (counts shared layers twice)', format.bytes(logical)],
        ...(untagged ? [['in addition, untagged', format.bytes(untagged)]] : []),
        ...(month ? [['exactly', format.exactMoney(month)]] : []),
      ]),
    ],
  });
}

/** Most of a bill on assumed pulls is a guess; one on counted pulls is not. @param {Registry[]} registries @param {Money} month */
function monthly(registries, month) {
  return assumedShare(registries) ? about(format.roughMoney(month)) : [format.money(month)];
}

/** How much of the bill rests on assumed pulls; null if next to nothing. @param {Registry[]} registries */
function assumedShare(registries) {
  const month = total(registries.map(({ cost }) => cost?.month));
  const assumed = total(registries.map(({ cost }) => cost?.assumed_transfer));
  if (!month || !assumed || compare(percent(assumed.amount, month.amount) ?? '0', NOTABLE_PERCENT) < 0) return null;
  return format.wholeShare(assumed.amount, month.amount);
}

/** Less of a bill on assumed pulls changes no advice. */
const NOTABLE_PERCENT = 1;

/** What most of the bill is for. @param {[string, Money | null][]} parts @param {Money} month */
function driver(parts, month) {
  const [part, sum] = parts.reduce((most, one) => (format.position(one[1]) > format.position(most[1]) ? one : most));
  return sum && format.sign(sum) > 0 ? `${format.wholeShare(sum.amount, month.amount)} ${part} · ` : '';
}

/** @param {Registry[]} registries @param {bigint} stored @param {Money | null} month */
function onAlpine(registries, stored, month) {
  const bytes = estimate(
    registries.map(({ alpine }) => alpine?.stored_bytes),
    sumBytes,
  );
  const money =
    month &&
    estimate(
      registries.map(({ cost }) => cost?.alpine?.month),
      total,
    );
  const likely = money ? format.interval(money, format.roughMoney) : format.interval(bytes, format.roughBytes);
  return card({
    title: 'On Alpine',
    kind: 'alpine',
    figure: money ? [...about(format.roughMoney(money.expected)), unit('a month')] : [...about(format.roughBytes(bytes?.expected))],
    detail: likely ? `likely ${likely}` : 'not available',
    how: [
      element('p', {}, HOW.alpine),
      element('p', {}, registries.length > 1 ? SEVERAL : HOW.interval),
      facts([
        ...(money ? exact('a month then', money) : []),
        ['stored then', format.bytes(bytes?.expected)],
        ['90 % likely range', format.interval(bytes, format.bytes) || format.UNKNOWN],
        ['stored today', format.bytes(stored)],
      ]),
    ],
  });
}

const SEVERAL =
  'For several registries, the low and the high ends are added up. This makes the range wider than necessary.';

/** @param {Registry[]} registries @param {bigint} stored @param {Money | null} month */
function saving(registries, stored, month) {
  const bytes = estimate(
    registries.map(({ alpine }) => alpine?.saving_bytes),
    sumBytes,
  );
  const money =
    month &&
    estimate(
      registries.map(({ cost }) => cost?.alpine?.saving),
      total,
    );
  const naive = sumBytes(registries.map(({ alpine }) => alpine?.naive_saving_bytes));
  const assumed = assumedShare(registries);
  const reasons = registries.flatMap(({ cost }) => cost?.alpine?.nothing_saved_because ?? []);
  const part = money
    ? format.wholeShare(money.expected.amount, month.amount)
    : bytes
      ? format.wholeShare(bytes.expected, stored)
      : '';
  const likely = money ? format.interval(money, format.roughMoney) : format.interval(bytes, format.roughBytes);
  return card({
    title: 'Saving',
    kind: 'alpine',
    figure: [
      ...about(money ? format.roughMoney(money.expected) : format.roughBytes(bytes?.expected)),
      part && unit(`${money ? 'a month · ' : ''}${part}`),
    ],
    detail: [
      element('span', {}, reasons[0] ?? (likely ? `likely ${likely}` : 'not available')),
      money && assumed && element('span', { class: 'warning-text block' }, `if pulls are as assumed: ${assumed} of the bill`),
    ],
    how: [
      element('p', {}, HOW.joint),
      element('p', {}, HOW.interval),
      facts([
        ...(money ? exact('saved a month', money) : []),
        ['freed', format.bytes(bytes?.expected)],
        ['90 % likely range', format.interval(bytes, format.bytes) || format.UNKNOWN],
        ...(naive == null ? [] : [['adding up tags would promise', format.bytes(naive)]]),
        ...(money ? [['in a year', format.money(year(money.expected))]] : []),
      ]),
      element('p', {}, element('a', { href: address.href({ view: 'savings' }) }, 'Where it comes from')),
    ],
  });
}

/** A figure that is a guess. @param {string} figure */
function about(figure) {
  return figure === format.UNKNOWN ? [figure] : [element('span', { class: 'about' }, 'about '), figure];
}

/** All digits of an estimate. @param {string} title @param {import('./card.js').Estimate<Money>} money */
function exact(title, money) {
  return [
    [title, format.money(money.expected)],
    ['90 % likely range', format.interval(money, format.money) || format.UNKNOWN],
    ['exactly', format.exactMoney(money.expected)],
  ];
}
