// Switches above a view.

import * as address from '../address.js';
import { element } from '../element.js';

/**
 * What figures are grouped by.
 * @param {Record<string, string>} titles
 * @param {string} current
 * @param {string} usual The group without a choice.
 */
export function groupSwitch(titles, current, usual) {
  const options = Object.entries(titles).map(([by, title]) =>
    element(
      'a',
      { href: address.changed({ by: by === usual ? null : by }), 'aria-current': by === current ? 'true' : null },
      title,
    ),
  );
  return element('span', { class: 'switch', role: 'group', 'aria-label': 'Group by' }, options);
}
