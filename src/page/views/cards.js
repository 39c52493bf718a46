// The summary cards: now, on Alpine, what that saves, how sure and how fresh all of it is.

import * as address from '../address.js';
import { element, explained, name } from '../element.js';
import { add } from '../exact.js';
import * as format from '../format.js';
import { HOW } from '../words.js';

/** @typedef {import('api').RegistryRow} Registry */
/** @typedef {import('api').Money} Money */
/** @typedef {import('../element.js').Child} Child */

/**
 * A modelled figure of several registries together.
 * @template T
 * @typedef {{low: T, expected: T, high: T}} Estimate
 */

/**
 * @param {Registry[]} registries
 * @param {{onlyFigures?: boolean}} [options] Without what does not depend on assumptions.
 */
export function cards(registries, { onlyFigures = false } = {}) {
  const stored = registries.reduce((sum, { stored_bytes: bytes }) => sum + BigInt(bytes), 0n);
  const costs = registries.map(({ cost }) => cost);
  const month = total(costs.map((cost) => cost?.month));
  const figures = [now, onAlpine, saving].map((card) => card(registries, stored, month));
  const grounds = onlyFigures ? [] : [coverage, age, book].map((card) => card(registries));
  return element('ul', { class: 'cards', 'aria-label': 'Summary' }, figures, grounds);
}

/** A note for callers who see only a part. @param {Registry[]} registries */
export function partNote(registries) {
  if (registries.every(({ of }) => of !== 'visible')) return null;
  return element('p', { class: 'panel' }, HOW.visible);
}

/** @param {Registry[]} registries @param {bigint} stored @param {Money | null} month */
function now(registries, stored, month) {
  const logical = registries.reduce((sum, { logical_bytes: bytes }) => sum + BigInt(bytes), 0n);
  const untagged = registries.reduce((sum, { untagged_bytes: bytes }) => sum + BigInt(bytes ?? 0), 0n);
  const parts = /** @type {const} */ (['fee', 'storage', 'transfer']).map((part) => [
    part,
    total(registries.map(({ cost }) => cost?.[part])),
  ]);
  return card({
    title: 'Now',
    kind: 'wide',
    figure: month ? [format.money(month), unit('a month')] : [format.bytes(stored)],
    detail: month ? `${format.bytes(stored)} stored` : 'stored',
    how: [
      element('p', {}, month ? HOW.month : 'Every layer is counted once, however many tags and repositories use it.'),
      month &&
        facts(
          parts.map(([part, sum]) => [
            part === 'fee' ? 'flat fee' : /** @type {string} */ (part),
            format.money(/** @type {Money | null} */ (sum)),
          ]),
        ),
      facts([
        ['stored', format.exactBytes(stored)],
        ['adding up tags (counts shared layers again)', format.bytes(logical)],
        ...(untagged ? [['in addition, untagged', format.bytes(untagged)]] : []),
        ...(month ? [['exactly', format.exactMoney(month)]] : []),
      ]),
    ],
  });
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
  const likely = money ? format.interval(money, format.money) : format.interval(bytes, format.bytes);
  return card({
    title: 'On Alpine',
    kind: 'alpine',
    figure: money ? [format.money(money.expected), unit('a month')] : [format.bytes(bytes?.expected)],
    detail: likely ? `likely ${likely}` : 'not available',
    how: [
      element('p', {}, HOW.alpine),
      element('p', {}, registries.length > 1 ? SEVERAL : HOW.interval),
      facts([
        ['stored then', format.bytes(bytes?.expected)],
        ['likely', format.interval(bytes, format.bytes) || format.UNKNOWN],
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
  const reasons = registries.flatMap(({ cost }) => cost?.alpine?.nothing_saved_because ?? []);
  const part = money
    ? format.share(money.expected.amount, month.amount)
    : bytes
      ? format.share(bytes.expected, stored)
      : '';
  const likely = money ? format.interval(money, format.money) : format.interval(bytes, format.bytes);
  return card({
    title: 'Saving',
    kind: 'alpine',
    figure: [
      money ? format.money(money.expected) : format.bytes(bytes?.expected),
      part && unit(`${money ? 'a month · ' : ''}${part}`),
    ],
    detail: reasons[0] ?? (likely ? `likely ${likely}` : 'not available'),
    how: [
      element('p', {}, HOW.joint),
      element('p', {}, HOW.interval),
      facts([
        ['freed', format.bytes(bytes?.expected)],
        ['likely', format.interval(bytes, format.bytes) || format.UNKNOWN],
        ...(naive == null ? [] : [['adding up tags would promise', format.bytes(naive)]]),
        ...(money ? [['in a year', format.money(year(money.expected))]] : []),
      ]),
      element('p', {}, element('a', { href: address.href({ view: 'savings' }) }, 'Where it comes from')),
    ],
  });
}

/** @param {Registry[]} registries */
function coverage(registries) {
  const all = registries.reduce((sum, { repositories }) => sum + repositories, 0);
  const of = (/** @type {string} */ verdict) =>
    registries.reduce((sum, { alpine }) => sum + (alpine?.verdicts[verdict] ?? 0), 0);
  const loss = registries.reduce((sum, { alpine }) => sum + (alpine?.switching_at_a_loss ?? 0), 0);
  return card({
    title: 'Base image known',
    figure: [`${format.count(all - of('unknown_base'))} of ${format.count(all)}`, unit('repositories')],
    detail: `${format.count(of('switch'))} should switch`,
    how: [
      element('p', {}, 'Repositories whose base image was recognised. The others are counted as they are today.'),
      loss > 0 &&
        element(
          'p',
          {},
          `For ${format.count(loss)} of those that should switch, storage grows, because other images still need the old base.`,
        ),
    ],
  });
}

/** @param {Registry[]} registries */
function age(registries) {
  const oldest = registries.reduce((old, row) => (row.as_of < old.as_of ? row : old));
  return card({
    title: 'Data',
    figure: [format.age(oldest.as_of), unit('old')],
    detail: format.moment(oldest.as_of),
    how: [
      element(
        'p',
        {},
        'When the registry was last crawled',
        registries.length > 1 ? '. Of several registries, the oldest.' : '.',
      ),
      element('p', {}, element('a', { href: address.href({ view: 'crawls' }) }, 'Crawls')),
    ],
  });
}

/** @param {Registry[]} registries */
function book(registries) {
  const books = new Map(
    registries.flatMap(({ cost }) => (cost ? [[`${cost.price_book.id} ${cost.price_book.version}`, cost]] : [])),
  );
  if (!books.size) return noBook();
  const costs = [...books.values()];
  const [{ price_book: first }] = costs;
  const cheaper = costs.flatMap(({ cheaper_plan: plan }) => plan ?? []);
  return card({
    title: 'Price book',
    kind: 'wide',
    figure: [costs.length === 1 ? name(first.title, { class: 'name title' }) : `${costs.length} books`],
    detail:
      costs.length === 1
        ? `version ${first.version}${first.valid_until ? `, valid until ${format.day(first.valid_until)}` : ''}`
        : '',
    how: costs
      .map((cost) =>
        facts([
          ['book', name(cost.price_book.id)],
          [`one ${cost.unit} more, a month`, format.money(cost.one_more_unit)],
          ...(cost.average_unit ? [[`one ${cost.unit} on average`, format.money(cost.average_unit)]] : []),
        ]),
      )
      .concat(
        cheaper.map((plan) =>
          element(
            'p',
            {},
            name(plan.title),
            ` would cost ${format.money(plan.saving)} less a month`,
            plan.features_lost.length ? `, without ${plan.features_lost.join(', ')}.` : '.',
          ),
        ),
      ),
  });
}

function noBook() {
  return card({
    title: 'Price book',
    figure: ['none', unit('set')],
    detail: 'figures are in bytes',
    how: [
      element(
        'p',
        {},
        'To see costs, set a price book in the configuration. ',
        element('code', {}, 'tare prices list'),
        ' shows the price books that come with Tare.',
      ),
      element('pre', {}, '[[registry]]\nurl = "https://reg.example.com"\nprice_book = "azure-container-registry-premium"'),
    ],
  });
}

/** @param {{title: string, kind?: string, figure: Child[], detail: string, how: (Child | Child[])[]}} options */
function card({ title, kind, figure, detail, how }) {
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
function unit(text) {
  return element('span', { class: 'unit' }, ` ${text}`);
}

/** @param {(Child | Child[])[][]} pairs */
function facts(pairs) {
  return element(
    'dl',
    { class: 'facts' },
    pairs.flatMap(([term, fact]) => [element('dt', {}, term), element('dd', {}, fact)]),
  );
}

/** The sum, where all have one and in one currency. @param {(Money | null | undefined)[]} amounts @returns {Money | null} */
function total(amounts) {
  const [first] = amounts;
  if (!first || amounts.some((money) => money?.currency !== first.currency)) return null;
  return { amount: amounts.reduce((sum, money) => add(sum, money?.amount ?? '0'), '0'), currency: first.currency };
}

/** @param {(number | bigint | null | undefined)[]} amounts @returns {bigint | null} */
function sumBytes(amounts) {
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
function estimate(parts, sum) {
  const [low, expected, high] = [
    sum(parts.map((part) => part?.low)),
    sum(parts.map((part) => part?.expected)),
    sum(parts.map((part) => part?.high)),
  ];
  return low == null || expected == null || high == null ? null : { low, expected, high };
}

/** @param {Money} month @returns {Money} */
function year({ amount, currency }) {
  return { amount: Array(12).fill(amount).reduce(add), currency };
}
