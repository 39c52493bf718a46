// The shapes that the API answers with, as far as the page reads them. `/openapi.json` is the whole truth.

/** @typedef {{amount: string, currency: string}} Money Exact decimal text. */
/** @typedef {{low: number, expected: number, high: number}} ByteEstimate */
/** @typedef {{low: Money, expected: Money, high: Money}} MoneyEstimate */

/**
 * @typedef {object} Registry
 * @property {string} registry
 * @property {'all' | 'visible'} of Of what the figures are: a key for some cost centres sees their repositories alone.
 * @property {number} repositories
 * @property {number} tags
 * @property {number} [images]
 * @property {number} logical_bytes
 * @property {number} stored_bytes
 * @property {number | null} untagged_bytes
 * @property {string} as_of
 * @property {{stored_bytes: ByteEstimate, saving_bytes: ByteEstimate, naive_saving_bytes?: number,
 *   verdicts: Record<string, number>, switching_at_a_loss: number}} [alpine]
 * @property {RegistryCost | null} [cost]
 * @property {{kind: string, note: string}[]} [notes]
 */

/**
 * @typedef {object} RegistryCost
 * @property {{id: string, version: string, title: string, currency: string, valid_until: string | null}} price_book
 * @property {Money} month
 * @property {Money} fee
 * @property {Money} storage
 * @property {Money} transfer
 * @property {Money} [unallocated]
 * @property {string} unit
 * @property {Money} one_more_unit
 * @property {Money | null} [average_unit]
 * @property {{month: MoneyEstimate, saving: MoneyEstimate, nothing_saved_because: string | null} | null} alpine
 * @property {CheaperPlan | null} [cheaper_plan]
 * @property {CheaperPlan | null} [cheaper_plan_on_alpine]
 * @property {string[]} warnings
 */

/** @typedef {{book: string, title: string, saving: Money, features_lost: string[]}} CheaperPlan */

/**
 * @typedef {object} Repository
 * @property {string} registry
 * @property {string} repository
 * @property {number} tags
 * @property {number} images
 * @property {number} logical_bytes
 * @property {number} stored_bytes
 * @property {number} exclusive_bytes
 * @property {number} attributed_bytes
 * @property {string} [verdict]
 * @property {string} [reason]
 * @property {{name: string | null, runtime: string | null} | null} [base]
 * @property {{stored_bytes: ByteEstimate, attributed_bytes: ByteEstimate, solo_saving_bytes: ByteEstimate,
 *   joint_saving_bytes: ByteEstimate, break_even_repositories: number | null}} [alpine]
 * @property {{team: string | null, cost_centre: string | null, environment: string | null}} [labels]
 * @property {RepositoryCost | null} [cost]
 */

/**
 * @typedef {object} RepositoryCost
 * @property {Money} month
 * @property {Money} fee
 * @property {Money} storage
 * @property {Money} transfer
 * @property {{per_month: number, source: string}} pulls
 * @property {{month: MoneyEstimate, joint_saving: MoneyEstimate, solo_saving: MoneyEstimate,
 *   payback_months: string | null} | null} alpine
 * @property {{now: string, alpine: string | null} | null} pull_seconds
 */

/**
 * What repositories cost together, in one currency.
 * @typedef {object} GroupCost
 * @property {Money} month
 * @property {Money} fee
 * @property {Money} storage
 * @property {Money} transfer
 * @property {Money} alpine_month
 * @property {Money} saving
 */

/**
 * Repositories that have something in common, added up.
 * @typedef {object} Group
 * @property {string | null} key What they have in common; null where it is not known.
 * @property {number} repositories
 * @property {number} tags
 * @property {number} logical_bytes
 * @property {number} attributed_bytes
 * @property {number} joint_saving_bytes
 * @property {number} switching
 * @property {GroupCost[]} costs One for each currency.
 * @property {Money[]} [budgets] What may be spent on it in a month, one for each currency that has a budget.
 */

/**
 * A page of a list.
 * @template T
 * @typedef {{items: T[], next_cursor: string | null, as_of: string | null, versions: Versions, totals?: Group}} List
 */

/** @typedef {{tare: string, catalogue: string, model: string, price_books: {id: string, version: string}[]}} Versions */

export {};
