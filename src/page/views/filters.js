// Filters of lists: each goes into the address at once, and the address is what is asked.

import * as address from '../address.js';
import { element, identifier, name } from '../element.js';

/** The pause after a letter before the list is asked for anew. */
const PAUSE_MILLISECONDS = 250;

/** @typedef {{field: HTMLElement, show: (parameters: address.Address) => void}} Filter */

/**
 * Free text or a day.
 * @param {string} title
 * @param {string} parameter
 * @param {{type?: 'search' | 'date', isWide?: boolean, hint?: string}} [how]
 * @returns {Filter}
 */
export function textFilter(title, parameter, { type = 'search', isWide = false, hint } = {}) {
  const id = identifier(parameter);
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const input = /** @type {HTMLInputElement} */ (
    element('input', {
      id,
      type,
      autocomplete: 'off',
      spellcheck: 'false',
      placeholder: hint,
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(
          () => address.go(address.changed({ [parameter]: input.value, cursor: null }), { quietly: true }),
          PAUSE_MILLISECONDS,
        );
      },
    })
  );
  return {
    field: element('div', { class: isWide ? 'field wide' : 'field' }, element('label', { for: id }, title), input),
    show: (parameters) => {
      // Do not overwrite the focused field.
      if (document.activeElement !== input) input.value = parameters[parameter] ?? '';
    },
  };
}

/**
 * One of a few words.
 * @param {string} title
 * @param {string} parameter
 * @param {Record<string, [label: string, meaning: string]>} words
 * @returns {Filter}
 */
export function choiceFilter(title, parameter, words) {
  const id = identifier(parameter);
  const options = Object.entries(words).map(([value, [label]]) => element('option', { value }, label));
  const select = /** @type {HTMLSelectElement} */ (
    element(
      'select',
      { id, onchange: () => address.go(address.changed({ [parameter]: select.value, cursor: null })) },
      element('option', { value: '' }, 'any'),
      options,
    )
  );
  return {
    field: element('div', { class: 'field' }, element('label', { for: id }, title), select),
    show: (parameters) => {
      select.value = parameters[parameter] ?? '';
    },
  };
}

/** @param {Filter[]} filters */
export function filterForm(filters) {
  return element(
    'form',
    { class: 'filters', role: 'search', onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    filters.map(({ field }) => field),
  );
}

/**
 * The filters that other views lead here with, each to be taken away.
 * @param {address.Address} parameters
 * @param {readonly string[]} names
 */
export function chosenFilters(parameters, names) {
  return names
    .filter((filter) => parameters[filter])
    .map((filter) =>
      element(
        'a',
        { class: 'button', href: address.changed({ [filter]: null, cursor: null }) },
        `${filter.replaceAll('_', ' ')}: `,
        name(parameters[filter]),
        element('span', { 'aria-hidden': 'true' }, ' ✕'),
        element('span', { class: 'for-readers' }, ' (remove)'),
      ),
    );
}
