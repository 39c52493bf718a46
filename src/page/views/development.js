// How cost and bytes came about, month by month, and where they are heading.

import { element } from '../element.js';
import { bytesChart } from './bytes_course.js';
import { measureSwitch } from './cells.js';
import { costChart } from './cost_course.js';
import { monthly } from './months.js';

/**
 * @param {{items: import('./months.js').Point[], forecast?: import('./months.js').Forecast[],
 *   budgets?: import('api').Money[], change?: {text: string} | null, forecast_basis?: {text: string} | null}} history
 * @param {import('../address.js').Address} parameters
 * @param {AbortSignal} signal
 */
export function development(history, parameters, signal) {
  const months = monthly(history);
  if (!months.length) return noHistory();
  const hasCost = months.some(({ point }) => point?.cost);
  const measure = hasCost && parameters.measure !== 'bytes' ? 'cost' : 'bytes';
  const options = { months, signal, tools: hasCost ? measureSwitch(measure) : null };
  const { budgets, change, forecast_basis: basis } = history;
  return measure === 'cost' ? costChart({ ...options, budgets, change, basis }) : bytesChart(options);
}

function noHistory() {
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'course-title' },
    element('h2', { id: 'course-title' }, 'Month by month'),
    element('p', { class: 'muted' }, 'Nothing is recorded yet: the history begins with the next crawl.'),
  );
}
