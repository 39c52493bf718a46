// The frame around the views: which one is shown, what is chosen, how old the figures are.

import * as address from './address.js';
import { get } from './api.js';
import { append, element, name, replace } from './element.js';
import * as format from './format.js';

/** @typedef {import('./types.js').Registry} Registry */

/**
 * What a view is given.
 * @typedef {object} Frame
 * @property {Element} root Where it shows itself.
 * @property {AbortSignal} signal Ends it.
 * @property {(text: string) => void} announce Tells readers what has changed.
 * @property {(title: string) => void} retitle Names what is shown.
 * @property {(answer: {as_of?: string | null, versions?: import('./types.js').Versions}) => void} credit
 *   Shows at the foot what an answer rests on.
 * @property {() => Promise<Registry[]>} registries All of them, asked for once.
 */

/**
 * A view: builds itself once and then shows whatever the address says.
 * @typedef {{open: (frame: Frame) => (parameters: address.Address) => Promise<void>}} View
 */

/** @type {Record<string, {title: string, load: () => Promise<View>, within?: string}>} */
const VIEWS = {
  overview: { title: 'Overview', load: () => import('./views/overview.js') },
  repositories: { title: 'Repositories', load: () => import('./views/repositories.js') },
  savings: { title: 'Savings', load: () => import('./views/savings.js') },
  centres: { title: 'Cost centres', load: () => import('./views/centres.js') },
  'what-if': { title: 'What if', load: () => import('./views/what_if.js') },
  crawls: { title: 'Crawls', load: () => import('./views/crawls.js') },
  repository: { title: 'Repository', load: () => import('./views/repository.js'), within: 'repositories' },
};

const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @typedef {{view: string, abort: AbortController, show: (parameters: address.Address) => Promise<void>}} Shown */

/** @type {Shown | null} */
let shown = null;

/** @type {Promise<Registry[]> | null} */
let registries = null;

function allRegistries() {
  registries ??= get('/v1/registries').then((list) => {
    offerRegistries(list.items);
    return list.items;
  });
  registries.catch(() => {
    registries = null;
  });
  return registries;
}

/** Shows what the address says: in the view that is open already, or in another. */
async function show() {
  const parameters = address.read();
  const wanted = Object.hasOwn(VIEWS, parameters.view ?? '') ? parameters.view : 'overview';
  const { title, load, within } = VIEWS[wanted];
  drawNavigation(within ?? wanted);
  const isFirst = shown === null;
  const isOther = shown?.view !== wanted;
  const root = part('view');
  try {
    if (isOther) {
      shown?.abort.abort();
      const abort = new AbortController();
      /** @type {Shown} */
      const opening = { view: wanted, abort, show: async () => {} };
      shown = opening;
      retitle(title);
      root.setAttribute('aria-busy', 'true');
      const view = await load();
      if (shown !== opening) return;
      replace(root);
      opening.show = view.open({ root, signal: abort.signal, announce, retitle, credit, registries: allRegistries });
      if (!isFirst) part('main').focus({ preventScroll: true });
      if (!isFirst) scrollTo(0, 0);
    }
    root.setAttribute('aria-busy', 'true');
    await shown?.show(parameters);
    performance.mark('tare-shown');
  } catch (error) {
    if (shown?.abort.signal.aborted || /** @type {Error} */ (error).name === 'AbortError') return;
    shown = null;
    fail(root, /** @type {Error} */ (error));
  } finally {
    root.removeAttribute('aria-busy');
  }
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
  const items = links.map(([view, { title }]) =>
    element(
      'a',
      {
        href: address.href({ view: view === 'overview' ? null : view }),
        'aria-current': view === current ? 'page' : null,
      },
      title,
    ),
  );
  replace(part('nav'), items);
  // On a phone the views do not all fit: the one that is shown must be among those in sight.
  part('nav').querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
}

/** A choice of registry, where there is more than one. @param {Registry[]} all */
function offerRegistries(all) {
  if (all.length < 2) return;
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

/** @param {{as_of?: string | null, versions?: import('./types.js').Versions}} answer */
function credit({ as_of: asOf, versions }) {
  const books = versions?.price_books ?? [];
  const line = part('provenance');
  replace(line, 'As of ', element('time', { datetime: asOf }, format.moment(asOf)));
  if (!versions) return;
  // Of a digest its beginning will do: the whole of it is in the API's answer.
  const edition = (/** @type {string} */ digest) => digest.replace(/^sha256:/, '').slice(0, 12);
  append(
    line,
    ` · Tare ${versions.tare} · catalogue of bases ${edition(versions.catalogue)} · model of sizes ${edition(versions.model)} · price book `,
  );
  append(
    line,
    books.length ? books.flatMap(({ id, version }, at) => [at ? ', ' : '', name(`${id} ${version}`)]) : 'none',
  );
}

address.followLinks();
addEventListener('addresschange', () => void show());
void show();
