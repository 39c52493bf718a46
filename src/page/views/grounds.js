// The cards that say how sure and how fresh the figures are, and by which prices.

import * as address from '../address.js';
import { element, name } from '../element.js';
import * as format from '../format.js';
import { card, facts, unit } from './card.js';

/** @typedef {import('api').RegistryRow} Registry */
/** @typedef {import('api').CheaperPlan} CheaperPlan */

/** Figures older than this are marked: most registries change every day. */
const FRESH_MILLISECONDS = 24 * 60 * 60 * 1000;

/** @param {string} moment */
export function isOld(moment) {
  return Date.now() - Date.parse(moment) > FRESH_MILLISECONDS;
}

/** @param {Registry[]} registries */
export function coverage(registries) {
  const all = registries.reduce((sum, { repositories }) => sum + repositories, 0);
  const of = (/** @type {string} */ verdict) =>
    registries.reduce((sum, { alpine }) => sum + (alpine?.verdicts[verdict] ?? 0), 0);
  const loss = registries.reduce((sum, { alpine }) => sum + (alpine?.switching_at_a_loss ?? 0), 0);
  return card({
    title: 'Base image known',
    figure: [`${format.count(all - of('unknown_base'))} of ${format.count(all)}`, unit('repositories')],
    detail: `${format.count(of('switch'))} could get smaller on Alpine`,
    how: [
      element('p', {}, 'Repositories whose base image was recognised. The others are counted as they are today.'),
      loss > 0 &&
        element(
          'p',
          {},
          `For ${format.count(loss)} of those that could get smaller, storage grows, because other images still need the old base.`,
        ),
    ],
  });
}

/** @param {Registry[]} registries */
export function age(registries) {
  const oldest = registries.reduce((old, row) => (row.as_of < old.as_of ? row : old));
  return card({
    title: 'Data',
    kind: isOld(oldest.as_of) ? 'warning' : '',
    figure: [format.age(oldest.as_of), unit('old')],
    detail: isOld(oldest.as_of) ? 'Crawl again for current figures' : format.moment(oldest.as_of),
    how: [
      element(
        'p',
        {},
        'When the registry was last crawled',
        registries.length > 1 ? '. Of several registries, the oldest' : '',
        `: ${format.moment(oldest.as_of)}.`,
      ),
      element('p', {}, element('a', { href: address.href({ view: 'crawls' }) }, 'Crawls')),
    ],
  });
}

/** Of when the figures are, where a period was chosen. @param {Registry[]} registries */
export function moment(registries) {
  const oldest = registries.reduce((old, row) => (row.as_of < old.as_of ? row : old));
  return card({
    title: 'As of',
    figure: [format.day(oldest.as_of)],
    detail: 'the last crawl of the chosen period',
    how: [
      element('p', {}, 'The figures as they were then, with today’s price books, catalogue and settings.'),
      element('p', {}, element('a', { href: address.changed({ window: null }) }, 'Show the present figures')),
    ],
  });
}

/** @param {Registry[]} registries */
export function book(registries) {
  const books = new Map(
    registries.flatMap(({ cost }) => (cost ? [[`${cost.price_book.id} ${cost.price_book.version}`, cost]] : [])),
  );
  if (!books.size) return noBook(registries);
  const costs = [...books.values()];
  const [{ price_book: first }] = costs;
  const [cheaper] = costs.flatMap(({ cheaper_plan: plan }) => plan ?? []);
  const edition = `version ${first.version}${first.valid_until ? `, valid until ${format.day(first.valid_until)}` : ''}`;
  return card({
    title: 'Price book',
    kind: 'wide',
    figure: [costs.length === 1 ? name(first.title, { class: 'name title' }) : `${costs.length} books`],
    detail: cheaper ? cheaperPlan(cheaper) : costs.length === 1 ? edition : '',
    how: costs
      .map((cost) =>
        facts([
          ['book', name(cost.price_book.id)],
          ['version', cost.price_book.version],
          ['prices valid until', format.day(cost.price_book.valid_until)],
          [`one ${cost.unit} more, a month`, format.money(cost.one_more_unit)],
          ...(cost.average_unit ? [[`one ${cost.unit} on average`, format.money(cost.average_unit)]] : []),
        ]),
      )
      .concat(costs.flatMap((cost) => lost(cost.cheaper_plan) ?? [])),
  });
}

/** A plan that is cheaper without any work. @param {CheaperPlan} plan */
function cheaperPlan(plan) {
  return element(
    'span',
    { class: 'cheaper' },
    'Cheaper without any work: ',
    element('strong', {}, name(plan.title)),
    ` saves ${format.money(plan.saving)} a month.`,
    plan.features_lost.length > 0 && ' Some features are lost; see Explain.',
  );
}

/** What the cheaper plan lacks. @param {CheaperPlan | null | undefined} plan */
function lost(plan) {
  if (!plan?.features_lost.length) return null;
  return element('p', {}, 'With ', name(plan.title), ` you would lose: ${plan.features_lost.join(', ')}.`);
}

/** How to see costs, by the registry that most likely has this price book. @param {Registry[]} registries */
function noBook(registries) {
  const { registry, suggested_price_book: book } = /** @type {any[]} */ (registries).find((row) => row.suggested_price_book) ?? registries[0];
  return card({
    title: 'Price book',
    figure: ['none', unit('set')],
    detail: book ? ['Costs need one. Try ', name(book)] : 'figures are in bytes',
    how: [
      element('p', {}, 'To see costs, set a price book in the configuration:'),
      element('pre', {}, `[[registry]]\nurl = "https://${registry}"\nprice_book = "${book ?? ''}"`),
      element('p', {}, element('code', {}, 'tare prices list'), ' shows the price books that come with Tare.'),
    ],
  });
}

