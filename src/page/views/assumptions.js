// The form of the what-if view: each answer goes into the address at once, and the address is what is asked.

import * as address from '../address.js';
import { get, post } from '../api.js';
import { element, explained, name, replace } from '../element.js';
import { percent } from '../exact.js';
import { verdictMark } from '../words.js';
import { DECIMAL, WHOLE, lines, number, select, slider } from './fields.js';

/** @typedef {import('api').RepositoryRow} Repository */

/** Stands in the address for one number of pulls for all. */
export const EACH = 'each';

/** How the number of pulls changes. @param {address.Address} parameters */
export function factorOf({ factor, pulls }) {
  return factor ?? (pulls ? EACH : '');
}

/** @param {import('../app.js').Frame} frame */
export function questions(frame) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  /** @type {Record<string, string | null>} What was answered since the address was last changed. */
  let answers = {};
  const change = (/** @type {Record<string, string | null>} */ answer) => {
    answers = { ...answers, ...answer };
    clearTimeout(timer);
    timer = setTimeout(() => {
      address.go(address.changed(answers), { quietly: true });
      answers = {};
    }, 250);
  };
  const controls = {
    switch: select(
      'Which repositories switch',
      [
        ['verdict', 'with the verdict “switch”'],
        ['chosen', 'chosen from a list'],
        ['all', 'all that can move'],
      ],
      (value) => change({ switch: value === 'verdict' ? null : value }),
    ),
    repositories: lines('Choose repositories', 'Names or globs, one per line: team-a/**', (value) =>
      change({
        repositories: value
          .trim()
          .split(/[\s,]+/)
          .join(' '),
      }),
    ),
    factor: select(
      'Number of pulls',
      [
        ['', 'as known'],
        ['0.5', 'half as many'],
        ['2', 'twice as many'],
        ['5', 'five times as many'],
        [EACH, 'the same for each repository'],
      ],
      (value) => change({ factor: value, pulls: null }),
    ),
    pulls: number('Pulls a month, per repository', { placeholder: 'as known', form: WHOLE }, (value) =>
      change({ pulls: value }),
    ),
    cold: slider('Cold pulls', (value) => change({ cold: value })),
    book: select('Price book', [['', 'as configured']], (value) => change({ book: value })),
    release: select('Release of Alpine', [['', 'as configured']], (value) => change({ release: value })),
    days: number('Days of work to switch a repository', { placeholder: 'as configured', form: DECIMAL }, (value) =>
      change({ days: value }),
    ),
    rate: number(
      'What a day of work costs',
      {
        placeholder: 'as configured',
        form: DECIMAL,
        hint: 'In the currency of the price book. With both values, the payback time is shown.',
      },
      (value) => change({ rate: value }),
    ),
  };
  const choices = element('div', { class: 'choices', role: 'group', 'aria-label': 'Repositories to choose from' });
  const fields = Object.values(controls).map(({ field }) => field);
  const choose = element('div', { class: 'field' }, controls.repositories.field, explained('Tick repositories', choices));
  fields.splice(fields.indexOf(controls.repositories.field), 1, choose);
  const reset = element('a', { class: 'button', href: address.href({ view: 'what-if' }) }, 'Reset');
  const root = element(
    'form',
    { class: 'panel', 'aria-label': 'Assumptions', onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    fields,
    element('p', {}, reset),
  );

  /** Offers releases of Alpine to choose from, the newest first. @param {string[]} releases */
  const offer = (releases) => {
    const { input } = controls.release;
    const known = new Set([...input.querySelectorAll('option')].map(({ value }) => value));
    for (const release of [...releases].reverse()) {
      if (!known.has(release)) input.append(element('option', { value: release }, release));
    }
  };
  /** The currency of each price book. @type {Map<string, string>} */
  const currencies = new Map();
  /** @type {Promise<void> | null} */
  let filled = null;
  const fill = async () => {
    const [books, best, { configured }] = await Promise.all([
      get('v1/price-books', {}, frame.signal),
      get('v1/savings', { limit: 100 }, frame.signal),
      post('v1/whatif', {}, { signal: frame.signal }),
    ]);
    controls.cold.configure(percent(configured.cold_share, 1) ?? '');
    for (const { id, title, currency } of books.items) {
      controls.book.input.append(element('option', { value: id }, title ?? id));
      currencies.set(id, currency);
    }
    replace(choices, ticks(best.items, controls.repositories.input));
  };
  return {
    root,
    offer,
    currencyOf: (/** @type {string | undefined} */ book) => currencies.get(book ?? ''),
    show: async (/** @type {address.Address} */ parameters) => {
      filled ??= fill();
      await filled;
      controls.switch.show(parameters.switch ?? 'verdict');
      controls.repositories.show((parameters.repositories ?? '').split(' ').filter(Boolean).join('\n'));
      controls.factor.show(factorOf(parameters));
      controls.pulls.show(parameters.pulls ?? '');
      choose.hidden = parameters.switch !== 'chosen';
      controls.pulls.field.hidden = factorOf(parameters) !== EACH;
      controls.cold.show(parameters.cold ?? '');
      controls.book.show(parameters.book ?? '');
      offer(parameters.release ? [parameters.release] : []);
      controls.release.show(parameters.release ?? '');
      controls.days.show(parameters.days ?? '');
      controls.rate.show(parameters.rate ?? '');
      const chosen = new Set((parameters.repositories ?? '').split(' '));
      for (const box of choices.querySelectorAll('input')) box.checked = chosen.has(box.value);
    },
  };
}

/** Boxes that write into the list of names. @param {Repository[]} repositories @param {HTMLInputElement} list */
function ticks(repositories, list) {
  return repositories.map(({ repository, verdict }) => {
    const box = /** @type {HTMLInputElement} */ (
      element('input', {
        type: 'checkbox',
        value: repository,
        onchange: () => {
          const names = new Set(list.value.split(/\s+/).filter(Boolean));
          if (box.checked) names.add(repository);
          else names.delete(repository);
          list.value = [...names].join('\n');
          list.dispatchEvent(new Event('input'));
        },
      })
    );
    return element('label', {}, box, name(repository), ' ', verdict === 'switch' ? '' : verdictMark(verdict));
  });
}
