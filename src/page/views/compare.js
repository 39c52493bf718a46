// Two images side by side: what they share, what each has for itself, and how they differ.

import * as address from '../address.js';
import { get } from '../api.js';
import { element, name, replace } from '../element.js';
import * as format from '../format.js';
import { table, tableCsv } from '../table.js';
import { verdictMark } from '../words.js';
import { baseWord, imageLink } from './tags.js';

/** @typedef {import('api').ImageExplanation} Image */
/** @typedef {import('api').LayerRow} Layer */
/** Which of both has a layer. @typedef {'both' | 'first' | 'second'} In */

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    const { of: registry, repository, digest, with: other } = parameters;
    const place = `v1/images/${encodeURIComponent(registry)}/${encodeURIComponent(repository)}`;
    const both = [digest, other].map((one) => get(`${place}/${encodeURIComponent(one)}`, {}, signal));
    /** @type {Image[]} */
    const [first, second] = await Promise.all(both);
    frame.retitle(`${repository}: ${word(first)} and ${word(second)}`);
    frame.credit(first);
    replace(frame.root, summary(first, second, parameters), layers(first, second));
    frame.announce(`${word(first)} compared with ${word(second)}`);
  };
}

/** @param {Image} image */
function word({ tags, digest }) {
  return tags[0] ?? digest.slice(0, 19);
}

/** @param {Image} first @param {Image} second @param {address.Address} parameters */
function summary(first, second, { of: registry, repository, digest, with: other }) {
  const swapped = address.href({ view: 'compare', of: registry, repository, digest: other, with: digest });
  const size = BigInt(second.compressed_bytes) - BigInt(first.compressed_bytes);
  const alpine = (/** @type {Image} */ { alpine: own }) => own && format.bytes(own.bytes.expected);
  const rows = /** @type {[string, any, any][]} */ ([
    ['Built', format.moment(first.created), format.moment(second.created)],
    ['Platform', first.platform, second.platform],
    ['Base', name(baseWord(first.base) ?? 'not known'), name(baseWord(second.base) ?? 'not known')],
    [
      'Size',
      format.bytes(first.compressed_bytes),
      [format.bytes(second.compressed_bytes), element('small', {}, signed(size))],
    ],
    ['On Alpine', alpine(first) ?? format.UNKNOWN, alpine(second) ?? format.UNKNOWN],
    ['Layers', format.count(first.layers.length), format.count(second.layers.length)],
    ['Verdict', verdictMark(first.verdict), verdictMark(second.verdict)],
  ]);
  const title = (/** @type {Image} */ image) => element('a', { href: imageLink(image) }, name(word(image)));
  return element(
    'section',
    { class: 'panel', 'aria-label': 'Summary' },
    element(
      'p',
      {},
      element('a', { href: address.href({ view: 'repository', of: registry, repository }) }, name(repository)),
      ' · ',
      title(first),
      ' and ',
      title(second),
      ' · ',
      element('a', { href: swapped }, 'Swap'),
    ),
    table({
      caption: 'Both images',
      rows,
      columns: [
        { title: '', isHeader: true, cell: ([what]) => what },
        { title: word(first), cell: ([, one]) => one },
        { title: word(second), cell: ([, , two]) => two },
      ],
    }),
  );
}

/** @param {bigint} change */
function signed(change) {
  if (change === 0n) return 'the same size';
  return change > 0n ? `+${format.bytes(change)}` : format.bytes(change);
}

const WORDS = { both: 'both', first: 'first', second: 'second' };

/** @param {Image} first @param {Image} second */
function layers(first, second) {
  const [own, others] = [first, second].map(({ layers: all }) => new Set(all.map(({ digest }) => digest)));
  const rows = [
    ...first.layers.map((layer) => ({ layer, is: /** @type {In} */ (others.has(layer.digest) ? 'both' : 'first') })),
    ...second.layers
      .filter(({ digest }) => !own.has(digest))
      .map((layer) => ({ layer, is: /** @type {In} */ ('second') })),
  ];
  const sum = (/** @type {In} */ wanted) =>
    rows.reduce((total, { layer, is }) => (is === wanted ? total + BigInt(layer.bytes) : total), 0n);
  const columns = /** @type {import('../table.js').Column<{layer: Layer, is: In}>[]} */ ([
    {
      title: 'Step',
      isHeader: true,
      cell: ({ layer }) => element('code', { class: 'command' }, name(step(layer))),
      csv: ({ layer }) => layer.command ?? layer.digest,
    },
    {
      title: 'In',
      cell: ({ is }) => element('span', { class: `verdict in-${is}` }, WORDS[is]),
      csv: ({ is }) => WORDS[is],
    },
    { title: 'Size', kind: 'number', cell: ({ layer }) => format.bytes(layer.bytes), csv: ({ layer }) => layer.bytes },
    {
      title: 'Digest',
      hide: 'medium',
      cell: ({ layer }) => element('code', {}, layer.digest.slice(0, 19)),
      csv: ({ layer }) => layer.digest,
    },
  ]);
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'layers' },
    element(
      'div',
      { class: 'paging' },
      element('h2', { id: 'layers' }, 'Layers'),
      tableCsv('compared-layers.csv', columns, rows),
    ),
    element(
      'p',
      { class: 'says' },
      `Shared: ${format.bytes(sum('both'))}. Only in ${word(first)}: ${format.bytes(sum('first'))}. ` +
        `Only in ${word(second)}: ${format.bytes(sum('second'))}.`,
    ),
    table({ caption: 'Layers of both images', columns, rows }),
  );
}

/** What made a layer, shortened. @param {Layer} layer */
function step({ command, digest }) {
  const words = command?.replace(/\s+/g, ' ').trim();
  if (!words) return digest.slice(0, 19);
  return words.length > 120 ? `${words.slice(0, 119)}…` : words;
}
