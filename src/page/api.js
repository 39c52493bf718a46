// Requests to the API beside which this page is served.

import { askForKey, forgetKey, storedKey } from './key.js';

/** An answer that is no success, in the words of the server (RFC 9457). */
export class Problem extends Error {
  /** @param {number} status @param {string} title @param {string} [detail] */
  constructor(status, title, detail) {
    super(detail || title);
    this.name = 'Problem';
    this.status = status;
    this.title = title;
  }
}

/** @typedef {Record<string, string | number | null | undefined>} Parameters */

/**
 * A path with parameters; those without a value are left out. Paths are relative to the page, which may be below a path
 * of a proxy.
 * @param {string} path
 * @param {Parameters} [parameters]
 */
export function url(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    if (value != null && value !== '') query.set(key, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

/**
 * @param {string} path
 * @param {Parameters} [parameters]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, parameters, signal) {
  return parse(await (await send(url(path, parameters), { signal })).text());
}

/**
 * @param {string} path
 * @param {unknown} body
 * @param {{signal?: AbortSignal, headers?: Record<string, string>}} [options]
 * @returns {Promise<any>}
 */
export async function post(path, body, { signal, headers = {} } = {}) {
  const answer = await send(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal,
  });
  return parse(await answer.text());
}

/**
 * Asks the server to end something.
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function remove(path) {
  return parse(await (await send(path, { method: 'DELETE' })).text());
}

/**
 * Sends a request with the key, if there is one; asks for one where the server wants one.
 * @param {string} target
 * @param {{method?: string, body?: string, signal?: AbortSignal, headers?: Record<string, string>}} [options]
 * @returns {Promise<Response>}
 */
export async function send(target, options = {}) {
  const { headers: given, ...rest } = options;
  for (;;) {
    const key = storedKey();
    /** @type {Record<string, string>} */
    const headers = { accept: 'application/json', ...given };
    if (key) headers.authorization = `Bearer ${key}`;
    // Shows the server that a script of this page sends it: other pages cannot add it.
    if (rest.method) headers['x-requested-with'] = 'tare';
    let answer;
    try {
      answer = await fetch(target, { ...rest, headers });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new Problem(0, 'No answer', 'The server cannot be reached. Is tare serve still running?');
    }
    if (answer.ok) return answer;
    if (answer.status !== 401) throw await problem(answer);
    forgetKey(key);
    const { logins = [] } = await answer.json().catch(() => ({}));
    // Requests that ran side by side wait for one and the same question.
    if (!(await askForKey(key !== null, logins))) throw new Problem(401, 'A key is needed', 'Try again to give one.');
  }
}

/** @param {Response} answer */
async function problem(answer) {
  try {
    const { title, detail, errors = [] } = await answer.json();
    const each = errors.map((/** @type {any} */ error) => `${error.name}: ${error.detail}`);
    return new Problem(answer.status, title ?? answer.statusText, [detail, ...each].join('; '));
  } catch {
    return new Problem(answer.status, answer.statusText || `status ${answer.status}`);
  }
}

/**
 * JSON in which whole numbers keep all their digits: past 2^53 they become bigints, where the browser shows us
 * how they were written.
 * @param {string} text
 */
export function parse(text) {
  return JSON.parse(
    text,
    /** @param {string} _key @param {unknown} value @param {{source?: string}} [context] */
    (_key, value, context) => {
      const unsafe = typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
      return unsafe && context?.source && /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
    },
  );
}

/**
 * Follows server-sent events until the server ends them or the signal says so. EventSource is not used, as it
 * cannot send a key.
 * @param {string} path
 * @param {(event: {id: string, kind: string, data: any}) => void} onEvent
 * @param {AbortSignal} signal
 */
export async function follow(path, onEvent, signal) {
  const answer = await send(path, { headers: { accept: 'text/event-stream' }, signal });
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value.replaceAll('\r', '');
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = { id: '', kind: 'message', data: '' };
      for (const line of block.split('\n')) {
        const [, field, content] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (field === 'id') event.id = content;
        if (field === 'event') event.kind = content;
        if (field === 'data') event.data += content;
      }
      if (event.data) onEvent({ ...event, data: parse(event.data) });
    }
  }
}
