// Elements from values. Names, labels and reasons come from registries and are hostile text, so text only ever
// becomes a text node: nothing in this page parses HTML.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [attributes] `on…` functions are listeners; `true` is an attribute without a
 *   value; null, undefined and `false` leave it out.
 * @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith('on') && typeof value === 'function') {
      made.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else {
      made.setAttribute(name, value === true ? '' : String(value));
    }
  }
  append(made, ...children);
  return made;
}

/**
 * @param {Element} parent
 * @param {...(Child | Child[])} children
 */
export function append(parent, ...children) {
  for (const child of children.flat()) {
    if (child == null || child === false) continue;
    parent.append(child instanceof Node ? child : String(child));
  }
}

/**
 * @param {Element} parent
 * @param {...(Child | Child[])} children
 */
export function replace(parent, ...children) {
  parent.replaceChildren();
  append(parent, ...children);
}

/**
 * A name from a registry: its own direction of writing does not spill into what stands around it.
 * @param {string} text
 * @param {Record<string, unknown>} [attributes]
 */
export function name(text, attributes = {}) {
  const isLong = /\S{40}/.test(text);
  // Where it takes several lines, it breaks after a slash or between the parts of a host first.
  const parts = text.split(/(?<=\/)(?=.)|(?<=\w\.)(?=\p{L})/u).flatMap((part, at) => (at ? [document.createElement('wbr'), part] : part));
  return element('bdi', { class: isLong ? 'name long' : 'name', ...attributes }, parts);
}

/**
 * A disclosure that explains a figure; works without a pointer.
 * @param {string | Node} summary
 * @param {...(Child | Child[])} children
 */
export function explained(summary, ...children) {
  return element('details', { class: 'explained' }, element('summary', {}, summary), ...children);
}

let identifiers = 0;

/** An id that nothing else in the page has, for labels and descriptions. */
export function identifier(prefix = 'id') {
  identifiers += 1;
  return `${prefix}-${identifiers}`;
}
