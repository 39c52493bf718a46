// Who is logged in, and the way out.

import { get, send } from './api.js';
import { element, name, replace } from './element.js';
import { forgetKey, storedKey } from './key.js';

/**
 * Shows the caller's name beside the views, where the service asks who that is.
 * @param {Element} place
 */
export async function showAccount(place) {
  /** @type {import('api').Me} */
  let me;
  try {
    me = await get('v1/me');
  } catch {
    // The view says what is wrong.
    return;
  }
  if (me.authenticated_by === 'nothing') return;
  const leave = me.authenticated_by === 'login' ? logOut : forget;
  replace(
    place,
    name(me.name),
    element('button', { type: 'button', onclick: () => void leave() }, 'Log out'),
  );
}

/** Ends the login here and, where the identity provider offers it, there. */
async function logOut() {
  let next = null;
  try {
    const answer = await send('auth/logout', { method: 'POST' });
    ({ continue_at: next } = await answer.json());
  } catch {
    // The page that is loaded again shows whether the login has ended.
  }
  if (next) location.assign(next);
  else location.reload();
}

/** Forgets the key of this tab. */
function forget() {
  forgetKey(storedKey());
  location.reload();
}
