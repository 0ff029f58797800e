/** What is counted of a record, by what, and in which spans of time. Receives facts, gives numbers; keeps nothing. */
import { COUNTED, type Counted } from '../../src/store-contract.js';
import type { Facts } from './facts.js';

/** Spans that counts are kept for, in milliseconds: minute, quarter of an hour, day. A day has all three, so that a year is counted by its days. */
export const GRAINS = [60_000, 900_000, 86_400_000] as const;

export type Contribution = { readonly [name in Counted]?: number };

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

/** Sums up the contributions of many records before they are written. */
export class Tallies {
  readonly #tallies = new Map<string, Tally>();

  /** @param sign -1 takes back what was counted */
  add({ ms, kind, who }: Facts, contribution: Contribution, sign: 1 | -1 = 1): void {
    const given = COUNTED.filter((name) => contribution[name]);
    if (given.length === 0) return;
    const { listener, account } = who;
    const { event } = kind;
    for (const grain of GRAINS) {
      const at = ms - (ms % grain);
      const key = JSON.stringify([grain, at, listener, account, event]);
      const tally = this.#tallies.get(key) ?? { grain, at, listener, account, event, sums: new Map() };
      for (const name of given) tally.sums.set(name, (tally.sums.get(name) ?? 0) + sign * (contribution[name] as number));
      this.#tallies.set(key, tally);
    }
  }

  all(): Iterable<Tally> {
    return this.#tallies.values();
  }
}
