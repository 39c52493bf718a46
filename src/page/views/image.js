// One image explained: its base with the evidence, and each layer now and on Alpine.

import { element, explained, name } from '../element.js';
import * as format from '../format.js';
import { table, tableCsv } from '../table.js';
import { CLASSES, EVIDENCE } from '../words.js';

/** @typedef {import('api').Estimate} ByteEstimate */
/** @typedef {import('api').LayerRow} Layer */
/** @typedef {import('api').CandidateRow} Candidate */
/** @typedef {import('api').ImageExplanation} Explanation */

/** A line of the table of layers: a layer, or what Alpine brings. @typedef {Partial<Layer> & {title?: string}} Line */

/** @param {Explanation} explained @param {string} title What image it is. */
export function image(explained, title) {
  const { tags, digest, platform, base, alpine, cautions, dockerfile_change: change } = explained;
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'image' },
    element(
      'h2',
      { id: 'image' },
      `${title}: `,
      name(tags[0] ?? digest.slice(0, 19)),
      ` · ${platform}`,
    ),
    element(
      'p',
      { class: 'muted' },
      name(digest),
      explained.created ? ` · built ${format.moment(explained.created)}` : '',
    ),
    base ? baseWords(base) : element('p', {}, 'Its base image could not be recognised.'),
    alpine && alpineWords(explained, alpine),
    change && element('pre', {}, `- ${change.from}\n+ ${change.to}`),
    cautions.length > 0 &&
      element(
        'div',
        { class: 'alert' },
        element('strong', {}, 'Check these first'),
        element(
          'ul',
          {},
          cautions.map((caution) => element('li', {}, name(caution))),
        ),
      ),
    candidates(explained.candidates),
    layers(explained),
  );
}

/** @param {NonNullable<Explanation['base']>} base */
function baseWords({ name: system, runtime, layers: count, evidence, confidence }) {
  const names = [runtime, system].filter((part) => part != null);
  return element(
    'p',
    {},
    'Built on ',
    names.flatMap((part, at) => [at ? ' on ' : '', element('strong', {}, name(part))]),
    `: its first ${count === 1 ? 'layer' : `${format.count(count)} layers`}. Evidence: ${EVIDENCE[evidence] ?? evidence}. Confidence: ${confidence} %.`,
  );
}

/** @param {Explanation} image @param {NonNullable<Explanation['alpine']>} alpine */
function alpineWords(image, alpine) {
  const interval = format.interval(alpine.bytes, format.bytes);
  return element(
    'p',
    {},
    `${format.bytes(image.compressed_bytes)} today; on `,
    element('strong', {}, name(alpine.twin)),
    ` ${format.bytes(alpine.bytes.expected)}`,
    interval ? ` (likely ${interval})` : '',
    image.class ? `. ${CLASSES[image.class] ?? ''}` : '.',
  );
}

/** @param {Candidate[]} rows */
function candidates(rows) {
  if (!rows.length) return null;
  return explained(
    `Possible base images (${rows.length})`,
    table({
      caption: 'Possible base images, most likely first',
      rows,
      columns: [
        { title: 'Base', isHeader: true, cell: (row) => name(row.name) },
        { title: 'Confidence', kind: 'number', cell: (row) => `${row.confidence} %` },
        { title: 'Because', cell: (row) => name(row.because) },
        { title: 'Alpine variant', hide: 'narrow', cell: (row) => (row.twin ? name(row.twin) : format.UNKNOWN) },
      ],
    }),
  );
}

/** @param {Explanation} image */
function layers({ layers: rows, alpine, compressed_bytes: bytes }) {
  /** @type {Line[]} */
  const lines = [...rows];
  if (alpine && !alpine.is_own_twin) {
    lines.push({ title: `${alpine.twin}, replaces the base`, alpine_bytes: exact(alpine.twin_bytes) });
    if (alpine.added_bytes)
      lines.push({ title: 'additional packages: tools, certificates', alpine_bytes: alpine.added_bytes });
  }
  const isOwn = alpine?.is_own_twin;
  /** @type {import('../table.js').Column<Line>[]} */
  const columns = [
    {
      title: 'Step',
      isHeader: true,
      total: 'Layers as stored',
      csv: (line) => line.command ?? line.title ?? line.digest,
      cell: (line) =>
        line.title
          ? name(line.title)
          : element('code', { class: 'command' }, name(short(line.command) ?? line.digest ?? '')),
    },
    {
      title: 'Kind',
      hide: 'narrow',
      cell: (line) => (line.is_of_base ? 'base image' : (line.kind ?? '').replaceAll('_', ' ')),
      csv: (line) => line.kind,
    },
    {
      title: 'Now',
      kind: 'number',
      total: format.bytes(bytes),
      cell: (line) => (line.bytes == null ? '' : format.bytes(line.bytes)),
      csv: (line) => line.bytes,
    },
    {
      title: 'On Alpine',
      kind: 'number',
      total: alpine ? format.bytes(alpine.bytes.expected) : format.UNKNOWN,
      csv: (line) => line.alpine_bytes?.expected,
      cell: (line) =>
        line.alpine_bytes
          ? [
              format.bytes(line.alpine_bytes.expected),
              element('small', { class: 'range' }, format.interval(line.alpine_bytes, format.bytes)),
            ]
          : line.is_of_base && alpine && !isOwn
            ? 'goes'
            : format.UNKNOWN,
    },
  ];
  return element(
    'div',
    {},
    element(
      'div',
      { class: 'paging' },
      element('h3', {}, `${format.counted(rows.length, 'layer')}, step by step`),
      tableCsv('layers.csv', columns, lines),
    ),
    table({ caption: 'Layers, now and on Alpine', columns, rows: lines }),
  );
}

/** @param {number} bytes @returns {ByteEstimate} */
function exact(bytes) {
  return { low: bytes, expected: bytes, high: bytes };
}

/** A step may be pages long; the file has all of it. @param {string | null | undefined} command */
function short(command) {
  const words = command?.replace(/\s+/g, ' ').trim();
  return words && words.length > 200 ? `${words.slice(0, 199)}…` : words;
}
