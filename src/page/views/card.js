// The shape of a summary card, and sums over registries.

import { element, explained } from '../element.js';
import { add } from '../exact.js';

/** @typedef {import('api').Money} Money */
/** @typedef {import('../element.js').Child} Child */

/**
 * A modelled figure of several registries together.
 * @template T
 * @typedef {{low: T, expected: T, high: T}} Estimate
 */

/**
 * A figure with what it means below it.
 * @param {{title: string, kind?: string, figure: Child[], detail: Child | Child[], how: (Child | Child[])[]}} options
 */
export function card({ title, kind, figure, detail, how }) {
  return element(
    'li',
    { class: `card ${kind ?? ''}` },
    element('h2', {}, title),
    element('p', { class: 'figure' }, figure),
    element('p', { class: 'detail' }, detail),
    explained(element('span', {}, 'Explain', element('span', { class: 'for-readers' }, ` ${title}`)), ...how),
  );
}

/** @param {string} text */
export function unit(text) {
  return element('span', { class: 'unit' }, ` ${text}`);
}

/** @param {(Child | Child[])[][]} pairs */
export function facts(pairs) {
  return element(
    'dl',
    { class: 'facts' },
    pairs.flatMap(([term, fact]) => [element('dt', {}, term), element('dd', {}, fact)]),
  );
}

/** The sum, where all have one and in one currency. @param {(Money | null | undefined)[]} amounts @returns {Money | null} */
export function total(amounts) {
  const [first] = amounts;
  if (!first || amounts.some((money) => money?.currency !== first.currency)) return null;
  return { amount: amounts.reduce((sum, money) => add(sum, money?.amount ?? '0'), '0'), currency: first.currency };
}

/** @param {(number | bigint | null | undefined)[]} amounts @returns {bigint | null} */
export function sumBytes(amounts) {
  return amounts.some((bytes) => bytes == null)
    ? null
    : amounts.reduce((/** @type {bigint} */ sum, bytes) => sum + BigInt(bytes ?? 0), 0n);
}

/**
 * @template T, S
 * @param {({low: T, expected: T, high: T} | null | undefined)[]} parts
 * @param {(values: (T | undefined)[]) => S | null} sum
 * @returns {Estimate<S> | null}
 */
export function estimate(parts, sum) {
  const [low, expected, high] = [
    sum(parts.map((part) => part?.low)),
    sum(parts.map((part) => part?.expected)),
    sum(parts.map((part) => part?.high)),
  ];
  return low == null || expected == null || high == null ? null : { low, expected, high };
}

/** Twelve months. @param {Money} month @returns {Money} */
export function year({ amount, currency }) {
  return { amount: Array(12).fill(amount).reduce(add), currency };
}
