// Lists that the API gives page by page: the way forward by its cursors, the way back by those remembered.

import * as address from '../address.js';
import { element } from '../element.js';
import * as format from '../format.js';

/** How many rows a page has. */
export const PAGE = 50;

/** The buttons below a list, for as long as a view is open. */
export function pager() {
  /** The cursors of the pages before the one shown. @type {(string | null)[]} */
  let before = [];
  const turn = (/** @type {string | null | undefined} */ to) => address.go(address.changed({ cursor: to }));

  /**
   * @param {{cursor?: string, next: string | null | undefined, here: number, total?: number}} page
   */
  return ({ cursor, next, here, total }) => {
    if (!cursor) before = [];
    return element(
      'div',
      { class: 'paging' },
      element('span', { class: 'muted' }, words(before.length, here, total, cursor)),
      element(
        'span',
        { class: 'tools' },
        element(
          'button',
          { type: 'button', disabled: !cursor, onclick: () => turn(before.pop()) },
          before.length ? 'Previous' : 'First page',
        ),
        element(
          'button',
          {
            type: 'button',
            disabled: !next,
            onclick: () => {
              before.push(cursor ?? null);
              turn(next);
            },
          },
          'Next',
        ),
      ),
    );
  };
}

/** @param {number} before @param {number} here @param {number} [total] @param {string} [cursor] */
function words(before, here, total, cursor) {
  if (!here) return '';
  const of = total == null ? '' : ` of ${format.count(total)}`;
  if (cursor && !before) return `${here}${of}`;
  return `${format.count(before * PAGE + 1)} to ${format.count(before * PAGE + here)}${of}`;
}
