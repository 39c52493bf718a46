// The words of the page for the words of the API, the same wherever they appear.

import { element } from './element.js';

/** @type {Record<string, [label: string, meaning: string]>} */
export const VERDICTS = {
  switch: [
    'switch',
    'Build it on Alpine: its images are smaller there, all of the interval below what they are today.',
  ],
  already_small: ['already small', 'It is on Alpine or on another small base.'],
  not_smaller: ['not smaller', 'Alpine would not make it smaller, not surely, or not by enough.'],
  builder: ['builder', 'It is there to build others on or with; what they end up on is where Alpine pays.'],
  blocked: ['blocked', 'Something in it needs glibc or Windows, or nothing on Alpine takes the place of its base.'],
  unknown_base: ['unknown base', 'Nothing tells what is beneath.'],
  not_an_image: ['not an image', 'A chart, a signature, an attestation.'],
};

/** @type {Record<string, string>} */
export const EVIDENCE = {
  base_digest: 'it names the digest of its base',
  layer_digests: 'its first layers are those of the base',
  diff_ids: 'its first layers are those of the base, compressed differently',
  base_name: 'it names its base',
  step_texts: 'its first steps read like those of the base',
  variables: 'it has all version variables of the base',
  system_layer: 'its first layer is that of an operating system',
  system_trace: 'traces of an operating system',
};

/** @type {Record<string, string>} */
export const CLASSES = {
  A: 'the twin of its runtime is known, and little but content lies above it',
  B: 'the twin of its runtime is known; packages or compiled programs lie above it',
  C: 'only its operating system is known',
  D: 'from scratch: there is no system to replace',
};

/** @type {Record<string, string>} */
export const GROUPS = {
  team: 'team',
  cost_centre: 'cost centre',
  environment: 'environment',
  base: 'base',
  verdict: 'verdict',
  registry: 'registry',
};

export const HOW = {
  visible:
    'This key is for some cost centres, so all figures are of their repositories alone. What is shared with others ' +
    'counts by its share, and flat fees and quotas as they were divided.',
  attributed:
    'Each stored layer is divided evenly among the repositories that use it, so these figures add up to what the ' +
    'registry stores, to the byte.',
  month:
    'A whole calendar month at today’s level: the flat fee, storage and transfer under the price book. It is modelled ' +
    'from what is stored and moved, not read from an invoice.',
  alpine:
    'The registry as it would be if every repository with the verdict “switch” were built on Alpine: layers that ' +
    'others still use stay, and quotas and tiers are applied to the whole registry again.',
  interval:
    'The truth is expected within the interval nine times in ten (eight, if the model is set so); it is that wide because ' +
    'sizes on Alpine are predicted, not measured.',
  joint: 'What each repository saves if all that should switch do. These savings add up to the registry’s.',
};

/**
 * A verdict as a mark that does not rely on its colour.
 * @param {string | null | undefined} verdict
 */
export function verdictMark(verdict) {
  if (!verdict) return element('span', { class: 'muted' }, 'not judged');
  return element(
    'span',
    { class: Object.hasOwn(VERDICTS, verdict) ? `verdict ${verdict}` : 'verdict' },
    VERDICTS[verdict]?.[0] ?? verdict,
  );
}

/** A word as a heading. @param {string} word */
export function sentence(word) {
  return word[0].toUpperCase() + word.slice(1);
}
