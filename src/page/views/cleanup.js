// What a clean-up would delete and free: its rules can be moved, nothing is deleted.

import { url } from '../api.js';
import { csvLink } from '../csv.js';
import { element, name, replace } from '../element.js';
import * as format from '../format.js';
import { legend, table, tableCsv } from '../table.js';
import { ask, noteList } from './ask.js';
import { facts } from './card.js';
import { link } from './cells.js';
import { filterForm, textFilter } from './filters.js';

/** @typedef {import('api').CleanupAnswer} Answer */
/** @typedef {Answer['tags'][number]} Tag */
/** @typedef {Answer['repositories'][number]} Repository */
/** @typedef {Answer['rules'][number]} Rule */

const RULES = /** @type {const} */ ([
  'keep_newest',
  'older_than',
  'not_pulled_for',
  'delete',
  'keep',
  'untagged_older_than',
]);
/** What is shown before a rule is chosen. @type {import('../address.js').Address} */
const USUAL = { keep_newest: '10' };
/** Most tags that are shown; the file has all. */
const SHOWN = 200;

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const results = element('div');
  const filters = [
    textFilter('Keep the newest', 'keep_newest', { hint: '10' }),
    textFilter('Delete older than', 'older_than', { hint: '90d' }),
    textFilter('Delete not pulled for', 'not_pulled_for', { hint: '60d' }),
    textFilter('Delete tags', 'delete', { hint: 'pr-*' }),
    textFilter('Keep tags', 'keep', { hint: 'v*' }),
    textFilter('Delete untagged older than', 'untagged_older_than', { hint: '7d' }),
    textFilter('Repository', 'repository', { hint: 'team-a/**' }),
  ];
  frame.root.append(element('div', { class: 'panel' }, filterForm(filters), results));

  return async (/** @type {import('../address.js').Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    const rules = RULES.some((rule) => parameters[rule]) ? parameters : { ...parameters, ...USUAL };
    for (const filter of filters) filter.show(rules);
    const asked = Object.fromEntries(['registry', 'repository', ...RULES].map((key) => [key, rules[key]]));
    /** @type {Answer | undefined} */
    const answer = await ask('v1/cleanup', asked, results, signal);
    if (!answer) return;
    frame.credit(answer);
    replace(
      results,
      summary(answer),
      noteList(answer.notes),
      answer.rules.length > 1 && table({ caption: 'Each rule alone', columns: RULE_COLUMNS, rows: answer.rules, showCaption: true }),
      element(
        'div',
        { class: 'paging' },
        element('h2', {}, format.counted(answer.repositories.length, 'repository', 'repositories')),
        tableCsv('cleanup-repositories.csv', REPOSITORY_COLUMNS, answer.repositories),
      ),
      table({ caption: 'Repositories', columns: REPOSITORY_COLUMNS, rows: answer.repositories, empty: 'Nothing goes.' }),
      legend(REPOSITORY_COLUMNS),
      element(
        'div',
        { class: 'paging' },
        element('h2', {}, format.counted(answer.tags.length, 'tag')),
        csvLink('cleanup.csv', url('v1/cleanup', { ...asked, format: 'csv' })),
      ),
      table({ caption: 'Tags that go', columns: TAG_COLUMNS, rows: answer.tags.slice(0, SHOWN), empty: 'No tag goes.' }),
      answer.tags.length > SHOWN &&
        element('p', { class: 'muted' }, `The first ${format.count(SHOWN)} are shown; the file has all.`),
      legend(TAG_COLUMNS),
    );
    frame.announce(`${format.bytes(answer.freed_bytes)} would be freed`);
  };
}

/** @param {Answer} answer */
function summary(answer) {
  const because = answer.registries.find((row) => row.nothing_saved_because)?.nothing_saved_because;
  const saved = answer.freed_cost ? format.money(answer.freed_cost) : format.UNKNOWN;
  return facts([
    ['Freed', [format.bytes(answer.freed_bytes), ` of ${format.bytes(answer.stored_bytes)}`]],
    ['Saved a month', because ? `${saved}: ${because}` : saved],
    ['Tags that go', format.count(answer.tags.length)],
    ['Of them pulled in the last 30 days', format.count(answer.tags_pulled_lately)],
    ['Manifests that go', format.count(answer.manifests)],
    ['Of them without a tag', format.count(answer.untagged_manifests)],
  ]);
}

/** @type {import('../table.js').Column<Rule>[]} */
const RULE_COLUMNS = [
  { title: 'Rule', isHeader: true, cell: ({ rule }) => name(rule) },
  { title: 'Frees', kind: 'number', cell: ({ alone_bytes: bytes }) => format.bytes(bytes) },
];

/** @type {import('../table.js').Column<Repository>[]} */
const REPOSITORY_COLUMNS = [
  {
    title: 'Repository',
    isHeader: true,
    cell: (row) => element('a', { href: link(row) }, name(row.repository)),
    csv: ({ repository }) => repository,
  },
  { title: 'Tags', kind: 'number', cell: ({ tags }) => format.count(tags), csv: ({ tags }) => tags },
  {
    title: 'Kept',
    kind: 'number',
    hide: 'medium',
    cell: ({ kept_tags: tags }) => format.count(tags),
    csv: ({ kept_tags: tags }) => tags,
  },
  {
    title: 'Freed',
    kind: 'number',
    explain: 'Its part: what several repositories release is divided evenly among them.',
    cell: ({ freed_bytes: bytes }) => format.bytes(bytes),
    csv: ({ freed_bytes: bytes }) => bytes,
  },
  {
    title: 'A month',
    kind: 'number',
    hide: 'narrow',
    explain: 'Its part of the monthly saving of the registry, by freed bytes.',
    cell: ({ freed_cost: cost }) => (cost ? format.money(cost) : format.UNKNOWN),
    csv: ({ freed_cost: cost }) => cost?.amount,
  },
];

/** @type {import('../table.js').Column<Tag>[]} */
const TAG_COLUMNS = [
  {
    title: 'Tag',
    isHeader: true,
    cell: (tag) => [name(tag.tag), element('small', {}, element('a', { href: link(tag) }, name(tag.repository)))],
  },
  { title: 'Because', wraps: true, cell: ({ reason }) => name(reason) },
  {
    title: 'Last pull',
    kind: 'moment',
    hide: 'medium',
    explain: 'Tags that were pulled in the last 30 days come first.',
    cell: ({ last_pull: day }) => day ?? 'not known',
  },
];
