// Fields of forms. What was typed stays as it was typed: what cannot be used is marked, with what would be right.

import { element, identifier } from '../element.js';

/**
 * @typedef {object} Control
 * @property {HTMLElement} field
 * @property {HTMLInputElement} input
 * @property {(value: string) => void} show
 */

/** What the API takes as a number, and how that is said. @typedef {{pattern: RegExp, expected: string}} Form */

/** @type {Form} */
export const WHOLE = { pattern: /^(\d{1,9}|1000000000)$/, expected: 'Enter a whole number, 0 or more.' };
/** @type {Form} */
export const DECIMAL = { pattern: /^\d{1,9}(\.\d{1,9})?$/, expected: 'Enter a number, 0 or more, such as 2.5.' };

/** The text if it can be used, else null. @param {string | undefined} text @param {Form} form */
export function usable(text, { pattern }) {
  const trimmed = (text ?? '').trim();
  return pattern.test(trimmed) ? trimmed : null;
}

/**
 * @param {string} title
 * @param {HTMLElement} input
 * @param {string} id
 * @param {...import('../element.js').Child} more
 * @returns {Control}
 */
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
export function select(title, options, onChange) {
  const id = identifier('choice');
  const input = /** @type {HTMLSelectElement} */ (
    element(
      'select',
      { id, onchange: () => onChange(input.value) },
      options.map(([value, text]) => element('option', { value }, text)),
    )
  );
  const made = control(title, input, id);
  return {
    ...made,
    // A choice is never half typed, so it follows the address even if it has the focus.
    show: (/** @type {string} */ value) => {
      input.value = value;
    },
  };
}

/** @param {string} title @param {string} hint @param {(value: string) => void} onChange */
export function lines(title, hint, onChange) {
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

/**
 * @param {string} title
 * @param {{placeholder: string, form: Form, hint?: string}} how
 * @param {(value: string) => void} onChange
 */
export function number(title, { placeholder, form, hint = '' }, onChange) {
  const id = identifier('number');
  const help = element('small', { id: `${id}-hint`, class: 'muted' }, hint);
  const input = /** @type {HTMLInputElement} */ (
    element('input', {
      id,
      type: 'text',
      inputmode: form === WHOLE ? 'numeric' : 'decimal',
      placeholder,
      autocomplete: 'off',
      'aria-describedby': help.id,
      oninput: () => {
        check();
        onChange(input.value.trim());
      },
    })
  );
  const check = () => {
    const text = input.value.trim();
    const isWrong = text !== '' && usable(text, form) === null;
    input.toggleAttribute('aria-invalid', isWrong);
    if (isWrong) input.setAttribute('aria-invalid', 'true');
    help.className = isWrong ? 'error' : 'muted';
    help.textContent = isWrong ? `${text} is not used. ${form.expected}` : hint;
  };
  const made = control(title, input, id, help);
  return {
    ...made,
    show: (/** @type {string} */ value) => {
      made.show(value);
      check();
    },
  };
}

/**
 * A share in percent. Empty means the configured share, at which the thumb stands then.
 * @param {string} title
 * @param {(value: string) => void} onChange
 */
export function slider(title, onChange) {
  const id = identifier('share');
  const shown = element('output', { for: id, class: 'muted' });
  let configured = '';
  const input = /** @type {HTMLInputElement} */ (
    element('input', {
      id,
      type: 'range',
      min: 0,
      max: 100,
      step: 1,
      oninput: () => {
        shown.textContent = `${input.value} %`;
        onChange(input.value);
      },
    })
  );
  const hint = 'Share of pulls by nodes that have no layer of the image';
  const made = control(title, input, id, shown, element('small', { class: 'muted' }, hint));
  return {
    ...made,
    /** @param {string} percent */
    configure: (percent) => {
      configured = percent;
    },
    show: (/** @type {string} */ value) => {
      made.show(value || configured);
      shown.textContent = value ? `${value} %` : `${configured} %, as configured`;
    },
  };
}
