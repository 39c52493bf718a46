// Tables with real semantics: a caption, headers with scope, sorting that readers are told of, a totals row.

import { csv, csvButton } from './csv.js';
import { element, identifier } from './element.js';

/** @typedef {import('./element.js').Child} Child */

/**
 * @template T
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: T) => Child | Child[]} cell
 * @property {'number' | 'moment'} [kind]
 * @property {boolean} [isHeader] It names the row.
 * @property {string} [sort] The name by which the API sorts by it.
 * @property {string} [explain] What it means.
 * @property {'narrow' | 'medium' | 'wide' | 'always'} [hide] On screens this small or smaller it is left out; always: it is in
 *   the file only.
 * @property {boolean} [wraps] On phones its cells take several lines.
 * @property {Child | Child[]} [total]
 * @property {(row: T) => string | number | bigint | null | undefined} [csv] Its exact value.
 */

/**
 * @template T
 * @param {object} options
 * @param {string} options.caption
 * @param {Column<T>[]} options.columns
 * @param {T[]} options.rows
 * @param {string} [options.sort] The name of a column, prefixed with `-` for descending.
 * @param {(sort: string) => void} [options.onSort]
 * @param {string} [options.empty] The text if there are no rows.
 * @param {boolean} [options.showCaption]
 * @param {{rows: T[], summary: string}} [options.folded] More rows, which a button shows.
 */
export function table({ caption, columns, rows, sort, onSort, empty = 'Nothing to show.', showCaption = false, folded }) {
  const hasTotals = rows.length > 0 && columns.some((column) => column.total !== undefined);
  const head = columns.map((column) => headerCell(column, sort, onSort));
  const body = rows.map((row) => bodyRow(columns, row));
  const nothing = element('tr', {}, element('td', { colspan: columns.length, class: 'nothing' }, empty));
  return element(
    'div',
    // Wide tables scroll in a place of their own, which the keyboard must reach too.
    { class: 'table', role: 'region', 'aria-label': caption, tabindex: '0' },
    element(
      'table',
      {},
      element('caption', { class: showCaption ? null : 'for-readers' }, caption),
      element('thead', {}, element('tr', {}, head)),
      element('tbody', {}, body.length ? body : nothing),
      folded && folded.rows.length > 0 && fold(columns, folded),
      hasTotals &&
        element(
          'tfoot',
          {},
          element(
            'tr',
            {},
            columns.map((column) => bodyCell(column, column.total)),
          ),
        ),
    ),
  );
}

/**
 * Rows that are made and shown when their button is pressed.
 * @template T
 * @param {Column<T>[]} columns
 * @param {{rows: T[], summary: string}} folded
 */
function fold(columns, { rows, summary }) {
  const id = identifier('fold');
  const hidden = element('tbody', { id, hidden: true });
  const button = element(
    'button',
    {
      type: 'button',
      class: 'fold',
      'aria-expanded': 'false',
      'aria-controls': id,
      onclick: () => {
        if (!hidden.hasChildNodes()) hidden.append(...rows.map((row) => bodyRow(columns, row)));
        hidden.hidden = !hidden.hidden;
        button.setAttribute('aria-expanded', String(!hidden.hidden));
      },
    },
    summary,
  );
  return [element('tbody', {}, element('tr', {}, element('td', { colspan: columns.length }, button))), hidden];
}

/**
 * What the columns mean, for all to open.
 * @template T
 * @param {Column<T>[]} columns
 */
export function legend(columns) {
  const explained = columns.filter((column) => column.explain);
  return element(
    'details',
    { class: 'explained' },
    element('summary', {}, 'What the columns mean'),
    element(
      'dl',
      {},
      explained.flatMap(({ title, explain }) => [element('dt', {}, title), element('dd', {}, explain)]),
    ),
  );
}

/**
 * Saves exactly the rows that are shown, or those that are given when the button is pressed, with all their digits.
 * @template T
 * @param {string} file
 * @param {Column<T>[]} columns
 * @param {T[] | (() => Promise<T[]>)} rows
 */
export function tableCsv(file, columns, rows) {
  const kept = columns.flatMap(({ title, csv: value }) => (value ? [{ title, value }] : []));
  return csvButton(file, async () =>
    csv(
      kept.map(({ title }) => title),
      (Array.isArray(rows) ? rows : await rows()).map((row) => kept.map(({ value }) => value(row))),
    ),
  );
}

/**
 * @template T
 * @param {Column<T>} column
 * @param {string} [sort]
 * @param {(sort: string) => void} [onSort]
 */
function headerCell(column, sort, onSort) {
  const attributes = { scope: 'col', class: classes(column) };
  if (!column.sort || !onSort) return element('th', attributes, column.title);
  const falls = sort === `-${column.sort}`;
  const rises = sort === column.sort;
  // Numbers are first wanted from the largest down, names from the first on.
  const next = falls || (!rises && column.kind !== 'number') ? column.sort : `-${column.sort}`;
  return element(
    'th',
    { ...attributes, 'aria-sort': falls ? 'descending' : rises ? 'ascending' : 'none' },
    element(
      'button',
      { type: 'button', class: 'sort', 'data-sort': column.sort, onclick: () => onSort(next) },
      column.title,
      element('span', { 'aria-hidden': 'true', class: 'arrow' }, falls ? '▼' : rises ? '▲' : ''),
    ),
  );
}

/** @template T @param {Column<T>[]} columns @param {T} row */
function bodyRow(columns, row) {
  return element(
    'tr',
    {},
    columns.map((column) => bodyCell(column, column.cell(row))),
  );
}

/** @template T @param {Column<T>} column @param {Child | Child[]} content */
function bodyCell(column, content) {
  const attributes = { class: classes(column) };
  const children = Array.isArray(content) ? content : [content];
  return column.isHeader
    ? element('th', { ...attributes, scope: 'row' }, children)
    : element('td', attributes, children);
}

/** @template T @param {Column<T>} column */
function classes({ kind, hide, wraps }) {
  const words = [kind, hide && `hide-${hide}`, wraps && 'wraps'].filter(Boolean);
  return words.length ? words.join(' ') : null;
}
