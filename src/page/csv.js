// Tables as files for spreadsheets.

import { send } from './api.js';
import { element } from './element.js';
import { storedKey } from './key.js';

/**
 * A cell: numbers stay numbers; text that a spreadsheet would take for a formula is marked as text.
 * @param {string | number | bigint | null | undefined} value
 */
function cell(value) {
  if (value == null) return '';
  const text = String(value);
  const isNumber = typeof value !== 'string' || /^-?\d+(\.\d+)?$/.test(text);
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * @param {string[]} header
 * @param {(string | number | bigint | null | undefined)[][]} rows
 */
export function csv(header, rows) {
  return [header, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/**
 * A button that saves a table which the page itself put together.
 * @param {string} file
 * @param {() => string | Promise<string>} content
 */
export function csvButton(file, content) {
  const save = async () => offer(new Blob([await content()], { type: 'text/csv;charset=utf-8' }), file);
  return element('button', { type: 'button', class: 'csv', onclick: save }, 'CSV', hint(file));
}

/**
 * A link to what the API writes itself, whole and not only the page that is shown.
 * @param {string} file
 * @param {string} target
 */
export function csvLink(file, target) {
  const link = element('a', { class: 'csv button', href: target, download: file }, 'CSV', hint(file));
  link.addEventListener('click', async (event) => {
    // A link cannot carry a key, so where there is one the file is fetched with it.
    if (!storedKey()) return;
    event.preventDefault();
    const answer = await send(target, { headers: { accept: 'text/csv' } });
    offer(await answer.blob(), file);
  });
  return link;
}

/** @param {string} file */
function hint(file) {
  return element('span', { class: 'for-readers' }, ` file ${file}`);
}

/** @param {Blob} blob @param {string} file */
function offer(blob, file) {
  const target = URL.createObjectURL(blob);
  const link = element('a', { href: target, download: file });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(target), 10_000);
}
