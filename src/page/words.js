// The words of the page for the words of the API, the same wherever they appear.

import { element } from './element.js';

/** @type {Record<string, [label: string, meaning: string]>} */
export const VERDICTS = {
  switch: ['switch', 'Its images become smaller on Alpine, even by the cautious estimate.'],
  already_small: ['already small', 'It is on Alpine or on another small base.'],
  not_smaller: ['not smaller', 'No clear gain: smaller by less than 5 %, or not certain.'],
  builder: ['builder', 'A build or base image. Move the images that are built from it instead.'],
  blocked: ['blocked', 'Something in it needs glibc or Windows, or its base image has no Alpine variant.'],
  unknown_base: ['unknown base', 'The base image could not be recognised.'],
  not_an_image: ['not an image', 'A Helm chart, a signature or an attestation.'],
};

/** Whether a move that is possible is worth it. @type {Record<string, [label: string, meaning: string]>} */
export const WORTHS = {
  worth_it: ['worth it', 'It saves enough, and soon enough.'],
  saves_nothing: ['smaller, but saves nothing', 'Its images become smaller, but the bill does not.'],
  saves_too_little: ['saves too little', 'It saves less than the configured minimum.'],
  pays_back_too_late: ['pays back too late', 'The saving needs too long to pay for the work.'],
};

/** How sure a size on Alpine is. @type {Record<string, [label: string, meaning: string]>} */
export const CONFIDENCES = {
  measured: ['measured', 'Its images exist on Alpine, and their sizes are known.'],
  high: ['high', 'An Alpine variant of its base image is known.'],
  low: ['try one build first', 'Only its operating system is known.'],
};

/** @type {Record<string, string>} */
export const EVIDENCE = {
  base_digest: 'the image names the digest of its base',
  layer_digests: 'its first layers are the layers of the base',
  diff_ids: 'its first layers are the layers of the base, with another compression',
  base_name: 'the image names its base',
  step_texts: 'its first build steps are those of the base',
  variables: 'it sets all version variables of the base',
  system_layer: 'its first layer is an operating system',
  system_trace: 'traces of an operating system',
};

/** @type {Record<string, string>} */
export const CLASSES = {
  A: 'High confidence: an official Alpine variant of its base exists, and little but content lies above it.',
  B: 'Good confidence: an Alpine variant of its base exists; packages or compiled programs lie above it.',
  C: 'Low confidence: only its operating system is known. Try one build first.',
  D: 'Built from scratch: there is no system to replace.',
};

/** Stands in the API for what has no team, cost centre and so on. */
export const UNASSIGNED = '__unassigned__';

/** The states of crawls. @type {Record<string, string>} */
export const STATES = {
  queued: 'Queued',
  running: 'Running',
  cancelling: 'Cancelling',
  complete: 'Complete',
  incomplete: 'Incomplete',
  interrupted: 'Interrupted',
  failed: 'Failed',
  cancelled: 'Cancelled',
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
    'Your key is limited to some cost centres, so all figures cover only their repositories. Shared layers count with ' +
    'their share; flat fees and quotas are divided as in the whole bill.',
  attributed:
    'Each stored layer is divided evenly among the repositories that use it, so these figures add up to what the ' +
    'registry stores, to the byte.',
  month:
    'A whole calendar month at today’s level: flat fee, storage and transfer by the price book. This is an estimate ' +
    'from what is stored and moved, not an invoice.',
  alpine:
    'The registry as it would be if every repository with the verdict “switch” were built on Alpine. Layers that ' +
    'others still use stay. Quotas and price tiers are applied to the whole registry again.',
  interval:
    '90 % likely range of the sizes on Alpine (80 %, if the model is set so). They are predicted, not measured. ' +
    'Amounts of money within it hold if pulls are as assumed.',
  joint: 'What each repository saves if every repository with the verdict “switch” moves. These savings add up to the registry’s.',
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

/**
 * Whether a move is worth it, as a mark.
 * @param {string | null | undefined} worth
 */
export function worthMark(worth) {
  if (!worth) return null;
  return element('span', { class: `verdict worth ${worth}` }, WORTHS[worth]?.[0] ?? worth);
}

/**
 * How sure a size is, where it is not sure.
 * @param {string | null | undefined} confidence
 */
export function confidenceMark(confidence) {
  return confidence === 'low' ? element('span', { class: 'verdict low' }, CONFIDENCES.low[0]) : null;
}

/** A word as a heading. @param {string} word */
export function sentence(word) {
  return word[0].toUpperCase() + word.slice(1);
}
