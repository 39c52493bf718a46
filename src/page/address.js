// What is shown stands in the address, so that a view can be kept and sent to others.

/** @typedef {Record<string, string>} Address */

/** @returns {Address} */
export function read() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/**
 * The address of a view. The choices of a registry and a period stay from view to view.
 * @param {Record<string, string | number | null | undefined>} parameters
 */
export function href(parameters) {
  const query = new URLSearchParams();
  const { registry, window: period } = read();
  for (const [key, value] of Object.entries({ registry, window: period, ...parameters })) {
    if (value != null && value !== '') query.set(key, String(value));
  }
  return `?${query}`;
}

/**
 * The present address with some parameters changed.
 * @param {Record<string, string | number | null | undefined>} changes
 */
export function changed(changes) {
  return href({ ...read(), ...changes });
}

/**
 * Goes to an address of this page.
 * @param {string} target
 * @param {{quietly?: boolean}} [options] Quietly: without a step to go back by, as while typing.
 */
export function go(target, { quietly = false } = {}) {
  if (quietly) history.replaceState(null, '', target);
  else history.pushState(null, '', target);
  dispatchEvent(new Event('addresschange'));
}

/** Links within this page change the address without loading it anew. */
export function followLinks() {
  document.addEventListener('click', (event) => {
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    const link = /** @type {Element} */ (event.target).closest?.('a[href^="?"]');
    if (!plain || !link || event.defaultPrevented) return;
    event.preventDefault();
    go(link.getAttribute('href') ?? '?');
  });
  addEventListener('popstate', () => dispatchEvent(new Event('addresschange')));
}
