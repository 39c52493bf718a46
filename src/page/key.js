// What a server with access control asks for: a login at an identity provider, or a key. A key is kept for as long as
// the tab is open, and goes to the server that served this page and nowhere else.

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
 * A place where people can log in.
 * @typedef {{name: string, url: string}} Login
 */

/**
 * Asks for a login or a key, once however many requests want one. Answers whether there is a key now; for a login the
 * browser leaves the page.
 * @param {boolean} wasRefused
 * @param {Login[]} logins
 */
export function askForKey(wasRefused, logins) {
  if (storedKey()) return Promise.resolve(true);
  question ??= ask(wasRefused, logins).finally(() => {
    question = null;
  });
  return question;
}

/** The way to each login, which comes back to what is shown now. @param {Login[]} logins */
function loginLinks(logins) {
  const back = encodeURIComponent(location.search);
  return logins.map(({ name, url }) =>
    element('p', {}, element('a', { class: 'button', href: `${url}&return_to=${back}` }, `Log in with ${name}`)),
  );
}

/** @param {boolean} wasRefused @param {Login[]} logins @returns {Promise<boolean>} */
function ask(wasRefused, logins) {
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
        element('h2', { id: 'key-title' }, logins.length ? 'Log in' : 'A key is required'),
        loginLinks(logins),
        element(
          'p',
          {},
          wasRefused ? 'The key was refused. ' : '',
          logins.length ? 'Or use a key. ' : '',
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
