// The same answers under other assumptions: other repositories, pulls, prices. Nothing that is saved changes.

import * as address from '../address.js';
import { get, post, url } from '../api.js';
import { element, explained, identifier, name, replace } from '../element.js';
import * as format from '../format.js';
import { table, tableCsv } from '../table.js';
import { HOW, verdictMark } from '../words.js';
import { cards } from './cards.js';
import { link, saving } from './cells.js';

/** @typedef {import('../types.js').Registry} Registry */
/** @typedef {import('../types.js').Repository} Repository */
/** @typedef {import('../types.js').Money} Money */
/** @typedef {{registries: Registry[], repositories: Repository[], notes?: {registry: string, note: string}[], as_of?: string, versions?: import('../types.js').Versions}} Answer */

/** How many repositories are shown: those that save most. */
const ROWS = 25;

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const result = element('div', { 'aria-live': 'polite' });
  const form = questions(frame);
  frame.root.append(element('div', { class: 'what-if' }, form.root, result));
  let asked = 0;

  return async (/** @type {address.Address} */ parameters) => {
    await form.show(parameters);
    const before = await frame.registries();
    const priced = Boolean(parameters.book) || before.some(({ cost }) => cost);
    const turn = (asked += 1);
    /** @type {Answer} */
    const answer = await post(
      url('/v1/whatif', { limit: ROWS, sort: priced ? '-cost_saving' : '-saving' }),
      question(parameters),
      { signal: frame.signal },
    );
    // An answer that was overtaken by a later question is not shown.
    if (turn !== asked || frame.signal.aborted) return;
    frame.credit(answer);
    const { registry } = parameters;
    const of = (/** @type {{registry: string}} */ row) => !registry || row.registry === registry;
    const [was, is] = [before.filter(of), answer.registries.filter(of)];
    const notes = (answer.notes ?? []).filter(of).map(({ note }) => element('li', {}, name(note)));
    replace(
      result,
      notes.length > 0 && element('ul', { class: 'alert' }, notes),
      moved(was, is),
      cards(is, { onlyFigures: true }),
      rows(answer.repositories.filter(of)),
    );
  };
}

/** What the address asks, in the words of the API. @param {address.Address} parameters */
function question(parameters) {
  const number = (/** @type {string | undefined} */ text) => (text && /^\d+$/.test(text) ? Number(text) : null);
  const chosen = (parameters.repositories ?? '').split(/[\s,]+/).filter(Boolean);
  const share = number(parameters.cold);
  return {
    repositories: chosen.length ? chosen : null,
    switch: parameters.switch ?? 'verdict',
    pulls_per_month: number(parameters.pulls),
    cold_share: share == null ? null : decimalShare(share),
    price_book: parameters.book || null,
  };
}

/** @param {number} percent */
function decimalShare(percent) {
  return percent >= 100 ? '1' : `0.${String(percent).padStart(2, '0')}`;
}

/** @param {import('../app.js').Frame} frame */
function questions(frame) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const change = (/** @type {Record<string, string | null>} */ changes) => {
    clearTimeout(timer);
    timer = setTimeout(() => address.go(address.changed(changes), { quietly: true }), 250);
  };
  const controls = {
    switch: select(
      'Which repositories switch',
      [
        ['verdict', 'those with the verdict “switch”'],
        ['chosen', 'those chosen below'],
        ['all', 'all that can'],
      ],
      (value) => change({ switch: value === 'verdict' ? null : value }),
    ),
    repositories: lines('Choose repositories', 'Names or globs, one a line: team-a/**', (value) =>
      change({
        repositories: value
          .trim()
          .split(/[\s,]+/)
          .join(' '),
        switch: value.trim() ? 'chosen' : null,
      }),
    ),
    pulls: number('Pulls a month, of each repository', (value) => change({ pulls: value })),
    cold: slider('Cold pulls', (value) => change({ cold: value })),
    book: select('Price book', [['', 'as configured']], (value) => change({ book: value })),
  };
  const choices = element('div', { class: 'choices', role: 'group', 'aria-label': 'Repositories to choose from' });
  const fields = Object.values(controls).map(({ field }) => field);
  fields.splice(2, 0, explained('Tick them instead', choices));
  const reset = element('a', { class: 'button', href: address.href({ view: 'what-if' }) }, 'As saved');
  const root = element(
    'form',
    { class: 'panel', 'aria-label': 'Assumptions', onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
    fields,
    element('p', {}, reset),
  );

  /** @type {Promise<void> | null} */
  let filled = null;
  const fill = async () => {
    const [books, best] = await Promise.all([
      get('/v1/price-books', {}, frame.signal),
      get('/v1/savings', { limit: 100 }, frame.signal),
    ]);
    for (const { id, title } of books.items) controls.book.input.append(element('option', { value: id }, title ?? id));
    replace(choices, ticks(best.items, controls.repositories.input));
  };
  return {
    root,
    show: async (/** @type {address.Address} */ parameters) => {
      filled ??= fill();
      await filled;
      controls.switch.show(parameters.switch ?? 'verdict');
      controls.repositories.show((parameters.repositories ?? '').split(' ').filter(Boolean).join('\n'));
      controls.pulls.show(parameters.pulls ?? '');
      controls.cold.show(parameters.cold ?? '');
      controls.book.show(parameters.book ?? '');
      const chosen = new Set((parameters.repositories ?? '').split(' '));
      for (const box of choices.querySelectorAll('input')) box.checked = chosen.has(box.value);
    },
  };
}

/** Boxes that write into the list of names. @param {Repository[]} repositories @param {HTMLInputElement} list */
function ticks(repositories, list) {
  return repositories.map(({ repository, verdict }) => {
    const box = /** @type {HTMLInputElement} */ (
      element('input', {
        type: 'checkbox',
        value: repository,
        onchange: () => {
          const names = new Set(list.value.split(/\s+/).filter(Boolean));
          if (box.checked) names.add(repository);
          else names.delete(repository);
          list.value = [...names].join('\n');
          list.dispatchEvent(new Event('input'));
        },
      })
    );
    return element('label', {}, box, name(repository), ' ', verdict === 'switch' ? '' : verdictMark(verdict));
  });
}

/**
 * @typedef {object} Control
 * @property {HTMLElement} field
 * @property {HTMLInputElement} input
 * @property {(value: string) => void} show
 */

/** @param {string} title @param {HTMLElement} input @param {string} id @param {...import('../element.js').Child} more @returns {Control} */
function control(title, input, id, ...more) {
  const typed = /** @type {HTMLInputElement} */ (input);
  return {
    field: element('div', { class: 'field' }, element('label', { for: id }, title), input, ...more),
    input: typed,
    show: (value) => {
      // What is being typed is not taken from under the fingers.
      if (document.activeElement !== input) typed.value = value;
    },
  };
}

/** @param {string} title @param {string[][]} options @param {(value: string) => void} onChange */
function select(title, options, onChange) {
  const id = identifier('choice');
  const input = /** @type {HTMLSelectElement} */ (
    element(
      'select',
      { id, onchange: () => onChange(input.value) },
      options.map(([value, text]) => element('option', { value }, text)),
    )
  );
  return control(title, input, id);
}

/** @param {string} title @param {string} hint @param {(value: string) => void} onChange */
function lines(title, hint, onChange) {
  const id = identifier('lines');
  const input = /** @type {HTMLTextAreaElement} */ (
    element('textarea', {
      id,
      rows: 4,
      spellcheck: 'false',
      'aria-describedby': `${id}-hint`,
      oninput: () => onChange(input.value),
    })
  );
  return control(title, input, id, element('small', { id: `${id}-hint`, class: 'muted' }, hint));
}

/** @param {string} title @param {(value: string) => void} onChange */
function number(title, onChange) {
  const id = identifier('number');
  const input = /** @type {HTMLInputElement} */ (
    element('input', {
      id,
      type: 'number',
      min: 0,
      step: 1,
      inputmode: 'numeric',
      placeholder: 'as known',
      oninput: () => onChange(input.value),
    })
  );
  return control(title, input, id);
}

/** A share in percent; where nothing is said, what is configured or measured applies. @param {string} title @param {(value: string) => void} onChange */
function slider(title, onChange) {
  const id = identifier('share');
  const shown = element('output', { for: id, class: 'muted' }, 'as configured');
  const input = /** @type {HTMLInputElement} */ (
    element('input', {
      id,
      type: 'range',
      min: 0,
      max: 100,
      step: 5,
      oninput: () => {
        shown.textContent = `${input.value} %`;
        onChange(input.value);
      },
    })
  );
  const made = control(
    title,
    input,
    id,
    shown,
    element('small', { class: 'muted' }, 'of all pulls find no layer of the image on the machine'),
  );
  return {
    ...made,
    show: (/** @type {string} */ value) => {
      made.show(value);
      shown.textContent = value ? `${value} %` : 'as configured';
    },
  };
}

/** How the result differs from what is saved. @param {Registry[]} before @param {Registry[]} after */
function moved(before, after) {
  const lines = after.flatMap((is) => {
    const was = before.find(({ registry }) => registry === is.registry);
    return was ? [{ was, is }] : [];
  });
  const rows = lines
    .flatMap(({ was, is }) => [
      moneyLine(is, 'Cost a month', was.cost?.month, is.cost?.month),
      moneyLine(is, 'On Alpine', was.cost?.alpine?.month.expected, is.cost?.alpine?.month.expected),
      moneyLine(is, 'Saving a month', was.cost?.alpine?.saving.expected, is.cost?.alpine?.saving.expected),
      bytesLine(is, 'Freed', was.alpine?.saving_bytes.expected, is.alpine?.saving_bytes.expected),
    ])
    .filter((row) => row != null);
  const several = lines.length > 1;
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'moved' },
    element('h2', { id: 'moved' }, 'What moves'),
    table({
      caption: 'As saved and under these assumptions',
      rows,
      columns: [
        { title: '', isHeader: true, cell: (row) => [several && element('small', {}, name(row.registry)), row.title] },
        { title: 'As saved', kind: 'number', cell: (row) => row.was },
        { title: 'Then', kind: 'number', cell: (row) => element('strong', { 'data-figure': row.title }, row.is) },
        { title: 'Difference', kind: 'number', cell: (row) => row.change },
      ],
    }),
    explained(
      'How this is worked out',
      element(
        'p',
        {},
        'The whole registry is worked out anew under the assumptions beside this; nothing that is saved changes.',
      ),
      element('p', {}, HOW.alpine),
    ),
  );
}

/** @param {Registry} registry @param {string} title @param {Money | undefined} was @param {Money | undefined} is */
function moneyLine({ registry }, title, was, is) {
  if (!is) return null;
  const change = format.difference(is, was);
  return {
    registry,
    title,
    was: format.money(was),
    is: format.money(is),
    change: change ? signed(format.money(change), format.sign(change)) : format.UNKNOWN,
  };
}

/** @param {Registry} registry @param {string} title @param {number | undefined} was @param {number | undefined} is */
function bytesLine({ registry }, title, was, is) {
  if (is == null || was == null) return null;
  const change = BigInt(is) - BigInt(was);
  return {
    registry,
    title,
    was: format.bytes(was),
    is: format.bytes(is),
    change: signed(format.bytes(change), format.sign(change)),
  };
}

/** @param {string} text @param {number} sign */
function signed(text, sign) {
  return sign > 0 ? `+${text}` : sign < 0 ? text : 'unchanged';
}

/** @param {Repository[]} repositories */
function rows(repositories) {
  const priced = repositories.some(({ cost }) => cost);
  const columns = /** @type {import('../table.js').Column<Repository>[]} */ ([
    {
      title: 'Repository',
      isHeader: true,
      cell: (row) => element('a', { href: link(row) }, name(row.repository)),
      csv: (row) => row.repository,
    },
    { title: 'Verdict', hide: 'narrow', cell: ({ verdict }) => verdictMark(verdict), csv: ({ verdict }) => verdict },
    ...(priced
      ? [
          {
            title: 'A month',
            kind: 'number',
            hide: 'narrow',
            cell: (/** @type {Repository} */ { cost }) => format.money(cost?.month),
            csv: (/** @type {Repository} */ { cost }) => cost?.month.amount,
          },
          {
            title: 'Saving',
            kind: 'number',
            cell: (/** @type {Repository} */ { cost }) => saving(cost?.alpine?.joint_saving, format.money),
            csv: (/** @type {Repository} */ { cost }) => cost?.alpine?.joint_saving.expected.amount,
          },
        ]
      : []),
    {
      title: 'Freed',
      kind: 'number',
      cell: ({ alpine }) => saving(alpine?.joint_saving_bytes, format.bytes),
      csv: ({ alpine }) => alpine?.joint_saving_bytes.expected,
    },
  ]);
  return element(
    'section',
    { class: 'panel' },
    element(
      'div',
      { class: 'paging' },
      element('h2', {}, 'Repositories that save most'),
      tableCsv('what-if.csv', columns, repositories),
    ),
    table({ caption: 'Repositories under these assumptions', columns, rows: repositories }),
  );
}
