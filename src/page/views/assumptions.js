// The form of the what-if view: each answer goes into the address at once, and the address is what is asked.

import * as address from '../address.js';
import { get } from '../api.js';
import { element, explained, identifier, name, replace } from '../element.js';
import { verdictMark } from '../words.js';

/** @typedef {import('api').RepositoryRow} Repository */

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
        ['chosen', 'chosen below'],
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
        switch: value.trim() ? 'chosen' : null,
      }),
    ),
    pulls: number('Pulls a month, per repository', { placeholder: 'as known' }, (value) => change({ pulls: value })),
    cold: slider('Cold pulls', (value) => change({ cold: value })),
    book: select('Price book', [['', 'as configured']], (value) => change({ book: value })),
    release: select('Release of Alpine', [['', 'as configured']], (value) => change({ release: value })),
    days: number('Days of work to switch a repository', { placeholder: 'as configured', step: 'any' }, (value) =>
      change({ days: value }),
    ),
    rate: number(
      'What a day of work costs',
      {
        placeholder: 'as configured',
        step: 'any',
        hint: 'In the currency of the price book. With both values, the payback time is shown.',
      },
      (value) => change({ rate: value }),
    ),
  };
  const choices = element('div', { class: 'choices', role: 'group', 'aria-label': 'Repositories to choose from' });
  const fields = Object.values(controls).map(({ field }) => field);
  fields.splice(2, 0, explained('Choose from a list', choices));
  const reset = element('a', { class: 'button', href: address.href({ view: 'what-if' }) }, 'As saved');
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
    const [books, best] = await Promise.all([
      get('/v1/price-books', {}, frame.signal),
      get('/v1/savings', { limit: 100 }, frame.signal),
    ]);
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
      controls.pulls.show(parameters.pulls ?? '');
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

/**
 * @typedef {object} Control
 * @property {HTMLElement} field
 * @property {HTMLInputElement} input
 * @property {(value: string) => void} show
 */

/** @param {string} title @param {HTMLElement} input @param {string} id @param {...import('../element.js').Child} more @returns {Control} */
function control(title, input, id, ...more) {
  const typed = /** @type {HTMLInputElement} */ (input);
  return {
    field: element('div', { class: 'field' }, element('label', { for: id }, title), input, ...more),
    input: typed,
    show: (value) => {
      // Do not overwrite the focused field.
      if (document.activeElement !== input) typed.value = value;
    },
  };
}

/** @param {string} title @param {string[][]} options @param {(value: string) => void} onChange */
function select(title, options, onChange) {
  const id = identifier('choice');
  const input = /** @type {HTMLSelectElement} */ (
    element(
      'select',
      { id, onchange: () => onChange(input.value) },
      options.map(([value, text]) => element('option', { value }, text)),
    )
  );
  return control(title, input, id);
}

/** @param {string} title @param {string} hint @param {(value: string) => void} onChange */
function lines(title, hint, onChange) {
  const id = identifier('lines');
  const input = /** @type {HTMLTextAreaElement} */ (
    element('textarea', {
      id,
      rows: 4,
      spellcheck: 'false',
      'aria-describedby': `${id}-hint`,
      oninput: () => onChange(input.value),
    })
  );
  return control(title, input, id, element('small', { id: `${id}-hint`, class: 'muted' }, hint));
}

/** @param {string} title @param {{placeholder: string, step?: string, hint?: string}} how @param {(value: string) => void} onChange */
function number(title, { placeholder, step = '1', hint }, onChange) {
  const id = identifier('number');
  const input = /** @type {HTMLInputElement} */ (
    element('input', {
      id,
      type: 'number',
      min: 0,
      step,
      inputmode: step === '1' ? 'numeric' : 'decimal',
      placeholder,
      'aria-describedby': hint ? `${id}-hint` : null,
      oninput: () => onChange(input.value),
    })
  );
  return control(title, input, id, hint && element('small', { id: `${id}-hint`, class: 'muted' }, hint));
}

/** A share in percent; empty means the configured or measured share. @param {string} title @param {(value: string) => void} onChange */
function slider(title, onChange) {
  const id = identifier('share');
  const shown = element('output', { for: id, class: 'muted' }, 'as configured');
  const input = /** @type {HTMLInputElement} */ (
    element('input', {
      id,
      type: 'range',
      min: 0,
      max: 100,
      step: 5,
      oninput: () => {
        shown.textContent = `${input.value} %`;
        onChange(input.value);
      },
    })
  );
  const made = control(
    title,
    input,
    id,
    shown,
    element('small', { class: 'muted' }, 'of all pulls find no layer of the image on the machine'),
  );
  return {
    ...made,
    show: (/** @type {string} */ value) => {
      made.show(value);
      shown.textContent = value ? `${value} %` : 'as configured';
    },
  };
}
