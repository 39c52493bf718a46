// All images of the registries: by base, age, verdict and more.

import * as address from '../address.js';
import { Problem, get, url } from '../api.js';
import { csvLink } from '../csv.js';
import { element, name, replace } from '../element.js';
import * as format from '../format.js';
import { legend, table } from '../table.js';
import { CONFIDENCES, VERDICTS, confidenceMark, verdictMark } from '../words.js';
import { confidenceOf, link, then } from './cells.js';
import { choiceFilter, filterForm, textFilter } from './filters.js';
import { PAGE, pager } from './paged.js';
import { baseWord, imageLink } from './tags.js';

/** @typedef {import('api').AllImagesList} List */
/** @typedef {List['items'][number]} Image */

const FILTERS = /** @type {const} */ ([
  'registry',
  'window',
  'repository',
  'tag',
  'base',
  'verdict',
  'confidence',
  'created_before',
  'created_after',
  'not_pulled_since',
]);

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const results = element('div');
  const filters = [
    textFilter('Repository', 'repository', { hint: 'team-a/**' }),
    textFilter('Tag', 'tag'),
    textFilter('Base', 'base', { hint: 'node' }),
    choiceFilter('Verdict', 'verdict', VERDICTS),
    choiceFilter('How sure', 'confidence', CONFIDENCES),
    textFilter('Built before', 'created_before', { type: 'date' }),
    textFilter('Built after', 'created_after', { type: 'date' }),
    textFilter('Not pulled since', 'not_pulled_since', { type: 'date' }),
  ];
  frame.root.append(element('div', { class: 'panel' }, filterForm(filters), results));
  const pages = pager();

  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    for (const filter of filters) filter.show(parameters);
    const asked = Object.fromEntries(FILTERS.map((filter) => [filter, parameters[filter]]));
    const { cursor, sort = '-size' } = parameters;
    /** @type {List} */
    let list;
    try {
      list = await get('v1/images', { ...asked, sort, cursor, limit: PAGE }, signal);
    } catch (error) {
      // A filter that is half typed may not be valid yet.
      if (!(error instanceof Problem) || error.status !== 400) throw error;
      replace(results, element('p', { class: 'alert' }, error.message));
      return;
    }
    const notes = list.notes.map((note) => element('li', {}, name(note)));
    frame.credit(list);
    replace(
      results,
      element(
        'div',
        { class: 'paging' },
        element('h2', {}, format.counted(list.count, 'image')),
        csvLink('images.csv', url('v1/images', { ...asked, sort, format: 'csv' })),
      ),
      notes.length > 0 && element('ul', { class: 'alert' }, notes),
      table({
        caption: 'Images',
        columns: COLUMNS,
        rows: list.items,
        sort,
        onSort: (by) => address.go(address.changed({ sort: by, cursor: null })),
        empty: 'No image matches.',
      }),
      pages({ cursor, next: list.next_cursor, here: list.items.length, total: list.count }),
      legend(COLUMNS),
    );
    frame.announce(`${format.count(list.items.length)} images are shown`);
  };
}

/** @type {import('../table.js').Column<Image>[]} */
const COLUMNS = [
  {
    title: 'Image',
    isHeader: true,
    cell: (image) => [
      element('a', { href: imageLink(image) }, name(image.tags[0] ?? image.digest.slice(0, 19))),
      element('small', {}, element('a', { href: link(image) }, name(image.repository)), ` · ${image.platform}`),
    ],
  },
  { title: 'Built', kind: 'moment', hide: 'narrow', sort: 'created', cell: ({ created }) => format.day(created) },
  {
    title: 'Size',
    kind: 'number',
    sort: 'size',
    explain: 'Its compressed layers.',
    cell: ({ compressed_bytes: bytes }) => format.bytes(bytes),
  },
  { title: 'Base', hide: 'medium', cell: ({ base }) => name(baseWord(base) ?? format.UNKNOWN) },
  {
    title: 'On Alpine',
    kind: 'number',
    explain: 'Its size on Alpine, with the likely range.',
    cell: ({ alpine }) => then(alpine?.bytes),
  },
  {
    title: 'Exclusive',
    kind: 'number',
    hide: 'medium',
    sort: 'exclusive',
    explain: 'What deleting only this image would free.',
    cell: ({ exclusive_bytes: bytes }) => format.bytes(bytes),
  },
  {
    title: 'Last pull',
    kind: 'moment',
    hide: 'medium',
    sort: 'last_pull',
    cell: ({ last_pull: pull }) => pull.day ?? 'not known',
  },
  {
    title: 'Verdict',
    hide: 'narrow',
    cell: (image) =>
      element('span', { class: 'marks' }, verdictMark(image.verdict), confidenceMark(confidenceOf(image))),
  },
];
