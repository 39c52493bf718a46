// Any one image: what it is built on, layer by layer, and what to compare it with.

import * as address from '../address.js';
import { get } from '../api.js';
import { element, identifier, name, replace } from '../element.js';
import { image } from './image.js';

/** @typedef {import('api').Image} Image */

/** @param {import('../app.js').Frame} frame */
export function open(frame) {
  const [head, content] = [element('div'), element('div')];
  frame.root.append(head, content);
  return async (/** @type {address.Address} */ parameters, /** @type {AbortSignal} */ signal) => {
    const { of: registry, repository, digest } = parameters;
    const place = `${encodeURIComponent(registry)}/${encodeURIComponent(repository)}`;
    const others = get(`v1/repositories/${place}/images`, { limit: 1000 }, signal);
    others.catch(() => {});
    /** @type {import('api').ImageExplanation} */
    const explained = await get(`v1/images/${place}/${encodeURIComponent(digest)}`, {}, signal);
    const tag = explained.tags[0];
    frame.retitle(tag ? `${repository}:${tag}` : repository);
    frame.credit(explained);
    replace(content, image(explained, 'Image'));
    /** @type {import('api').ImageList} */
    const list = await others;
    replace(head, navigation(explained, list.items));
    frame.announce(`Image ${tag ?? digest} of ${repository}`);
  };
}

/** The way back, other platforms, and a choice of images to compare with. @param {import('api').ImageExplanation} own @param {Image[]} images */
function navigation({ registry, repository, digest, tags, platform }, images) {
  const id = identifier('other');
  const others = images.filter((image) => image.digest !== digest && image.platform === platform);
  const platforms = images.filter((image) => image.platform !== platform && image.tags.some((tag) => tags.includes(tag)));
  const select = /** @type {HTMLSelectElement} */ (
    element(
      'select',
      { id },
      others.map((image) => element('option', { value: image.digest }, image.tags[0] ?? image.digest.slice(0, 19))),
    )
  );
  const compare = (/** @type {Event} */ event) => {
    event.preventDefault();
    address.go(address.href({ view: 'compare', of: registry, repository, digest, with: select.value }));
  };
  return element(
    'section',
    { class: 'panel', 'aria-label': 'Image' },
    element(
      'p',
      {},
      element('a', { href: address.href({ view: 'repository', of: registry, repository }) }, name(repository)),
      ' · ',
      name(registry),
      platforms.map((image) => [
        ' · ',
        element(
          'a',
          { href: address.href({ view: 'image', of: registry, repository, digest: image.digest }) },
          image.platform,
        ),
      ]).flat(),
    ),
    others.length > 0 &&
      element(
        'form',
        { class: 'filters', onsubmit: compare },
        element('div', { class: 'field' }, element('label', { for: id }, 'Compare with'), select),
        element('button', {}, 'Compare'),
      ),
  );
}
