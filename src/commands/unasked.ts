/**
 * What `query` and `tail` leave out unasked: what the proxy says of itself, looks above all, would drown what was said. Gaps and faults stay, for nothing
 * shall be missing without a word. Receives a search, gives it narrowed.
 */
import type { Filter } from '../store-contract.js';
import { asks } from '../view/match.js';

/** What sessions said, and what is missing of it. */
const LOSSES = ['audit.gap', 'audit.fault'] as const;
const TOPICS = ['session', ...LOSSES] as const;
const NO_SYSTEM: Filter = { any: [{ system: false }, { fields: [{ path: 'topic', is: 'in', value: LOSSES }] }] };

/** Names by which a filter says itself whether it wants such records, and the same as members of a record. */
const NAMES = ['system', 'event', 'id'] as const satisfies (keyof Filter)[];
const MEMBERS: readonly string[] = ['topic', 'also', ...NAMES];

const names = (filter: Filter): boolean =>
  asks(filter, NAMES) || (filter.fields ?? []).some(({ path }) => MEMBERS.includes(path)) || (filter.any ?? []).some(names);

export interface Search {
  readonly topics: readonly string[];
  readonly filter: readonly Filter[];
}

/** The search as it is asked: all topics that were named, or without `audit.*` (but gaps and faults), `access.*` and what AUDIT_EVENTS calls a system event. */
export const withoutSystem = ({ topics, filter }: Search): Search =>
  topics.length > 0 || filter.some(names) ? { topics, filter } : { topics: TOPICS, filter: [...filter, NO_SYSTEM] };
