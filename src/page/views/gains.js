// What a repository saves, and whether that is anything.

import { compare } from '../exact.js';

/** @typedef {import('api').RepositoryRow} Repository */
/** @typedef {import('api').Money} Money */

/** Less is shown as nothing. */
const HALF_A_CENT = '0.005';

/**
 * What it saves in a month if all move that should.
 * @param {Repository} row
 * @param {boolean} inMoney
 * @returns {Money | number}
 */
export function saved({ cost, alpine }, inMoney) {
  const money = inMoney ? cost?.alpine?.joint_saving.expected : null;
  return money ?? alpine?.joint_saving_bytes.expected ?? 0;
}

/** Whether a repository saves anything that would be shown. @param {Repository} row @param {boolean} inMoney */
export function brings(row, inMoney) {
  const value = saved(row, inMoney);
  return typeof value === 'object' ? compare(value.amount, HALF_A_CENT) >= 0 : value > 0;
}
