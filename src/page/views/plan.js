// In which order repositories are best switched: waves, and what each saves.

import { url } from '../api.js';
import { csvLink } from '../csv.js';
import { element, name, replace } from '../element.js';
import * as format from '../format.js';
import { legend, table } from '../table.js';
import { ask, noteList } from './ask.js';
import { facts } from './card.js';
import { link, saving } from './cells.js';
import { filterForm, textFilter } from './filters.js';

/** @typedef {import('api').PlanAnswer} Answer */
/** @typedef {Answer['waves'][number]} Wave */
/** @typedef {Answer['repositories'][number]} Repository */
/** @typedef {Answer['unplanned'][number]} Unplanned */

/** What the address can ask. */
const ASKED = /** @type {const} */ (['effort', 'waves', 'repository', 'cost_centre', 'registry']);
/** Most repositories that are shown; the file has all. */
const SHOWN = 200;

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const results = element('div');
  const filters = [
    textFilter('Most days of work', 'effort', { hint: '20' }),
    textFilter('Most waves', 'waves', { hint: '5' }),
    textFilter('Repository', 'repository', { hint: 'team-a/**' }),
    textFilter('Cost centre', 'cost_centre'),
  ];
  frame.root.append(element('div', { class: 'panel' }, filterForm(filters), results));

  return async (/** @type {import('../address.js').Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    for (const filter of filters) filter.show(parameters);
    const asked = Object.fromEntries(ASKED.map((key) => [key, parameters[key]]));
    /** @type {Answer | undefined} */
    const answer = await ask('v1/plan', asked, results, signal);
    if (!answer) return;
    frame.credit(answer);
    replace(
      results,
      summary(answer),
      noteList(answer.notes),
      table({ caption: 'Waves', columns: WAVE_COLUMNS, rows: answer.waves, empty: 'No repository saves anything by switching.', showCaption: true }),
      legend(WAVE_COLUMNS),
      element(
        'div',
        { class: 'paging' },
        element('h2', {}, format.counted(answer.repositories.length, 'repository', 'repositories')),
        csvLink('plan.csv', url('v1/plan', { ...asked, format: 'csv' })),
      ),
      table({
        caption: 'Repositories, in order',
        columns: REPOSITORY_COLUMNS,
        rows: answer.repositories.slice(0, SHOWN),
        empty: 'No repository switches.',
      }),
      answer.repositories.length > SHOWN &&
        element('p', { class: 'muted' }, `The first ${format.count(SHOWN)} are shown; the file has all.`),
      legend(REPOSITORY_COLUMNS),
      answer.unplanned.length > 0 &&
        table({ caption: 'Not in the plan', columns: UNPLANNED_COLUMNS, rows: answer.unplanned.slice(0, SHOWN), showCaption: true }),
    );
    frame.announce(`The plan saves ${format.bytes(answer.saving_bytes.expected)}`);
  };
}

/** @param {Answer} answer */
function summary(answer) {
  return facts([
    ['Saved', [format.bytes(answer.saving_bytes.expected), ` of ${format.bytes(answer.stored_bytes)}`]],
    ['Saved a month', answer.saving_cost ? format.money(answer.saving_cost.expected) : format.UNKNOWN],
    ['Repositories that switch', format.count(answer.repositories.length)],
    ['Days of work', answer.effort_days],
    ['Missed at most within the days', format.bytes(answer.missed_at_most_bytes)],
  ]);
}

/** @type {import('../table.js').Column<Wave>[]} */
const WAVE_COLUMNS = [
  { title: 'Wave', isHeader: true, cell: ({ wave }) => format.count(wave) },
  { title: 'Repositories', kind: 'number', cell: ({ repositories }) => format.count(repositories) },
  { title: 'Days', kind: 'number', cell: ({ effort_days: days }) => days },
  { title: 'Saves', kind: 'number', hide: 'narrow', cell: ({ saving_bytes: bytes }) => format.bytes(bytes) },
  {
    title: 'Total saved',
    kind: 'number',
    explain: 'What all waves up to this one save, with its range.',
    cell: ({ total_saving_bytes: total }) => saving(total, format.bytes),
  },
  {
    title: 'Total a month',
    kind: 'number',
    hide: 'medium',
    explain: 'The difference of the monthly bill if all waves up to this one are done.',
    cell: ({ total_saving_cost: total }) => saving(total, format.money),
  },
  {
    title: 'Missed at most',
    kind: 'number',
    hide: 'medium',
    explain: 'If you stop before the next step of the wave: how much more another choice with as little work could save at most.',
    cell: ({ missed_at_most_bytes: bytes }) => format.bytes(bytes),
  },
];

/** @type {import('../table.js').Column<Repository>[]} */
const REPOSITORY_COLUMNS = [
  {
    title: 'Repository',
    isHeader: true,
    cell: (row) => [
      element('a', { href: link(row) }, name(row.repository)),
      row.change && element('small', {}, name(row.change)),
    ],
  },
  { title: 'Wave', kind: 'number', cell: ({ wave }) => format.count(wave) },
  {
    title: 'Step',
    kind: 'number',
    hide: 'medium',
    explain: 'Repositories of one step save what they save only together.',
    cell: ({ step }) => format.count(step),
  },
  { title: 'Days', kind: 'number', cell: ({ effort_days: days }) => days },
  {
    title: 'Saves',
    kind: 'number',
    explain: 'Its part of the saving of its step: bytes that several repositories free or add are divided evenly.',
    cell: ({ saving_bytes: bytes }) => format.bytes(bytes),
  },
];

/** @type {import('../table.js').Column<Unplanned>[]} */
const UNPLANNED_COLUMNS = [
  { title: 'Repository', isHeader: true, cell: (row) => element('a', { href: link(row) }, name(row.repository)) },
  { title: 'Because', wraps: true, cell: ({ reason }) => name(reason) },
];
