// Figures as people read them: always with their unit, always in the same words.

import { add, compare, decimal, percent, subtract, text } from './exact.js';

/** @typedef {import('api').Money} Money */
/** @typedef {string | number | bigint} Exact */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** What stands where a figure is not known. */
export const UNKNOWN = '–';

/**
 * Bytes in IEC units, rounded to hundredths as `tare report` rounds them.
 * @param {number | bigint | null | undefined} bytes
 */
export function bytes(bytes) {
  if (bytes == null) return UNKNOWN;
  const signed = BigInt(bytes);
  const size = signed < 0n ? -signed : signed;
  let unit = 0;
  let divisor = 1n;
  const hundredths = () => (size * 100n + divisor / 2n) / divisor;
  while (unit + 1 < UNITS.length && hundredths() >= 102_400n) {
    divisor *= 1024n;
    unit += 1;
  }
  const sign = signed < 0n ? '−' : '';
  if (unit === 0) return `${sign}${size} B`;
  const shown = hundredths();
  return `${sign}${shown / 100n}.${(shown % 100n).toString().padStart(2, '0')} ${UNITS[unit]}`;
}

/** @param {number | bigint | null | undefined} bytes */
export function exactBytes(bytes) {
  return bytes == null ? UNKNOWN : counted(bytes, 'byte');
}

/** @type {Map<string, Intl.NumberFormat>} */
const currencies = new Map();

/**
 * Money rounded to what its currency has coins for; less than half a coin says so instead of being nothing.
 * @param {Money | null | undefined} money
 */
export function money(money) {
  if (!money) return UNKNOWN;
  let format = currencies.get(money.currency);
  if (!format) {
    format = new Intl.NumberFormat('en', { style: 'currency', currency: money.currency });
    currencies.set(money.currency, format);
  }
  const places = format.resolvedOptions().maximumFractionDigits ?? 2;
  const coin = places ? `0.${'0'.repeat(places - 1)}1` : '1';
  const half = places ? `0.${'0'.repeat(places)}5` : '0.5';
  const size = money.amount.replace(/^-/, '');
  if (compare(size, '0') > 0 && compare(size, half) < 0) {
    return `${money.amount.startsWith('-') ? '> −' : '< '}${format.format(exactly(coin))}`;
  }
  return format.format(exactly(money.amount)).replace('-', '−');
}

/**
 * An estimate as a headline gives it: two significant digits, without coins.
 * @param {Money | null | undefined} money
 */
export function roughMoney(money) {
  if (!money) return UNKNOWN;
  const amount = rough(money.amount);
  const places = amount.split('.')[1]?.length ?? 0;
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency: money.currency,
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  });
  return format.format(exactly(amount)).replace('-', '−');
}

/**
 * Estimated bytes with two significant digits.
 * @param {number | bigint | null | undefined} bytes
 */
export function roughBytes(bytes) {
  if (bytes == null) return UNKNOWN;
  const signed = BigInt(bytes);
  const size = signed < 0n ? -signed : signed;
  let unit = 0;
  let divisor = 1n;
  // From 995 on, two digits would be 1000, and a larger unit says it shorter.
  while (unit + 1 < UNITS.length && size >= divisor * 995n) {
    divisor *= 1024n;
    unit += 1;
  }
  const hundredths = (size * 100n + divisor / 2n) / divisor;
  const value = rough(text({ digits: hundredths, scale: 2 }));
  const shown = size > 0n && /^\d$/.test(value) && unit > 0 ? `${value}.0` : value;
  return `${signed < 0n ? '−' : ''}${shown} ${UNITS[unit]}`;
}

/**
 * Decimal text rounded to two significant digits, half to even as the server rounds.
 * @param {string} value
 */
function rough(value) {
  const { digits, scale } = decimal(value);
  const size = digits < 0n ? -digits : digits;
  const excess = size.toString().length - 2;
  if (excess <= 0) return text({ digits, scale });
  const step = 10n ** BigInt(excess);
  const [whole, rest] = [size / step, (size % step) * 2n];
  const up = rest > step || (rest === step && whole % 2n === 1n);
  const rounded = (up ? whole + 1n : whole) * step;
  return text({ digits: digits < 0n ? -rounded : rounded, scale });
}

/**
 * All digits of an amount, for calculations.
 * @param {Money | null | undefined} money
 */
export function exactMoney(money) {
  return money ? `${money.amount} ${money.currency}` : UNKNOWN;
}

/** @param {number | bigint | null | undefined} number */
export function count(number) {
  return number == null ? UNKNOWN : new Intl.NumberFormat('en').format(number).replace('-', '−');
}

/** A number with what is counted. @param {number | bigint} number @param {string} one @param {string} [many] */
export function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${Number(number) === 1 ? one : many}`;
}

/** @param {Exact} part @param {Exact} whole */
export function share(part, whole) {
  const value = percent(part, whole);
  return value == null ? UNKNOWN : `${value.replace('-', '−')}\u00a0%`;
}

/** A share without decimals, where a part of an estimate is meant. @param {Exact} part @param {Exact} whole */
export function wholeShare(part, whole) {
  const value = percent(part, whole, 0);
  return value == null ? UNKNOWN : `${value.replace('-', '−')}\u00a0%`;
}

/**
 * How far the truth may lie on either side; nothing where the figure is known and not modelled.
 * @template T
 * @param {{low: T, expected: T, high: T} | null | undefined} estimate
 * @param {(value: T) => string} show
 */
export function interval(estimate, show) {
  if (!estimate) return '';
  const [low, high] = [show(estimate.low), show(estimate.high)];
  return low === high ? '' : `${low} to ${high}`;
}

/** @param {string | null | undefined} moment An RFC 3339 moment. */
export function moment(moment) {
  if (!moment) return UNKNOWN;
  const date = new Date(moment);
  return Number.isNaN(date.getTime()) ? moment : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** @param {string | null | undefined} moment */
export function day(moment) {
  return moment ? moment.slice(0, 10) : UNKNOWN;
}

/** @param {string} month `2026-11`, or any moment within it. */
export function month(month) {
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return `${names[Number(month.slice(5, 7)) - 1] ?? month} ${month.slice(0, 4)}`;
}

/**
 * How long something took or how old it is, in its largest unit that says enough.
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds == null) return UNKNOWN;
  const units = /** @type {const} */ ([
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ]);
  for (const [name, length] of units) {
    const whole = Math.floor(seconds / length);
    if (whole >= 2 || (whole >= 1 && length < 86_400)) return counted(whole, name);
  }
  return '< 1 second';
}

/**
 * How long ago something was.
 * @param {string} moment
 */
export function age(moment) {
  return duration(Math.max(0, (Date.now() - Date.parse(moment)) / 1000));
}

/**
 * Two amounts in one currency; null if one is unknown.
 * @param {Money | null | undefined} left
 * @param {Money | null | undefined} right
 * @returns {Money | null}
 */
export function sum(left, right) {
  if (!left || !right || left.currency !== right.currency) return null;
  return { amount: add(left.amount, right.amount), currency: left.currency };
}

/** @param {Money | null | undefined} left @param {Money | null | undefined} right @returns {Money | null} */
export function difference(left, right) {
  if (!left || !right || left.currency !== right.currency) return null;
  return { amount: subtract(left.amount, right.amount), currency: left.currency };
}

/**
 * A number for the eye alone: where a bar ends. Never shown, never added up.
 * @param {Money | number | bigint | null | undefined} value
 */
export function position(value) {
  if (value == null) return 0;
  return typeof value === 'object' ? Number(value.amount) : Number(value);
}

/** @param {Money | number | bigint} value */
export function sign(value) {
  const { digits } = decimal(typeof value === 'object' ? value.amount : value);
  return digits < 0n ? -1 : digits > 0n ? 1 : 0;
}

/**
 * Intl formats decimal text without loss; its type in older editions of the standard says number.
 * @param {string} amount
 * @returns {number}
 */
function exactly(amount) {
  return /** @type {number} */ (/** @type {unknown} */ (amount));
}
