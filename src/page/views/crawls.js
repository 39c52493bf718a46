// The crawls: what is read now and how far it is, what could not be read, and how to start or stop one.

import { follow, get, post, remove } from '../api.js';
import { element, replace } from '../element.js';
import { latest, underWay } from './crawl_list.js';
import { starter } from './crawl_start.js';

/** @typedef {import('api').Crawl} Crawl */

const OVER = ['complete', 'incomplete', 'interrupted', 'failed', 'cancelled'];
/** The pause before the events are asked for again. */
const PAUSE_MILLISECONDS = 3000;

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const [start, running, done] = [element('div'), element('div'), element('div')];
  frame.root.append(start, running, done);
  /** What went wrong when a button was pressed. */
  const said = element('p', { role: 'status', class: 'warning-text' });
  /** @type {Crawl[]} */
  let crawls = [];

  /** @param {() => Promise<unknown>} request */
  const attempt = async (request) => {
    said.textContent = '';
    try {
      await request();
    } catch (error) {
      said.textContent = /** @type {Error} */ (error).message;
    }
    await show();
  };
  // Pressed twice, it is still one crawl.
  const begin = (/** @type {string} */ registry) =>
    attempt(() => post('v1/crawls', { registry }, { headers: { 'idempotency-key': crypto.randomUUID() } }));
  const cancel = (/** @type {number} */ id) => attempt(() => remove(`v1/crawls/${id}`));
  const drawRunning = () => {
    const now = crawls.filter(({ state }) => !OVER.includes(state));
    replace(running, now.length > 0 && underWay(now, cancel));
  };

  const show = async () => {
    const [list, registries] = await Promise.all([get('v1/crawls', { limit: 50 }, frame.signal), frame.registries()]);
    if (frame.signal.aborted) return;
    crawls = list.items;
    replace(start, starter(registries, begin), said);
    drawRunning();
    replace(done, latest(crawls));
  };

  /** A crawl changed, or there are newer figures. @param {{kind: string, data: Crawl}} event */
  const changed = ({ kind, data }) => {
    const known = crawls.find(({ id }) => id === data.id);
    if (kind === 'crawl' && known && known.state === data.state) {
      crawls = crawls.map((crawl) => (crawl.id === data.id ? data : crawl));
      drawRunning();
      return;
    }
    if (kind === 'crawl') frame.announce(`Crawl ${data.id} of ${data.registry}: ${data.state}`);
    void show();
  };
  void watch(changed, show, frame.signal);
  return show;
}

/**
 * Follows all crawls for as long as the view is shown.
 * @param {(event: {id: string, kind: string, data: any}) => void} changed
 * @param {() => Promise<void>} show
 * @param {AbortSignal} signal
 */
async function watch(changed, show, signal) {
  while (!signal.aborted) {
    try {
      await follow('v1/crawls/events', changed, signal);
    } catch {
      // The connection broke. Meanwhile a crawl may have ended.
    }
    if (signal.aborted) return;
    await new Promise((resolve) => {
      setTimeout(resolve, PAUSE_MILLISECONDS);
    });
    if (!signal.aborted) await show().catch(() => {});
  }
}
