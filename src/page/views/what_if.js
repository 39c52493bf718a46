// The same answers under other assumptions: other repositories, pulls, prices. Nothing that is saved changes.

import { Problem, post, url } from '../api.js';
import { element, explained, name, replace } from '../element.js';
import { multiply } from '../exact.js';
import * as format from '../format.js';
import { table, tableCsv } from '../table.js';
import { HOW, verdictMark } from '../words.js';
import { EACH, factorOf, questions } from './assumptions.js';
import { cards, partNote } from './cards.js';
import { link, payback, saving } from './cells.js';
import { DECIMAL, WHOLE, usable } from './fields.js';
import { brings } from './gains.js';

/** @typedef {import('api').RegistryRow} Registry */
/** @typedef {import('api').RepositoryRow} Repository */
/** @typedef {import('api').Money} Money */
/** @typedef {import('api').WhatIfAnswer} Answer */

/** How many repositories are shown at first: those that save most. */
const ROWS = 25;
/** How many can be shown: more are too many to read and too much to load. */
const LISTED = 500;
/** As many as the API gives, for a file. */
const ALL = 10_000;

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const result = element('div', { 'aria-live': 'polite' });
  const form = questions(frame);
  frame.root.append(element('div', { class: 'what-if' }, form.root, result));

  return async (/** @type {import('../address.js').Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    await form.show(parameters);
    const before = await frame.registries();
    const priced = Boolean(parameters.book) || before.some(({ cost }) => cost);
    const { registry } = parameters;
    const ask = (/** @type {number} */ limit, /** @type {AbortSignal} */ until) =>
      post(
        url('v1/whatif', { limit, sort: priced ? '-cost_saving' : '-saving' }),
        question(parameters, form.currencyOf(parameters.book) ?? paidIn(before)),
        { signal: until },
      );
    // The answer is about all registries, and one of them may have all that save most.
    const limit = registry && before.length > 1 ? ALL : LISTED;
    /** @type {Answer} */
    let answer;
    try {
      answer = await ask(limit, signal);
    } catch (error) {
      // An incomplete pattern is ignored while the user is typing.
      if (!(error instanceof Problem) || error.status !== 422) throw error;
      replace(
        result,
        element('div', { class: 'alert' }, element('strong', {}, error.title), element('p', {}, error.message)),
      );
      return;
    }
    frame.credit(answer);
    form.offer(answer.alpine_releases);
    const of = (/** @type {{registry: string}} */ row) => !registry || row.registry === registry;
    const [was, is] = [before.filter(of), answer.registries.filter(of)];
    const repositories = answer.repositories.filter(of);
    const unlisted = answer.repositories.length < limit ? 0 : answer.totals.repositories - answer.repositories.length;
    const all = async () => /** @type {Answer} */ (await ask(ALL, frame.signal)).repositories.filter(of);
    const notes = (answer.notes ?? []).filter(of).map(({ note }) => element('li', {}, name(note)));
    replace(
      result,
      notes.length > 0 && element('ul', { class: 'alert' }, notes),
      partNote(is),
      moved(was, is),
      effort(parameters, movedIn(answer, registry), form.currencyOf(parameters.book) ?? paidIn(before)),
      cards(is, { onlyFigures: true }),
      rows(repositories, unlisted, all),
    );
  };
}

/** The currency that registries are billed in; null if they have no costs. @param {Registry[]} registries */
function paidIn(registries) {
  return registries.flatMap(({ cost }) => cost?.month.currency ?? [])[0];
}

/**
 * What the address asks, in the words of the API.
 * @param {import('../address.js').Address} parameters
 * @param {string | undefined} currency The currency of a day of work.
 */
function question(parameters, currency) {
  const chosen = (parameters.repositories ?? '').split(/[\s,]+/).filter(Boolean);
  const [pulls, share] = [usable(parameters.pulls, WHOLE), usable(parameters.cold, WHOLE)];
  const [days, rate] = [usable(parameters.days, DECIMAL), usable(parameters.rate, DECIMAL)];
  const factor = factorOf(parameters);
  const picks = parameters.switch === 'chosen';
  return {
    repositories: picks && chosen.length ? chosen : null,
    switch: parameters.switch ?? 'verdict',
    pulls_per_month: factor === EACH && pulls != null ? Number(pulls) : null,
    pulls_factor: factor === EACH ? null : usable(factor, DECIMAL),
    cold_share: share == null ? null : decimalShare(Number(share)),
    price_book: parameters.book || null,
    alpine_release: parameters.release || null,
    effort: days && rate && currency ? { days, day_rate: { amount: rate, currency } } : null,
  };
}

/** @param {number} percent */
function decimalShare(percent) {
  return percent >= 100 ? '1' : `0.${String(percent).padStart(2, '0')}`;
}

/** How the result differs from what is saved. @param {Registry[]} before @param {Registry[]} after */
function moved(before, after) {
  const lines = after.flatMap((is) => {
    const was = before.find(({ registry }) => registry === is.registry);
    return was ? [{ was, is }] : [];
  });
  const rows = lines
    .flatMap(({ was, is }) => [
      moneyLine(is, 'Cost a month', was.cost?.month, is.cost?.month),
      moneyLine(is, 'On Alpine', was.cost?.alpine?.month.expected, is.cost?.alpine?.month.expected),
      moneyLine(is, 'Saving a month', was.cost?.alpine?.saving.expected, is.cost?.alpine?.saving.expected),
      bytesLine(is, 'Freed', was.alpine?.saving_bytes.expected, is.alpine?.saving_bytes.expected),
    ])
    .filter((row) => row != null);
  const several = lines.length > 1;
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'moved' },
    element('h2', { id: 'moved' }, 'Result'),
    table({
      caption: 'As configured, and under these assumptions',
      rows,
      columns: [
        { title: '', isHeader: true, cell: (row) => [several && element('small', {}, name(row.registry)), row.title] },
        { title: 'As configured', kind: 'number', hide: 'narrow', cell: (row) => row.was },
        { title: 'Then', kind: 'number', cell: (row) => element('strong', { 'data-figure': row.title }, row.is) },
        { title: 'Difference', kind: 'number', cell: (row) => row.change },
      ],
    }),
    explained(
      'How this is computed',
      element(
        'p',
        {},
        'The whole registry is computed again under these assumptions. Nothing is saved.',
      ),
      element('p', {}, HOW.alpine),
    ),
  );
}

/**
 * How many repositories are moved, in one registry or in all.
 * @param {Answer} answer
 * @param {string | undefined} registry
 */
function movedIn({ moved_repositories: moved }, registry) {
  const counts = Object.entries(moved).filter(([name]) => !registry || name === registry);
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

/**
 * What the work comes to in all.
 * @param {import('../address.js').Address} parameters
 * @param {number} switching How many repositories are moved.
 * @param {string | undefined} currency
 */
function effort({ days, rate }, switching, currency) {
  const [each, price] = [usable(days, DECIMAL), usable(rate, DECIMAL)];
  if (each == null || price == null || !currency) return null;
  const one = { amount: multiply(each, price), currency };
  const all = { amount: multiply(one.amount, switching), currency };
  return element(
    'p',
    { class: 'panel', 'data-figure': 'Effort' },
    `Effort: ${format.count(switching)} × ${format.money(one)} = ${format.money(all)}.`,
  );
}

/** @param {Registry} registry @param {string} title @param {Money | undefined} was @param {Money | undefined} is */
function moneyLine({ registry }, title, was, is) {
  if (!is) return null;
  const change = format.difference(is, was);
  return {
    registry,
    title,
    was: format.money(was),
    is: format.money(is),
    change: change ? signed(format.money(change), format.sign(change)) : format.UNKNOWN,
  };
}

/** @param {Registry} registry @param {string} title @param {number | undefined} was @param {number | undefined} is */
function bytesLine({ registry }, title, was, is) {
  if (is == null || was == null) return null;
  const change = BigInt(is) - BigInt(was);
  return {
    registry,
    title,
    was: format.bytes(was),
    is: format.bytes(is),
    change: signed(format.bytes(change), format.sign(change)),
  };
}

/** @param {string} text @param {number} sign */
function signed(text, sign) {
  return sign > 0 ? `+${text}` : sign < 0 ? text : 'unchanged';
}

/**
 * @param {Repository[]} repositories
 * @param {number} unlisted How many more there are, which save less.
 * @param {() => Promise<Repository[]>} all
 */
function rows(repositories, unlisted, all) {
  const priced = repositories.some(({ cost }) => cost);
  const columns = /** @type {import('../table.js').Column<Repository>[]} */ ([
    {
      title: 'Repository',
      isHeader: true,
      cell: (row) => element('a', { href: link(row) }, name(row.repository)),
      csv: (row) => row.repository,
    },
    { title: 'Verdict', hide: 'narrow', cell: ({ verdict }) => verdictMark(verdict), csv: ({ verdict }) => verdict },
    ...(priced
      ? [
          {
            title: 'A month',
            kind: 'number',
            hide: 'narrow',
            cell: (/** @type {Repository} */ { cost }) => format.money(cost?.month),
            csv: (/** @type {Repository} */ { cost }) => cost?.month.amount,
          },
          {
            title: 'Saving',
            kind: 'number',
            cell: (/** @type {Repository} */ { cost }) => saving(cost?.alpine?.joint_saving, format.money),
            csv: (/** @type {Repository} */ { cost }) => cost?.alpine?.joint_saving.expected.amount,
          },
          ...payback(repositories),
        ]
      : []),
    {
      title: 'Freed',
      kind: 'number',
      cell: ({ alpine }) => saving(alpine?.joint_saving_bytes, format.bytes),
      csv: ({ alpine }) => alpine?.joint_saving_bytes.expected,
    },
  ]);
  const gains = repositories.filter((row) => brings(row, priced));
  const best = gains.slice(0, ROWS);
  const [more, nothing] = [gains.length - best.length, repositories.length - gains.length];
  return element(
    'section',
    { class: 'panel' },
    element(
      'div',
      { class: 'paging' },
      element('h2', {}, 'Repositories that save most'),
      tableCsv('what-if.csv', columns, unlisted > 0 ? all : repositories),
    ),
    table({
      caption: 'Repositories under these assumptions',
      columns,
      rows: best,
      empty: 'No repository saves anything.',
      folded: {
        rows: repositories.filter((row) => !best.includes(row)),
        summary: [more && `${format.count(more)} more save less`, nothing && `${format.count(nothing)} more save nothing`]
          .filter(Boolean)
          .join(', '),
      },
    }),
    unlisted > 0 &&
      element('p', { class: 'muted' }, `${format.count(unlisted)} more are in the file: they save less than these.`),
  );
}
