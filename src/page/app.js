// The frame around the views: which one is shown, what is chosen, how old the figures are.

import * as address from './address.js';
import { get } from './api.js';
import { append, element, name, replace } from './element.js';
import * as format from './format.js';
import { periodChooser } from './period.js';

/** @typedef {import('api').Registry} Registry */

/**
 * What a view is given.
 * @typedef {object} Frame
 * @property {Element} root Where it shows itself.
 * @property {AbortSignal} signal Ends it, with the charts it has drawn.
 * @property {(text: string) => void} announce Tells readers what has changed.
 * @property {(title: string) => void} retitle Names what is shown.
 * @property {(answer: {as_of?: string | null, versions?: import('api').Versions}) => void} credit
 *   Shows at the foot what an answer rests on.
 * @property {() => Promise<Registry[]>} registries All of them.
 */

/**
 * A view: builds itself once and then shows whatever the address says.
 * @typedef {{open: (frame: Frame) => Showing}} View
 */

/**
 * `within` is the view whose entry in the navigation stands for it; `period` is what it shows without a chosen period,
 * if it can show others.
 * @type {Record<string, {title: string, load: () => Promise<View>, within?: string, period?: string}>}
 */
const VIEWS = {
  overview: { title: 'Overview', load: () => import('./views/overview.js'), period: 'Now' },
  repositories: { title: 'Repositories', load: () => import('./views/repositories.js'), period: 'Now' },
  savings: { title: 'Savings', load: () => import('./views/savings.js'), period: 'Now' },
  centres: { title: 'Cost centres', load: () => import('./views/centres.js'), period: 'Now' },
  changes: { title: 'Changes', load: () => import('./views/changes.js'), period: 'Last 30 days' },
  images: { title: 'Images', load: () => import('./views/images.js'), period: 'Now' },
  cleanup: { title: 'Clean-up', load: () => import('./views/cleanup.js') },
  plan: { title: 'Plan', load: () => import('./views/plan.js') },
  'what-if': { title: 'What if', load: () => import('./views/what_if.js') },
  crawls: { title: 'Crawls', load: () => import('./views/crawls.js') },
  image: { title: 'Image', load: () => import('./views/image_page.js'), within: 'repositories' },
  compare: { title: 'Compare images', load: () => import('./views/compare.js'), within: 'repositories' },
  repository: { title: 'Repository', load: () => import('./views/repository.js'), within: 'repositories' },
};

const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Renders the view of the address until the signal aborts.
 * @typedef {(parameters: address.Address, signal: AbortSignal) => Promise<void>} Showing
 */

/** @typedef {{view: string, abort: AbortController, opened: Promise<Showing>}} Shown */

/** @type {Shown | null} */
let shown = null;

/** The showing under way. The next one ends it, so that a late answer never takes the place of a newer one. */
let turn = new AbortController();

/** What the first view begins with: asked for while its code is on its way. @type {Promise<any> | null} */
let ahead = null;

/** Fetched again for each view, because a crawl may have ended. @returns {Promise<Registry[]>} */
async function allRegistries() {
  const asked = ahead ?? get('v1/registries');
  ahead = null;
  const { items } = await asked;
  offerRegistries(items);
  return items;
}

/** Renders the address, in the current view or a new one. */
async function show() {
  turn.abort();
  turn = new AbortController();
  const { signal } = turn;
  const parameters = address.read();
  const wanted = Object.hasOwn(VIEWS, parameters.view ?? '') ? parameters.view : 'overview';
  drawNavigation(VIEWS[wanted].within ?? wanted);
  drawPeriod(wanted, parameters);
  const root = part('view');
  root.setAttribute('aria-busy', 'true');
  try {
    if (shown?.view !== wanted) {
      const isFirst = shown === null;
      if (isFirst && wanted === 'overview') {
        ahead = get('v1/registries');
        // The view says what went wrong.
        ahead.catch(() => {});
      }
      shown?.abort.abort();
      shown = opening(wanted, root, isFirst);
    }
    const showing = await shown.opened;
    if (signal.aborted) return;
    await showing(parameters, signal);
    performance.mark('tare-shown');
  } catch (error) {
    // The user has left the view meanwhile.
    if (signal.aborted) return;
    shown = null;
    fail(root, /** @type {Error} */ (error));
  } finally {
    if (!signal.aborted) root.removeAttribute('aria-busy');
  }
}

/** @param {string} view @param {Element} root @param {boolean} isFirst @returns {Shown} */
function opening(view, root, isFirst) {
  const abort = new AbortController();
  const { title, load } = VIEWS[view];
  retitle(title);
  const opened = load().then((module) => {
    if (abort.signal.aborted) return async () => {};
    replace(root);
    if (!isFirst) {
      part('main').focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    return module.open({ root, signal: abort.signal, announce, retitle, credit, registries: allRegistries });
  });
  return { view, abort, opened };
}

/** @param {Element} root @param {Error} error */
function fail(root, error) {
  const again = element('button', { type: 'button', onclick: () => void show() }, 'Try again');
  const title = 'title' in error ? String(error.title) : 'This view could not be shown';
  replace(
    root,
    element(
      'div',
      { class: 'alert', role: 'alert' },
      element('strong', {}, title),
      element('p', {}, error.message),
      again,
    ),
  );
}

/** @param {string} current */
function drawNavigation(current) {
  const links = Object.entries(VIEWS).filter(([, { within }]) => !within);
  const items = links.map(([view, { title, load }]) => {
    // A link that is pointed at is likely to be followed. If the code does not come, the view says so when it is opened.
    const prepare = () => void load().catch(() => {});
    return element(
      'a',
      {
        href: address.href({ view: view === 'overview' ? null : view }),
        'aria-current': view === current ? 'page' : null,
        onpointerenter: prepare,
        onfocus: prepare,
      },
      title,
    );
  });
  replace(part('nav'), items);
}

let periodOf = '';

/** The choice of a period, where the view can show others. @param {string} view @param {address.Address} parameters */
function drawPeriod(view, parameters) {
  const place = part('period');
  const usual = parameters.time ? 'Last 12 months' : VIEWS[view].period;
  // While a period is being chosen, its fields show it already.
  if (place.contains(document.activeElement) && periodOf === `${view} ${usual}`) return;
  periodOf = `${view} ${usual}`;
  replace(place, usual && periodChooser(parameters, usual));
}

let offered = '';

/** A choice of registry, where there is more than one. @param {Registry[]} all */
function offerRegistries(all) {
  const names = all.map(({ registry }) => registry).join(' ');
  if (all.length < 2 || names === offered) return;
  offered = names;
  const chosen = address.read().registry ?? '';
  const choose = (/** @type {Event} */ event) =>
    address.go(address.changed({ registry: /** @type {HTMLSelectElement} */ (event.target).value, cursor: null }));
  const options = all.map(({ registry }) =>
    element('option', { value: registry, selected: registry === chosen }, registry),
  );
  replace(
    part('scope'),
    element('label', { for: 'registry', class: 'for-readers' }, 'Registry'),
    element(
      'select',
      { id: 'registry', onchange: choose },
      element('option', { value: '' }, 'All registries'),
      options,
    ),
  );
}

/** @param {string} text */
function announce(text) {
  part('status').textContent = text;
}

/** @param {string} title */
function retitle(title) {
  part('title').textContent = title;
  document.title = `${title} · Tare`;
}

/** @param {{as_of?: string | null, versions?: import('api').Versions}} answer */
function credit({ as_of: asOf, versions }) {
  const books = versions?.price_books ?? [];
  const line = part('provenance');
  replace(line, 'As of ', element('time', { datetime: asOf }, format.moment(asOf)));
  if (!versions) return;
  // Of a digest its beginning will do: the whole of it is in the API's answer.
  const edition = (/** @type {string} */ digest) => digest.replace(/^sha256:/, '').slice(0, 12);
  append(
    line,
    ` · Tare ${versions.tare} · base image catalogue ${edition(versions.catalogue)} · size model ${edition(versions.model)} · price book `,
  );
  append(
    line,
    books.length ? books.flatMap(({ id, version }, at) => [at ? ', ' : '', name(`${id} ${version}`)]) : 'none',
  );
}

address.followLinks();
addEventListener('addresschange', () => void show());
void show().then(async () => {
  const { showAccount } = await import('./account.js');
  await showAccount(part('account'));
});
