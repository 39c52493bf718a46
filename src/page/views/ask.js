// Questions that are asked while they are typed.

import { Problem, get } from '../api.js';
import { element, name, replace } from '../element.js';

/**
 * The answer to a question. If the question is not valid, as when a number is half typed, the place for results says so and there
 * is no answer.
 * @template Answer
 * @param {string} path
 * @param {Record<string, string | undefined>} asked
 * @param {HTMLElement} results
 * @param {AbortSignal} signal
 * @returns {Promise<Answer | undefined>}
 */
export async function ask(path, asked, results, signal) {
  try {
    return await get(path, asked, signal);
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 400) throw error;
    replace(results, element('p', { class: 'alert' }, error.message));
    return undefined;
  }
}

/**
 * What a reader must know about an answer.
 * @param {readonly string[]} notes
 */
export function noteList(notes) {
  return notes.length > 0 && element('ul', { class: 'alert' }, notes.map((note) => element('li', {}, name(note))));
}
