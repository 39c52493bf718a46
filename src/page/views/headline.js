// What to do first, in the words of the API, with the ways to do it.

import * as address from '../address.js';
import { element, name } from '../element.js';
import * as format from '../format.js';

/** @typedef {import('api').Headline} Headline */

/** @param {Headline} headline */
export function headline({ text, advice, repositories, not_worth_it: more, cheaper_plans: plans, costs, arrival }) {
  // Sentences begin with a capital or a number after a full stop; a decimal point has no space behind it.
  const [first, ...others] = text.split(/(?<=\.) (?=[\p{Lu}\d])/u);
  const isAssumed = (/** @type {string} */ sentence) => /assumed|tare pulls import/.test(sentence);
  const could = repositories + more;
  const plan = plans.length === 1 ? plans[0].book : null;
  return element(
    'section',
    { class: 'panel headline', 'aria-labelledby': 'headline' },
    element('h2', { id: 'headline' }, name(first)),
    others.map((sentence) => element('p', { class: isAssumed(sentence) ? 'warning-text' : null }, name(sentence))),
    arrival && element('p', { class: 'muted' }, name(arrival.text)),
    element(
      'p',
      { class: 'tools' },
      advice !== 'nothing_stored' &&
        could > 0 &&
        element(
          'a',
          { class: 'button primary', href: address.href({ view: 'savings' }) },
          repositories > 0
            ? `See the ${repositories === 1 ? 'repository' : `${format.count(repositories)} repositories`} to move`
            : `See the ${could === 1 ? 'repository' : `${format.count(could)} repositories`} and the reasons`,
        ),
      plan && element('a', { class: 'button', href: address.href({ view: 'what-if', book: plan }) }, 'Try the cheaper plan'),
      costs.length > 0 && element('a', { class: 'button', href: address.href({ view: 'what-if' }) }, 'Change assumptions'),
    ),
  );
}
