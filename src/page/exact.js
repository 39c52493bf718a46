// Decimal numbers as text, without a float in between. Money comes from the API as exact decimal text; what
// the page works out of it (shares, differences, sums that the API does not give) stays exact.

/**
 * A decimal number: `digits` / 10^`scale`.
 * @typedef {{digits: bigint, scale: number}} Decimal
 */

/**
 * Reads decimal text such as `-12.30`, a whole number or a bigint.
 * @param {string | number | bigint} value
 * @returns {Decimal}
 */
export function decimal(value) {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(value));
  if (!match) throw new RangeError(`not a decimal number: ${value}`);
  const fraction = match[3] ?? '';
  const digits = BigInt(match[2] + fraction);
  return { digits: match[1] ? -digits : digits, scale: fraction.length };
}

/**
 * The decimal as text, without zeros at the end.
 * @param {Decimal} value
 */
export function text({ digits, scale }) {
  const sign = digits < 0n ? '-' : '';
  const whole = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  const fraction = scale ? whole.slice(-scale).replace(/0+$/, '') : '';
  return sign + (scale ? whole.slice(0, -scale) : whole) + (fraction ? `.${fraction}` : '');
}

/** @param {string | number | bigint} left @param {string | number | bigint} right */
export function add(left, right) {
  const [a, b, scale] = aligned(left, right);
  return text({ digits: a + b, scale });
}

/** @param {string | number | bigint} left @param {string | number | bigint} right */
export function subtract(left, right) {
  const [a, b, scale] = aligned(left, right);
  return text({ digits: a - b, scale });
}

/**
 * Less than, equal to or greater than zero, as a function for sorting returns it.
 * @param {string | number | bigint} left
 * @param {string | number | bigint} right
 */
export function compare(left, right) {
  const [a, b] = aligned(left, right);
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * `part` of `whole` in percent, as text; null if `whole` is zero.
 * @param {string | number | bigint} part
 * @param {string | number | bigint} whole
 * @param {number} [decimals]
 * @returns {string | null}
 */
export function percent(part, whole, decimals = 1) {
  const [a, b] = aligned(part, whole);
  if (b === 0n) return null;
  const numerator = a * 200n * 10n ** BigInt(decimals) + (a < 0n === b < 0n ? b : -b);
  return text({ digits: numerator / (b * 2n), scale: decimals });
}

/** @param {string | number | bigint} left @param {string | number | bigint} right */
export function multiply(left, right) {
  const [a, b] = [decimal(left), decimal(right)];
  return text({ digits: a.digits * b.digits, scale: a.scale + b.scale });
}

/** @param {string | number | bigint} left @param {string | number | bigint} right @returns {[bigint, bigint, number]} */
function aligned(left, right) {
  const [a, b] = [decimal(left), decimal(right)];
  const scale = Math.max(a.scale, b.scale);
  return [a.digits * 10n ** BigInt(scale - a.scale), b.digits * 10n ** BigInt(scale - b.scale), scale];
}
