// Charts: Chart.js, loaded when the first one is shown, in the colours of the page, each with what it says in
// words, its table and its file.

import { element, explained, identifier } from './element.js';
import { legend } from './series.js';

/** @typedef {import('./element.js').Child} Child */
/** @typedef {Record<string, string>} Colours */

const dark = matchMedia('(prefers-color-scheme: dark)');
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** @type {Promise<any> | null} */
let library = null;

/** Chart.js's animation settings, with our duration. @type {object | null} */
let animation = null;

/** Chart.js comes as a classic script, which puts itself on the window. */
function load() {
  library ??= new Promise((resolve, reject) => {
    const script = element('script', { src: new URL('vendor/chart.umd.min.js', import.meta.url).href });
    script.addEventListener('load', () => resolve(/** @type {any} */ (window).Chart));
    script.addEventListener('error', () => reject(new Error('The charts could not be loaded; reload the page.')));
    document.head.append(script);
  });
  return library;
}

/** @returns {Colours} */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ['muted', 'line', 'surface', 'storage', 'transfer', 'fee', 'alpine', 'fall', 'budget', 'now', 'band'];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/**
 * A chart with everything that belongs to it.
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.says What it shows, in a sentence, for screen readers.
 * @param {(colours: Colours) => object} options.build Gives Chart.js's configuration.
 * @param {import('./series.js').Look[]} options.series What it draws, for its legend.
 * @param {Element} options.table The same figures.
 * @param {Element} options.file The same figures for a spreadsheet.
 * @param {string | (Child | Child[])[]} options.how How the figures were worked out.
 * @param {string} [options.note] What must be known before the figures are used.
 * @param {boolean} [options.isTableOpen]
 * @param {'low' | 'high' | 'tall'} [options.size]
 * @param {Child | Child[]} [options.tools] Switches beside the title.
 * @param {AbortSignal} options.signal Ends the chart with the view that it is part of.
 */
export function chart({ title, says, build, series, table, file, how, note, isTableOpen, size = 'low', tools, signal }) {
  const id = identifier('chart');
  const canvas = /** @type {HTMLCanvasElement} */ (
    element('canvas', { role: 'img', 'aria-label': `${title}. ${says}` })
  );
  const place = element('div', { class: `canvas ${size}` }, canvas);
  const figures = explained('Show as a table', table);
  figures.toggleAttribute('open', Boolean(isTableOpen));
  draw(canvas, build, signal).catch((error) => place.replaceChildren(element('p', { class: 'muted' }, error.message)));
  return element(
    'figure',
    { class: 'panel', 'aria-labelledby': id },
    element('figcaption', {}, element('h2', { id }, title), element('div', { class: 'tools' }, tools ?? [], file)),
    element('p', { class: 'says' }, says),
    note && element('p', { class: 'warning-text' }, note),
    place,
    legend(series),
    figures,
    explained('How this is computed', ...(typeof how === 'string' ? [element('p', {}, how)] : how)),
  );
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {(colours: Colours) => object} build
 * @param {AbortSignal} signal
 */
async function draw(canvas, build, signal) {
  const Chart = await load();
  // Chart.js reads from the keys of its own settings what it can animate: they are extended, never replaced.
  animation ??= Object.assign(Chart.defaults.animation, { duration: 250 });
  /** @type {any} */
  let drawn = null;
  const redraw = () => {
    drawn?.destroy();
    drawn = null;
    if (signal.aborted) return;
    const now = colours();
    Chart.defaults.color = now.muted;
    Chart.defaults.borderColor = now.line;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.animation = still.matches ? false : animation;
    Chart.defaults.plugins.legend.display = false;
    Chart.defaults.plugins.tooltip.filter = (/** @type {any} */ { dataset }) => dataset.label !== '';
    Chart.defaults.maintainAspectRatio = false;
    Chart.defaults.interaction = { mode: 'index', intersect: false };
    drawn = new Chart(canvas, build(now));
  };
  redraw();
  dark.addEventListener('change', redraw, { signal });
  signal.addEventListener('abort', redraw);
}

/** A name that fits beside an axis; tables have all of it. @param {string} text */
export function shortened(text) {
  const most = innerWidth < 700 ? 16 : 32;
  return text.length > most ? `…${text.slice(1 - most)}` : text;
}
