// Axes of charts. Bytes are drawn in one IEC unit, so that the marks fall on round numbers of it.

import * as format from './format.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/**
 * @typedef {object} Scale
 * @property {(value: any) => number} at Where a figure is on the axis.
 * @property {(mark: number) => string} mark What is written at a mark of the axis.
 */

/**
 * @param {(number | bigint | null | undefined)[]} values All that will be drawn.
 * @returns {Scale}
 */
export function bytesScale(values) {
  const largest = Math.max(0, ...values.map((value) => Math.abs(Number(value ?? 0))));
  const unit = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(largest || 1) / 10)));
  const number = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });
  return {
    at: (value) => format.position(value) / 1024 ** unit,
    mark: (mark) => `${number.format(mark).replace('-', '−')} ${UNITS[unit]}`,
  };
}

/** Marks on an axis are round numbers, so a float does them no harm. @param {string} [currency] @returns {Scale} */
export function moneyScale(currency = 'USD') {
  const short = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    notation: 'compact',
    maximumFractionDigits: 2,
  });
  return { at: format.position, mark: (mark) => short.format(mark).replace('-', '−') };
}
