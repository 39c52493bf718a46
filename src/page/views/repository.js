// One repository: its figures, its tags, its base image with the evidence, and what Alpine would change in
// each layer.

import * as address from '../address.js';
import { get } from '../api.js';
import { element, explained, name, replace } from '../element.js';
import * as format from '../format.js';
import { table } from '../table.js';
import { HOW, VERDICTS, verdictMark } from '../words.js';
import { development } from './development.js';
import { image } from './image.js';
import { inMonths, otherRepositories, saving } from './cells.js';
import { tagTable } from './tags.js';

/** @typedef {import('api').Repository} Repository */

const LATEST = 'Latest image, used for this estimate';

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const [head, representative, course, tags] = [element('div'), element('div'), element('div'), element('div')];
  frame.root.append(head, representative, course, tags);
  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    const { of: registry, repository } = parameters;
    const path = `v1/repositories/${encodeURIComponent(registry)}/${encodeURIComponent(repository)}`;
    frame.retitle(repository);
    const later = [get(`${path}/history`, {}, signal), get(`${path}/tags`, { limit: 500 }, signal)];
    for (const request of later) request.catch(() => {});
    /** @type {Repository} */
    const answer = await get(path, {}, signal);
    replace(head, summary(answer));
    const digest = answer.representative_image?.digest;
    const images = `v1/images/${encodeURIComponent(registry)}/${encodeURIComponent(repository)}`;
    replace(representative, digest ? image(await get(`${images}/${digest}`, {}, signal), LATEST) : null);
    const [history, list] = await Promise.all(later);
    frame.credit(list);
    replace(course, history.items.length > 1 ? development(asPoints(history), parameters, frame.signal) : null);
    replace(tags, tagTable(list, answer));
    frame.announce(`Repository ${repository}`);
  };
}

/** The history of a repository in the shape of a registry's: it pays for what is attributed to it. @param {any} history */
function asPoints(history) {
  return {
    items: history.items.map((/** @type {any} */ item) => ({
      ...item,
      stored_bytes: item.attributed_bytes ?? item.stored_bytes,
      alpine_stored_bytes: item.alpine_attributed_bytes ?? item.alpine_stored_bytes,
    })),
    forecast: [],
  };
}

/** @param {Repository} row */
function summary(row) {
  const { cost, alpine, labels } = row;
  const marks = Object.entries(labels ?? {}).filter(([, value]) => value);
  return element(
    'section',
    { class: 'panel', 'aria-label': 'Summary' },
    element(
      'p',
      {},
      element('a', { href: address.href({ view: 'repositories' }) }, 'All repositories'),
      ' · ',
      name(row.registry),
    ),
    element('p', {}, verdictMark(row.verdict), ' ', name(row.reason ?? '')),
    marks.length > 0 &&
      element(
        'p',
        { class: 'tools' },
        marks.map(([label, value]) =>
          element('span', { class: 'verdict' }, `${label.replace('_', ' ')}: `, name(value ?? '')),
        ),
      ),
    table({
      caption: 'Now and on Alpine',
      columns: [
        { title: '', isHeader: true, cell: ([title]) => title },
        { title: 'Now', kind: 'number', cell: ([, now]) => now },
        { title: 'On Alpine', kind: 'number', cell: ([, , then]) => then },
        { title: 'Saving', kind: 'number', cell: ([, , , saved]) => saved },
      ],
      rows: /** @type {[string, any, any, any][]} */ (
        [
          cost && [
            'Cost a month',
            format.money(cost.month),
            saving(cost.alpine?.month, format.money),
            saving(cost.alpine?.joint_saving, format.money),
          ],
          [
            'Attributed bytes',
            format.bytes(row.attributed_bytes),
            saving(alpine?.attributed_bytes, format.bytes),
            saving(alpine?.joint_saving_bytes, format.bytes),
          ],
          ['All layers it uses', format.bytes(row.stored_bytes), saving(alpine?.stored_bytes, format.bytes), ''],
          cost?.pull_seconds && [
            'Duration of a cold pull',
            `${cost.pull_seconds.now} s`,
            cost.pull_seconds.alpine ? `${cost.pull_seconds.alpine} s` : format.UNKNOWN,
            '',
          ],
        ].filter(Boolean)
      ),
    }),
    explained(
      'How this is computed',
      element('p', {}, HOW.attributed),
      cost && element('p', {}, HOW.month),
      element('p', {}, HOW.alpine),
      element('p', {}, HOW.interval),
      row.verdict &&
        element('p', {}, `Verdict “${VERDICTS[row.verdict]?.[0] ?? row.verdict}”: ${VERDICTS[row.verdict]?.[1] ?? ''}`),
      element(
        'dl',
        { class: 'facts' },
        facts(row).flatMap(([term, fact]) => [element('dt', {}, term), element('dd', {}, fact)]),
      ),
    ),
  );
}

/** @param {Repository} row @returns {string[][]} */
function facts({ cost, alpine, ...row }) {
  const solo = alpine?.solo_saving_bytes;
  return [
    ['tags', format.count(row.tags)],
    ['images', format.count(row.images)],
    ['logical (all tags added up)', format.bytes(row.logical_bytes)],
    ['exclusive (freed if the repository is deleted)', format.bytes(row.exclusive_bytes)],
    [
      'freed if only this repository moves',
      solo ? `${format.bytes(solo.expected)} (${format.interval(solo, format.bytes) || 'exact'})` : format.UNKNOWN,
    ],
    [
      'must move together with',
      otherRepositories(alpine?.break_even_repositories),
    ],
    ...(cost
      ? [
          ['flat fee', format.money(cost.fee)],
          ['storage', format.money(cost.storage)],
          ['transfer', format.money(cost.transfer)],
          ['pulls a month', `${format.count(cost.pulls.per_month)} (${cost.pulls.source})`],
          ['saved a month if only this repository moves', format.money(cost.alpine?.solo_saving.expected)],
          ['pays back', cost.alpine?.payback_months == null ? 'no effort configured' : inMonths(cost.alpine.payback_months)],
        ]
      : []),
  ];
}
