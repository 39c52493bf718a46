// The key that a server with access control asks for. It is kept for as long as the tab is open, and goes to the
// server that served this page and nowhere else.

import { element } from './element.js';

const PLACE = 'tare-key';

/** @type {Promise<boolean> | null} */
let question = null;

export function storedKey() {
  return sessionStorage.getItem(PLACE);
}

/**
 * Forgets a key that the server refused, unless another has taken its place meanwhile.
 * @param {string | null} refused
 */
export function forgetKey(refused) {
  if (storedKey() === refused) sessionStorage.removeItem(PLACE);
}

/**
 * Asks for a key, once however many requests want one. Answers whether there is one now.
 * @param {boolean} wasRefused
 */
export function askForKey(wasRefused) {
  if (storedKey()) return Promise.resolve(true);
  question ??= ask(wasRefused).finally(() => {
    question = null;
  });
  return question;
}

/** @param {boolean} wasRefused @returns {Promise<boolean>} */
function ask(wasRefused) {
  const input = /** @type {HTMLInputElement} */ (
    element('input', { type: 'password', id: 'key', autocomplete: 'off', required: true, spellcheck: 'false' })
  );
  const dialog = /** @type {HTMLDialogElement} */ (
    element(
      'dialog',
      { 'aria-labelledby': 'key-title' },
      element(
        'form',
        { method: 'dialog' },
        element('h2', { id: 'key-title' }, 'A key is required'),
        element(
          'p',
          {},
          wasRefused ? 'The key was refused. ' : '',
          'Your administrator creates a key with ',
          element('code', {}, 'tare key create NAME --scope read'),
          '. If the service accepts access tokens of an identity provider, you can enter a token instead. ',
          'It is stored until you close this tab.',
        ),
        element('label', { for: 'key' }, 'Key'),
        input,
        element(
          'p',
          { class: 'actions' },
          element('button', { value: 'use', class: 'primary' }, 'Use this key'),
          element('button', { value: 'cancel', formnovalidate: true }, 'Cancel'),
        ),
      ),
    )
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const given = dialog.returnValue === 'use' && input.value.trim();
      if (given) sessionStorage.setItem(PLACE, given);
      dialog.remove();
      resolve(Boolean(given));
    });
  });
}
