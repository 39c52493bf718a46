// The tags of a repository, each with its image, which opens.

import * as address from '../address.js';
import { element, name } from '../element.js';
import * as format from '../format.js';
import { legend, table, tableCsv } from '../table.js';
import { verdictMark } from '../words.js';
import { then } from './cells.js';

/** @typedef {import('api').Tag} Tag */
/** @typedef {import('api').Image} Image */

/** Where an image is shown. @param {{registry: string, repository: string, digest: string}} image */
export function imageLink({ registry, repository, digest }) {
  return address.href({ view: 'image', of: registry, repository, digest });
}

/** What an image is built on, in one word. @param {Image['base'] | undefined} base */
export function baseWord(base) {
  return base?.runtime ?? base?.name ?? null;
}

/** @param {import('api').TagList} list @param {{repository: string, tags: number}} row */
export function tagTable(list, row) {
  const columns = /** @type {import('../table.js').Column<Tag>[]} */ ([
    {
      title: 'Tag',
      isHeader: true,
      cell: ({ tag, image, images }) => [
        image ? element('a', { href: imageLink(image) }, name(tag)) : name(tag),
        images > 1 && element('small', {}, `${images} platforms`),
      ],
      csv: ({ tag }) => tag,
    },
    {
      title: 'Built',
      kind: 'moment',
      hide: 'narrow',
      cell: ({ created }) => format.day(created),
      csv: ({ created }) => created,
    },
    {
      title: 'Size',
      kind: 'number',
      explain: 'The compressed layers of its image.',
      cell: ({ image }) => format.bytes(image?.compressed_bytes),
      csv: ({ image }) => image?.compressed_bytes,
    },
    {
      title: 'Base',
      hide: 'medium',
      cell: ({ image }) => name(baseWord(image?.base) ?? format.UNKNOWN),
      csv: ({ image }) => baseWord(image?.base),
    },
    {
      title: 'On Alpine',
      kind: 'number',
      explain: 'The size of its image on Alpine, with the likely range.',
      cell: ({ image }) => then(image?.alpine?.bytes),
      csv: ({ image }) => image?.alpine?.bytes.expected,
    },
    {
      title: 'Verdict',
      hide: 'narrow',
      cell: ({ image }) => verdictMark(image?.verdict),
      csv: ({ image }) => image?.verdict,
    },
    {
      title: 'Exclusive',
      kind: 'number',
      hide: 'narrow',
      explain: 'What deleting only this tag would free.',
      cell: (tag) => format.bytes(tag.exclusive_bytes),
      csv: (tag) => tag.exclusive_bytes,
    },
    {
      title: 'Attributed',
      kind: 'number',
      hide: 'medium',
      explain: 'The tag’s share of the attributed bytes of the repository.',
      cell: (tag) => format.bytes(tag.attributed_bytes),
      csv: (tag) => tag.attributed_bytes,
    },
    {
      title: 'Size with shared layers',
      kind: 'number',
      hide: 'wide',
      explain: 'All layers of the tag, on all platforms, each once.',
      cell: (tag) => format.bytes(tag.stored_bytes),
      csv: (tag) => tag.stored_bytes,
    },
    { title: 'Digest', hide: 'always', cell: () => '', csv: ({ digest }) => digest },
  ]);
  const shown =
    list.items.length < row.tags
      ? `${format.count(list.items.length)} of ${format.counted(row.tags, 'tag')}`
      : format.counted(row.tags, 'tag');
  const visible = columns.filter(({ hide }) => hide !== 'always');
  return element(
    'section',
    { class: 'panel' },
    element('div', { class: 'paging' }, element('h2', {}, shown), tableCsv('tags.csv', columns, list.items)),
    table({ caption: `Tags of ${row.repository}`, columns: visible, rows: list.items }),
    legend(visible),
  );
}
