// Who bears the cost: by team, cost centre, environment, base or verdict, with the unassigned part.

import * as address from '../address.js';
import { get, url } from '../api.js';
import { csvLink } from '../csv.js';
import { element, identifier, replace } from '../element.js';
import * as format from '../format.js';
import { GROUPS } from '../words.js';
import { groupSwitch } from './controls.js';
import { groups } from './group_costs.js';
import { overTime } from './over_time.js';

/** What costs over time can be grouped by, beside any label of images. @type {Record<string, string>} */
const OVER_TIME = {
  team: 'team',
  cost_centre: 'cost centre',
  environment: 'environment',
  registry: 'registry',
  repository: 'repository',
};

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    const asked = parameters.by ?? 'team';
    if (parameters.time) {
      const isLabel = /^label:./.test(asked);
      const by = isLabel || Object.hasOwn(OVER_TIME, asked) ? asked : 'team';
      const title = isLabel ? asked.slice('label:'.length) : OVER_TIME[by];
      const shown = await overTime(by, title, parameters, signal, frame);
      if (signal.aborted) return;
      const controls = [timeSwitch(true), groupSwitch(OVER_TIME, by, 'team'), labelField(isLabel ? title : '')];
      replace(frame.root, bar(...controls), ...shown.flat());
      frame.announce(`Costs over time by ${title}`);
      return;
    }
    const by = Object.hasOwn(GROUPS, asked) ? asked : 'team';
    const query = { group_by: by, registry: parameters.registry, window: parameters.window };
    /** @type {import('api').Summary} */
    const list = await get('v1/summary', query, signal);
    frame.credit(list);
    const file = csvLink(`cost-by-${by}.csv`, url('v1/summary', { ...query, format: 'csv' }));
    replace(frame.root, bar(timeSwitch(false), groupSwitch(GROUPS, by, 'team')), groups(list, by, file, frame.signal));
    frame.announce(`${format.count(list.items.length)} rows by ${GROUPS[by]}`);
  };
}

/** @param {...Element} controls */
function bar(...controls) {
  return element('div', { class: 'by tools' }, controls);
}

/** Today's level, or how it came about. @param {boolean} isOverTime */
function timeSwitch(isOverTime) {
  const option = (/** @type {boolean} */ time, /** @type {string} */ title) =>
    element(
      'a',
      {
        href: address.changed({ time: time ? 1 : null }),
        'aria-current': time === isOverTime ? 'true' : null,
      },
      title,
    );
  const options = [option(false, 'Now'), option(true, 'Over time')];
  return element('span', { class: 'switch', role: 'group', 'aria-label': 'Time' }, options);
}

/** Any label of images. @param {string} current */
function labelField(current) {
  const id = identifier('label');
  const input = /** @type {HTMLInputElement} */ (
    element('input', { id, value: current, autocomplete: 'off', spellcheck: 'false', placeholder: 'com.example.product' })
  );
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const label = input.value.trim();
    address.go(address.changed({ by: label ? `label:${label}` : null }));
  };
  return element(
    'form',
    { class: 'tools', onsubmit: submit },
    element('div', { class: 'field' }, element('label', { for: id }, 'Image label'), input),
    element('button', {}, 'Group'),
  );
}
