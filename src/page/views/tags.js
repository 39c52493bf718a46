// The tags of a repository, each with its image, which opens.

import * as address from '../address.js';
import { element, name } from '../element.js';
import * as format from '../format.js';
import { legend, table, tableCsv } from '../table.js';
import { verdictMark } from '../words.js';
import { then } from './cells.js';

/** @typedef {import('api').Tag} Tag */
/** @typedef {import('api').Image} Image */
/** @typedef {Tag & {image?: Image, platforms: number}} Line */

/** Where an image is shown. @param {{registry: string, repository: string, digest: string}} image */
export function imageLink({ registry, repository, digest }) {
  return address.href({ view: 'image', of: registry, repository, digest });
}

/** What an image is built on, in one word. @param {Image['base'] | undefined} base */
export function baseWord(base) {
  return base?.runtime ?? base?.name ?? null;
}

/**
 * @param {import('api').TagList} list
 * @param {import('api').ImageList} images
 * @param {{repository: string, tags: number}} row
 */
export function tagTable(list, images, row) {
  const lines = linesOf(list.items, images.items);
  const columns = /** @type {import('../table.js').Column<Line>[]} */ ([
    {
      title: 'Tag',
      isHeader: true,
      cell: ({ tag, image, platforms }) => [
        image ? element('a', { href: imageLink(image) }, name(tag)) : name(tag),
        platforms > 1 && element('small', {}, `${platforms} platforms`),
      ],
      csv: ({ tag }) => tag,
    },
    {
      title: 'Built',
      kind: 'moment',
      hide: 'narrow',
      cell: ({ image }) => format.day(image?.created),
      csv: ({ image }) => image?.created,
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
    { title: 'Digest', hide: 'always', cell: () => '', csv: ({ image }) => image?.digest },
  ]);
  const shown =
    list.items.length < row.tags
      ? `${format.count(list.items.length)} of ${format.count(row.tags)} tags`
      : `${format.count(row.tags)} tag${row.tags === 1 ? '' : 's'}`;
  const visible = columns.filter(({ hide }) => hide !== 'always');
  return element(
    'section',
    { class: 'panel' },
    element('div', { class: 'paging' }, element('h2', {}, shown), tableCsv('tags.csv', columns, lines)),
    table({ caption: `Tags of ${row.repository}`, columns: visible, rows: lines }),
    legend(visible),
  );
}

/** Each tag with the first of its images. @param {Tag[]} tags @param {Image[]} images @returns {Line[]} */
function linesOf(tags, images) {
  /** @type {Map<string, Image[]>} */
  const byTag = new Map();
  for (const image of images) {
    for (const tag of image.tags) byTag.set(tag, [...(byTag.get(tag) ?? []), image]);
  }
  return tags.map((tag) => {
    const own = byTag.get(tag.tag) ?? [];
    return { ...tag, image: own[0], platforms: own.length };
  });
}
