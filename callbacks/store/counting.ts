/** What is counted of a record, by what, and in which spans of time. Receives facts, gives numbers; keeps nothing. */
import type { Counted } from '../../src/store-contract.js';
import type { Facts } from './facts.js';

/** Spans that counts are kept for, in milliseconds: minute, quarter of an hour, day. A day has all three, so that a year is counted by its days. */
export const GRAINS = [60_000, 900_000, 86_400_000] as const;

export type Contribution = { readonly [name in Counted]?: number };

const [MINUTE_MS] = GRAINS;

/** An event that says that a login failed: `login.failed`, or what begins so. */
const FAILED = /^login\.failed(\.|$)/;

const BY_TOPIC: { readonly [topic: string]: (facts: Facts) => Contribution } = {
  'session.start': () => ({ connections: 1 }),
  'session.end': () => ({ ends: 1 }),
  'session.input': ({ bytes, masked }) => ({ inputs: 1, bytes_in: bytes, masked }),
  'session.output': ({ bytes, masked }) => ({ outputs: 1, bytes_out: bytes, masked }),
  'session.identity': ({ data }) => (data.field === 'account' && typeof data.new === 'string' ? { logins: 1 } : {}),
  'audit.gap': () => ({ gaps: 1 }),
  'audit.fault': () => ({ faults: 1 }),
};

/** How much one record adds to what is counted. */
export function contributionOf(facts: Facts): Contribution {
  const { topic, event } = facts.kind;
  const own = Object.hasOwn(BY_TOPIC, topic) ? BY_TOPIC[topic]?.(facts) : undefined;
  return { ...own, ...(event === '' ? {} : { events: 1 }), ...(FAILED.test(event) ? { failed_logins: 1 } : {}) };
}

/** Sums for one listener, account and event in one span. */
export interface Tally {
  readonly grain: number;
  readonly at: number;
  readonly listener: string;
  readonly account: string;
  readonly event: string;
  readonly sums: Map<Counted, number>;
}

/** Sums up the contributions of many records before they are written: by minutes, which make the other spans. */
export class Tallies {
  readonly #minutes = new Map<string, Tally>();

  /** @param sign -1 takes back what was counted */
  add({ ms, kind: { event }, who: { listener, account } }: Facts, contribution: Contribution, sign: 1 | -1 = 1): void {
    const given = Object.entries(contribution) as [Counted, number][];
    if (given.length === 0) return;
    const at = ms - (ms % MINUTE_MS);
    const key = JSON.stringify([at, listener, account, event]);
    const tally = this.#minutes.get(key) ?? { grain: MINUTE_MS, at, listener, account, event, sums: new Map() };
    for (const [name, n] of given) if (n !== 0) tally.sums.set(name, (tally.sums.get(name) ?? 0) + sign * n);
    this.#minutes.set(key, tally);
  }

  /** For all spans. */
  all(): Tally[] {
    const minutes = [...this.#minutes.values()];
    return GRAINS.flatMap((grain) => (grain === MINUTE_MS ? minutes : coarser(minutes, grain)));
  }
}

function coarser(minutes: readonly Tally[], grain: number): Tally[] {
  const spans = new Map<string, Tally>();
  for (const { at: minute, listener, account, event, sums } of minutes) {
    const at = minute - (minute % grain);
    const key = JSON.stringify([at, listener, account, event]);
    const span = spans.get(key) ?? { grain, at, listener, account, event, sums: new Map() };
    for (const [name, n] of sums) span.sums.set(name, (span.sums.get(name) ?? 0) + n);
    spans.set(key, span);
  }
  return [...spans.values()];
}
